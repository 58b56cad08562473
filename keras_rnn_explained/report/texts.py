"""What the page says, in English and in Japanese.

Names in braces are filled in as text, never as HTML. Those that begin
with `live_` go to the script.
"""

from keras_rnn_explained.figures.wording import labels_in

TEXTS = {
    "en": {
        "title": "Model {model}, explained",
        "about": "How each time step came about, and where each gradient came from: the numbers on "
        "this page are those of one run of the model on the data it was given.",
        "skip": "Skip to the content",
        "contents": "On this page",
        "model": "The model",
        "model_is": "{name} is a {kind} with {weights:,} weights. It was given data of shape "
        "{shapes}; the first size is the batch.",
        "model_table": "Layers of the model; the recurrent ones are marked",
        "path": "Layer",
        "kind": "Class",
        "weights": "Weights",
        "recurrent": "recurrent",
        "more_layers": "{count:,} more layers are not listed.",
        "cell": "One time step",
        "cell_about": "A plain layer computes φ(x W + b). A recurrent layer adds one term: its own "
        "state of the time step before, through a matrix of its own. That is all.",
        "layer": "Layer {layer}",
        "layers_left_out": "The model has {count:,} more recurrent layers. Name those you "
        "want with "
        "the argument layer.",
        "uncalled": "The model did not call its layer {layer} in this run, so there is nothing to "
        "show of it.",
        "called": "The model calls this layer {count} times in one run; this is the first call.",
        "sizes": "Samples: {batch:,}; time steps: {time:,}; features: {features:,}; units: "
        "{units:,}; activation: {activation}.",
        "backwards": "The layer goes backwards: time step 1 is the end of the sequence.",
        "parameters": "Three parameters",
        "two_parameters": "Two parameters",
        "parameters_about": "These are all the layer learns. Every time step uses the same ones, "
        "so their number does not depend on how long the sequence is.",
        "symbol": "Symbol",
        "name": "Name in Keras",
        "meaning": "Acts on",
        "shape": "Shape",
        "count": "Count",
        "of_input": "the input xₜ",
        "of_state": "the state before, aₜ₋₁",
        "of_nothing": "nothing: it is added",
        "written_out": "features·units + units² + units = {features}·{units} + {units}² + {units} "
        "= {total:,}",
        "written_out_plain": "features·units + units² = {features}·{units} + {units}² = {total:,}",
        "unfolding": "Time step by time step",
        "unfolding_about": "Move the slider through time. With the slider in focus, the arrow keys "
        "go one time step on or back, Home and End to the first and the last.",
        "summarised_units": "Numbers are of the first {shown} of {all:,} units.",
        "summarised_features": "Of x, the first {shown} of {all:,} features are shown.",
        "summarised_samples": "Of {all:,} samples, the first {shown} can be chosen.",
        "summarised_steps": "{shown:,} of {all:,} time steps, spread evenly, can be chosen.",
        "time_step": "Time step",
        "earlier": "Earlier",
        "later": "Later",
        "sample": "Sample",
        "input": "Input",
        "none": "none",
        "unit": "Unit",
        "input_projection": "from the input",
        "recurrent_projection": "from the state before",
        "bias_term": "bias",
        "pre_activation": "pre-activation",
        "state": "state",
        "step_table": "The terms of each unit. Choose a unit to see its equation.",
        "static_table": "Time step {step} of {time}, sample {sample}",
        "static_about": "The first and the last time step; with scripts allowed, a slider shows "
        "all of them.",
        "equation": "The equation of unit {unit}",
        "map": "Where this is in the states",
        "map_about": "The line marks the time step. Click into the map to go there.",
        "map_of": "States of sample {sample}",
        "window": "The last time steps side by side",
        "gradients": "Where the gradients came from",
        "gradients_about": "Training takes the loss back through the time steps (back-propagation "
        "through time). Each time step used the same parameters, so the gradient of each is a sum "
        "over all time steps. The loss on this data is {loss}.",
        "no_gradients": "The page was made without targets y, so there are no gradients and no "
        "findings here.",
        "norm": "Size of the gradient",
        "norms_table": "Euclidean norm of each parameter's gradient",
        "summands": "What each time step adds",
        "summands_about": "If only the last time steps add anything, the layer learns from the "
        "recent past alone.",
        "flow": "How far the loss reaches back",
        "flow_about": "A line or row that falls steeply to the left tells of a vanishing gradient, "
        "one that climbs to the left of an exploding one.",
        "spectrum": "The recurrent kernel's eigenvalues",
        "spectrum_about": "Each step back in time multiplies by the recurrent kernel. With all "
        "eigenvalues well inside the circle gradients fade; outside of it they may grow.",
        "findings": "Findings",
        "no_finding": "No finding. Nothing measured here is beyond the thresholds for vanishing or "
        "exploding gradients, saturated or dead units, or a recurrence that goes unused.",
        "try": "What to try",
        "source": "Source",
        "reading": "How to read this page",
        "reading_state": "Hidden state aₜ",
        "reading_state_is": "What the layer outputs at time step t, and all that it remembers of "
        "the time steps up to then. In a plain network you would call it the activation.",
        "reading_pre": "Pre-activation âₜ",
        "reading_pre_is": "The sum of the terms, before the activation function φ. Far from 0, "
        "tanh is flat: such a unit is saturated, and hardly any gradient gets through it.",
        "reading_unfolding": "Unfolding",
        "reading_unfolding_is": "The layer drawn once for each time step. It looks like a deep "
        "network, but all copies share the same parameters.",
        "reading_gradient": "Gradient through time",
        "reading_gradient_is": "On its way back, the gradient is multiplied by the recurrent "
        "kernel and the slope of φ at every time step. Many factors below 1 make it vanish, many "
        "above 1 make it explode.",
        "made": "Made with keras_rnn_explained. This file loads nothing and sends nothing.",
        "live_position": "{step} of {time}",
        "live_said": "Time step {step} of {time}, sample {sample}, unit {unit}: {terms} = {sum}, "
        "state {state}.",
        "live_masked": "The mask skips this time step: the state stays as it was.",
        "progress_run": "running the model",
        "progress_steps": "{layer}: numbers of each time step",
        "progress_summands": "{layer}: summands of the gradients",
        "progress_flow": "{layer}: gradient flow",
        "progress_findings": "{layer}: findings",
        "progress_write": "writing the page",
        "progress_done": "{path} is written",
    },
    "ja": {
        "title": "モデル {model} の解説",
        "about": "各時刻の値がどのように計算され、勾配がどの時刻から来たかを示します。このページの"
        "数値は、与えられたデータでモデルを1回実行したときの実際の値です。",
        "skip": "本文へ移動",
        "contents": "目次",
        "model": "モデルの構成",
        "model_is": "{name} は {kind} で、重みは全部で {weights:,} 個です。形状 {shapes} の"
        "データを与えました(先頭はバッチサイズです)。",
        "model_table": "モデルの層の一覧(再帰層には印があります)",
        "path": "層",
        "kind": "クラス",
        "weights": "重みの数",
        "recurrent": "再帰層",
        "more_layers": "ほかに {count:,} 個の層がありますが、省略しています。",
        "cell": "1時刻の計算",
        "cell_about": "通常の全結合層は φ(x W + b) を計算します。再帰層では項が1つ増えるだけです。"
        "1つ前の時刻の自分自身の状態に、専用の行列を掛けて加えます。",
        "layer": "層 {layer}",
        "layers_left_out": "ほかに {count:,} 個の再帰層があります。引数 layer で指定すると表示"
        "できます。",
        "uncalled": "今回の実行では層 {layer} が呼び出されなかったため、表示する値がありません。",
        "called": "この層は1回の実行で {count} 回呼び出されます。ここでは最初の呼び出しを表示して"
        "います。",
        "sizes": "サンプル数 {batch:,}、時刻数 {time:,}、特徴量数 {features:,}、ユニット数 "
        "{units:,}、活性化関数 {activation}。",
        "backwards": "この層は系列を逆順に処理します。時刻1は系列の末尾です。",
        "parameters": "3つのパラメータ",
        "two_parameters": "2つのパラメータ",
        "parameters_about": "この層が学習するのはこれだけです。どの時刻でも同じパラメータを使"
        "うため、"
        "系列が長くなってもパラメータの数は変わりません。",
        "symbol": "記号",
        "name": "Keras での名前",
        "meaning": "掛ける相手",
        "shape": "形状",
        "count": "個数",
        "of_input": "入力 xₜ",
        "of_state": "1つ前の状態 aₜ₋₁",
        "of_nothing": "なし(そのまま足します)",
        "written_out": "特徴量数×ユニット数＋ユニット数²＋ユニット数 ＝ {features}×{units}＋"
        "{units}²＋{units} ＝ {total:,}",
        "written_out_plain": "特徴量数×ユニット数＋ユニット数² ＝ {features}×{units}＋{units}² ＝ "
        "{total:,}",
        "unfolding": "時刻ごとの計算",
        "unfolding_about": "スライダーで時刻を動かしてみてください。キーボードでは、スライダー"
        "を選択"
        "して矢印キーで1時刻ずつ、Home キーと End キーで最初と最後の時刻に移動できます。",
        "summarised_units": "数値は全 {all:,} ユニットのうち先頭の {shown} 個を表示しています。",
        "summarised_features": "x は全 {all:,} 個の特徴量のうち先頭の {shown} 個を表示しています。",
        "summarised_samples": "全 {all:,} サンプルのうち先頭の {shown} 個を選べます。",
        "summarised_steps": "全 {all:,} 時刻のうち、均等に選んだ {shown:,} 時刻を表示できます。",
        "time_step": "時刻",
        "earlier": "前の時刻",
        "later": "次の時刻",
        "sample": "サンプル",
        "input": "入力",
        "none": "なし",
        "unit": "ユニット",
        "input_projection": "入力から",
        "recurrent_projection": "前の状態から",
        "bias_term": "バイアス",
        "pre_activation": "活性化前の値",
        "state": "隠れ状態",
        "step_table": "各ユニットの項。ユニットを選ぶと、その式が表示されます。",
        "static_table": "全 {time} 時刻のうち時刻 {step}、サンプル {sample}",
        "static_about": "最初と最後の時刻の値です。スクリプトを有効にすると、スライダーですべての"
        "時刻を見ることができます。",
        "equation": "ユニット {unit} の式",
        "map": "隠れ状態の中での位置",
        "map_about": "線が現在の時刻です。図をクリックすると、その時刻に移動します。",
        "map_of": "サンプル {sample} の隠れ状態",
        "window": "最後の数時刻を並べた図",
        "gradients": "勾配はどこから来たか",
        "gradients_about": "学習では、損失を時刻をさかのぼって伝えます(通時的誤差逆伝播、BPTT)。"
        "どの時刻も同じパラメータを使うため、パラメータの勾配はすべての時刻についての和になります。"
        "このデータでの損失は {loss} です。",
        "no_gradients": "正解データ y なしで作成したページのため、勾配と診断結果はありません。",
        "norm": "勾配の大きさ",
        "norms_table": "各パラメータの勾配のユークリッドノルム",
        "summands": "各時刻が勾配に加える項",
        "summands_about": "最後の数時刻しか寄与していない場合、この層は直近の過去だけから学習して"
        "います。",
        "flow": "損失はどこまでさかのぼるか",
        "flow_about": "左に向かって急に小さくなれば勾配消失、左に向かって大きくなれば勾配爆発を"
        "示します。",
        "spectrum": "再帰カーネルの固有値",
        "spectrum_about": "時刻を1つさかのぼるたびに再帰カーネルが掛けられます。固有値がすべて円の"
        "十分内側にあれば勾配は次第に小さくなり、外側にあれば大きくなることがあります。",
        "findings": "診断結果",
        "no_finding": "問題は見つかりませんでした。勾配消失・勾配爆発、飽和したユニットや動かない"
        "ユニット、使われていない再帰のいずれについても、測定値はしきい値を超えていません。",
        "try": "対処の例",
        "source": "出典",
        "reading": "このページの読み方",
        "reading_state": "隠れ状態 aₜ",
        "reading_state_is": "時刻 t での層の出力であり、それまでの時刻について層が覚えていることの"
        "すべてです。通常のニューラルネットワークの「活性」にあたります。",
        "reading_pre": "活性化前の値 âₜ",
        "reading_pre_is": "活性化関数 φ に通す前の、各項の和です。tanh は0から離れるとほぼ平ら"
        "になり"
        "ます。そのようなユニットは「飽和」していて、勾配をほとんど通しません。",
        "reading_unfolding": "時間方向の展開",
        "reading_unfolding_is": "1つの層を時刻ごとに描いたものです。深いネットワークのように見え"
        "ますが、すべて同じパラメータを共有しています。",
        "reading_gradient": "時刻をさかのぼる勾配",
        "reading_gradient_is": "勾配は時刻をさかのぼるたびに、再帰カーネルと φ の傾きが掛けら"
        "れます。"
        "1より小さい数が何度も掛けられると消失し、1より大きい数が何度も掛けられると爆発します。",
        "made": "keras_rnn_explained で作成しました。このファイルは外部との通信を一切行いません。",
        "live_position": "全 {time} 時刻のうち {step}",
        "live_said": "全 {time} 時刻のうち時刻 {step}、サンプル {sample}、ユニット {unit}：{te"
        "rms} ＝ "
        "{sum}、隠れ状態は {state} です。",
        "live_masked": "この時刻はマスクされているため、状態は前の時刻のままです。",
        "progress_run": "モデルを実行しています",
        "progress_steps": "{layer}：各時刻の値を集めています",
        "progress_summands": "{layer}：勾配の項を計算しています",
        "progress_flow": "{layer}：勾配の流れを計算しています",
        "progress_findings": "{layer}：診断しています",
        "progress_write": "ページを書き出しています",
        "progress_done": "{path} に書き出しました",
    },
}


def texts_in(language: str) -> dict[str, str]:
    """The page's texts in a language.

    Raises:
        ValueError: If there are none.
    """
    return dict(labels_in(language, TEXTS))
