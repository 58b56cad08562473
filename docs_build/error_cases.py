"""Mistakes that are made often, each as code or as a command that makes it.

The page of error messages runs them all and shows what they raise; a test does, too.
"""

from dataclasses import dataclass

SETTING = """\
import keras
import numpy as np
import tensorflow as tf
from keras_rnn_explained import ExplainedRNN, GradientFlow, figures
from keras_rnn_explained import backpropagate, diagnose, explain
from keras_rnn_explained import swap, swap_back, unfold
from keras_rnn_explained.datasets import (
    forecast_windows, load_series, windows,
)

model = keras.Sequential([
    keras.Input((10, 8)),
    ExplainedRNN(16, name="rnn"),
    keras.layers.Dense(1),
], name="model")
model.compile("adam", "mse")
x = np.zeros((32, 10, 8), "float32")
y = np.zeros((32, 1), "float32")
"""
"""What comes before the code of each mistake."""

FILES = """\
model.save("model.keras")
np.savez("data.npz", x=x, y=y)
np.savez("inputs.npz", x=x)
"""
"""What writes the files that the commands speak of."""


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        id: Of its heading.
        heading: What someone would search for, by language.
        code: Python that raises, or the arguments of `rnn-explained` after a "$ ".
        remedy: What to do, by language.
    """

    id: str
    heading: dict[str, str]
    code: str
    remedy: dict[str, str]

    @property
    def is_command(self) -> bool:
        """Whether it is one of the command line."""
        return self.code.startswith("$ ")


def _mistake(id, en, ja, code, to_do, to_do_ja):
    return Mistake(id, {"en": en, "ja": ja}, code, {"en": to_do, "ja": to_do_ja})


MISTAKES = {
    "layer": [
        _mistake(
            "units",
            "`units` is 0 or negative",
            "`units` が 0 以下",
            "ExplainedRNN(0)",
            "Give the size of the hidden state, at least 1. It is not the number of time steps, "
            "which stands nowhere in the layer.",
            "隠れ状態の大きさを 1 以上で指定してください。時刻数ではありません。時刻数は層のどこにも"
            "指定しません。",
        ),
        _mistake(
            "units-text",
            "`units` is text",
            "`units` が文字列",
            'ExplainedRNN("16")',
            "Convert it, as in `int(text)`. What comes from a configuration file or a command line "
            "is often text.",
            "`int(text)` のように変換してください。設定ファイルやコマンドラインから読んだ値は、"
            "文字列になっていることがよくあります。",
        ),
        _mistake(
            "dropout-text",
            "`dropout` is no number",
            "`dropout` が数値でない",
            'ExplainedRNN(16, dropout="half")',
            "Give the share of the features to drop, as in `dropout=0.5`.",
            "`dropout=0.5` のように、ドロップする特徴量の割合を指定してください。",
        ),
        _mistake(
            "truncate-bptt",
            "`truncate_bptt` is 0",
            "`truncate_bptt` が 0",
            "ExplainedRNN(16, truncate_bptt=0)",
            "Give the number of time steps over which a gradient is taken back. To take it back over "
            "all, leave the argument out.",
            "勾配を遡らせる時刻数を指定してください。最初まで遡らせるには、引数を省きます。",
        ),
        _mistake(
            "execution",
            "An unknown way of `execution`",
            "知らない `execution`",
            'ExplainedRNN(16, execution="fast")',
            "Leave it out: `auto` chooses for each call. `layer.execution` says what was chosen.",
            "引数を省いてください。`auto` が呼び出しごとに選びます。選ばれた方法は "
            "`layer.execution` で分かります。",
        ),
        _mistake(
            "stateful-batch",
            "`stateful=True` without a batch size",
            "`stateful=True` なのにバッチサイズが未定",
            "keras.Sequential([\n    keras.Input((10, 8)),\n    ExplainedRNN(16, stateful=True),\n])",
            "Fix the batch size, as in `keras.Input(batch_shape=(32, 10, 8))`. The layer keeps a "
            "state for each sequence of the batch.",
            "`keras.Input(batch_shape=(32, 10, 8))` のように、バッチサイズを固定してください。"
            "層はバッチ内の系列ごとに状態を保持します。",
        ),
    ],
    "calls": [
        _mistake(
            "two-dimensions",
            "Input of 2 dimensions instead of 3",
            "入力が3次元でなく2次元",
            "layer = ExplainedRNN(16, name='rnn')\nlayer(np.zeros((32, 8), 'float32'))",
            "Give the input a time dimension. If each row is one series of a single feature, write "
            "`x[..., None]`; if all of it is one sequence, `x[None]`.",
            "入力に時刻の次元を加えてください。各行が特徴量1つの系列なら `x[..., None]`、全体で"
            "1つの系列なら `x[None]` と書きます。",
        ),
        _mistake(
            "stacked",
            "Stacked recurrent layers",
            "再帰層を重ねたとき",
            "keras.Sequential([\n    keras.Input((10, 8)),\n    ExplainedRNN(16),\n"
            "    ExplainedRNN(16, name='upper'),\n])",
            "Set `return_sequences=True` on the lower layer. Otherwise it hands on its last state "
            "alone, which is no sequence.",
            "下の層に `return_sequences=True` を指定してください。指定しなければ最後の状態だけが"
            "渡され、系列になりません。",
        ),
        _mistake(
            "unknown-features",
            "The number of features is not known",
            "特徴量の数が未定",
            "ExplainedRNN(16, name='rnn')(keras.Input((10, None)))",
            "Give the last dimension; only the number of time steps may be left open.",
            "最後の次元を指定してください。未定のままにできるのは時刻数だけです。",
        ),
        _mistake(
            "other-features",
            "Built for another number of features",
            "特徴量の数が作成時と異なる",
            "model.get_layer('rnn')(np.zeros((32, 10, 5), 'float32'))",
            "Give the features that the layer was built with, in the same order. For other ones "
            "make a new layer.",
            "層を作ったときと同じ特徴量を、同じ順で渡してください。別の特徴量には、新しい層を作って"
            "ください。",
        ),
        _mistake(
            "no-time-step",
            "Sequences without a time step",
            "時刻が1つもない系列",
            "model(np.zeros((32, 0, 8), 'float32'))",
            "Look for an empty slice before the call, such as `x[:, 10:]` of 10 time steps.",
            "呼び出す前のスライスが空でないか確認してください。たとえば10時刻の系列の `x[:, 10:]` "
            "は空です。",
        ),
        _mistake(
            "initial-state-shape",
            "`initial_state` of the wrong shape",
            "`initial_state` の形状が合わない",
            "layer = ExplainedRNN(16)\nlayer(x, initial_state=np.zeros((32, 8), 'float32'))",
            "A state has one number for each unit: its last size is `units`, not the number of "
            "features.",
            "状態はユニットごとに1つの数値を持ちます。最後の次元は特徴量の数ではなく `units` です。",
        ),
        _mistake(
            "two-states",
            "Two initial states, as of an LSTM",
            "LSTMのように状態を2つ渡した",
            "state = np.zeros((32, 16), 'float32')\nlayer = ExplainedRNN(16)\nlayer(x, initial_state=[state, state])",
            "Pass the hidden state alone. A simple recurrent layer has no cell state.",
            "隠れ状態だけを渡してください。単純な再帰層にセル状態はありません。",
        ),
        _mistake(
            "mask-shape",
            "`mask` of the wrong shape",
            "`mask` の形状が合わない",
            "ExplainedRNN(16)(x, mask=np.ones((32, 8), bool))",
            "Give one truth value for each sequence and time step: True where the time step counts.",
            "系列と時刻ごとに真偽値を1つ指定してください。True の時刻が計算に使われます。",
        ),
        _mistake(
            "stateful-other-batch",
            "A stateful layer and another batch size",
            "`stateful` な層に異なるバッチサイズ",
            "layer = ExplainedRNN(16, stateful=True, name='rnn')\nlayer(x)\nlayer(x[:20])",
            "Give batches of one size; leave an incomplete last one out, as in "
            "`dataset.batch(32, drop_remainder=True)`.",
            "バッチサイズをそろえてください。半端な最後のバッチは "
            "`dataset.batch(32, drop_remainder=True)` のように捨てます。",
        ),
    ],
    "looking": [
        _mistake(
            "no-recurrent-layer",
            "No recurrent layer in the model",
            "モデルに再帰層がない",
            "lstm = keras.Sequential([\n    keras.Input((10, 8)),\n    keras.layers.LSTM(16),\n"
            "], name='lstm')\n"
            "unfold(lstm, x)",
            "Only `ExplainedRNN` and `SimpleRNN` can be looked into. Replace the layer by one of "
            "them to see how it would do.",
            "中を見られるのは `ExplainedRNN` と `SimpleRNN` だけです。どう動くか試すには、層をその"
            "どちらかに置き換えてください。",
        ),
        _mistake(
            "several-layers",
            "Several recurrent layers",
            "再帰層が複数ある",
            "deep = keras.Sequential([\n    keras.Input((10, 8)),\n"
            "    ExplainedRNN(16, return_sequences=True, name='lower'),\n"
            "    ExplainedRNN(16, name='upper'),\n], name='deep')\nunfold(deep, x)",
            "Name the layer, as in `layer='upper'`, or several in a list.",
            "`layer='upper'` のように層を指定してください。リストで複数を指定することもできます。",
        ),
        _mistake(
            "layer-name",
            "No recurrent layer of that name",
            "その名前の再帰層がない",
            "unfold(model, x, layer='simple_rnn')",
            "Take a name from the message, or from `recurrent_layers(model)`.",
            "メッセージに出た名前か、`recurrent_layers(model)` で得られる名前を使ってください。",
        ),
        _mistake(
            "no-model",
            "`model` is no Keras model",
            "`model` がKerasのモデルでない",
            "unfold('model.keras', x)",
            "Load the file first, with `keras.models.load_model('model.keras')`.",
            "先に `keras.models.load_model('model.keras')` でファイルを読み込んでください。",
        ),
        _mistake(
            "not-built",
            "The model is not built",
            "モデルがまだ作られていない",
            "unbuilt = keras.Sequential([ExplainedRNN(16)], name='unbuilt')\nunfold(unbuilt, x)",
            "Put a `keras.Input` first, or call the model on a batch. Before that it has no weights.",
            "先頭に `keras.Input` を置くか、モデルを一度バッチに適用してください。それまで重みは"
            "ありません。",
        ),
        _mistake(
            "dataset",
            "A `tf.data.Dataset` instead of arrays",
            "配列でなく `tf.data.Dataset` を渡した",
            "unfold(model, tf.data.Dataset.from_tensor_slices((x, y)).batch(32))",
            "Take one batch out of it, as the message shows.",
            "メッセージのように、データセットからバッチを1つ取り出してください。",
        ),
        _mistake(
            "empty-x",
            "`x` without a sequence",
            "`x` に系列がない",
            "unfold(model, x[:0])",
            "Look for a filter or a split that leaves nothing.",
            "絞り込みや分割の結果が空になっていないか確認してください。",
        ),
        _mistake(
            "called-several-times",
            "A layer that is called several times",
            "層が何度も呼ばれる",
            "a, b = keras.Input((10, 8)), keras.Input((10, 8))\n"
            "shared = ExplainedRNN(16, name='shared')\n"
            "twins = keras.Model([a, b], shared(a) - shared(b))\nunfold(twins, [x, x])",
            "Say which call is meant, as in `call=0`. A shared layer has one set of parameters, but "
            "states of its own in each call.",
            "`call=0` のように、どの呼び出しかを指定してください。共有された層のパラメータは1組ですが、"
            "状態は呼び出しごとに異なります。",
        ),
    ],
    "backpropagate": [
        _mistake(
            "no-y",
            "`y` is missing",
            "`y` がない",
            "backpropagate(model, x)",
            "Pass the targets, as in `fit`: gradients are those of a loss.",
            "`fit` と同じように目標値を渡してください。勾配は損失から計算します。",
        ),
        _mistake(
            "y-shape",
            "`y` does not fit the model's output",
            "`y` がモデルの出力に合わない",
            "backpropagate(model, x, np.zeros((32, 10, 5), 'float32'))",
            "Give targets of the shape of the model's output. For a target at each time step the "
            "last recurrent layer needs `return_sequences=True`.",
            "モデルの出力と同じ形状の目標値を渡してください。時刻ごとに目標値があるなら、最後の"
            "再帰層に `return_sequences=True` が必要です。",
        ),
        _mistake(
            "no-loss",
            "The model was not compiled with a loss",
            "モデルに損失が設定されていない",
            "plain = keras.Sequential([\n    keras.Input((10, 8)),\n    ExplainedRNN(1),\n"
            "], name='plain')\n"
            "backpropagate(plain, x, y)",
            "Pass `loss='mse'`, or compile the model first.",
            "`loss='mse'` を渡すか、先にモデルをコンパイルしてください。",
        ),
        _mistake(
            "unknown-loss",
            "An unknown loss",
            "知らない損失",
            "backpropagate(model, x, y, 'rnn')",
            "The fourth argument is the loss. Pass the layer by name, as in `layer='rnn'`.",
            "4番目の引数は損失です。層は `layer='rnn'` のように名前をつけて渡してください。",
        ),
        _mistake(
            "unknown-parameter",
            "Summands of an unknown parameter",
            "知らないパラメータの項",
            "backpropagate(model, x, y).summand_norms('W_aa')",
            "Use the names in Keras: `kernel` is W_ax, `recurrent_kernel` W_aa, `bias` b_a.",
            "Kerasでの名前を使ってください。`kernel` が W_ax、`recurrent_kernel` が W_aa、`bias` が "
            "b_a です。",
        ),
        _mistake(
            "jacobian-order",
            "A Jacobian of an earlier state by a later one",
            "前の状態を後の状態で微分した",
            "backpropagate(model, x, y).jacobian(0, 9)",
            "Give the later time step first. A state depends on earlier ones alone.",
            "後の時刻を先に指定してください。状態が依存するのは、それより前の状態だけです。",
        ),
    ],
    "diagnose": [
        _mistake(
            "nan",
            "NaN in the data",
            "データに NaN がある",
            "x[3, 4, 5] = np.nan\ndiagnose(model, x, y)",
            "Fill missing values or leave them out. For whole time steps that are missing, use a "
            "mask.",
            "欠損値を補完するか、取り除いてください。時刻が丸ごと欠けているなら、マスクを使います。",
        ),
        _mistake(
            "finding-language",
            "A language other than English and Japanese",
            "英語と日本語以外の言語",
            "for finding in diagnose(model, x, y):\n    finding.message('fr')",
            "Pass `'en'` or `'ja'`.",
            "`'en'` か `'ja'` を渡してください。",
        ),
    ],
    "explain": [
        _mistake(
            "page-suffix",
            "A page that is not called .html",
            "ページの拡張子が .html でない",
            "explain(model, x, y, 'report.pdf')",
            "Call it `report.html`. A browser prints it as PDF.",
            "`report.html` のような名前にしてください。PDFはブラウザの印刷機能で作れます。",
        ),
        _mistake(
            "page-folder",
            "A folder that is not there",
            "フォルダが存在しない",
            "explain(model, x, y, 'reports/monday.html')",
            "Make the folder first, as in `Path('reports').mkdir()`.",
            "`Path('reports').mkdir()` のように、先にフォルダを作ってください。",
        ),
    ],
    "watching": [
        _mistake(
            "csv-folder",
            "`csv` in a folder that is not there",
            "`csv` のフォルダが存在しない",
            "GradientFlow(x, y, csv='logs/flow.csv')",
            "Make the folder before the callback, so that nothing is lost after hours of training.",
            "コールバックを作る前にフォルダを作ってください。長い学習のあとで記録を失わずにすみます。",
        ),
        _mistake(
            "other-samples",
            "x and y of different lengths",
            "x と y のサンプル数が異なる",
            "GradientFlow(x, y[:20], csv='flow.csv')",
            "Give as many targets as sequences.",
            "系列と同じ数の目標値を渡してください。",
        ),
    ],
    "swap": [
        _mistake(
            "nothing-to-swap",
            "No `SimpleRNN` in the model",
            "モデルに `SimpleRNN` がない",
            "swap(model)",
            "Nothing is left to do if all recurrent layers are `ExplainedRNN` already. The way back "
            "is `swap_back`.",
            "再帰層がすべて `ExplainedRNN` なら、置き換える必要はありません。元に戻すのは "
            "`swap_back` です。",
        ),
        _mistake(
            "swap-back-truncated",
            "`truncate_bptt` and `swap_back`",
            "`truncate_bptt` のある層を `swap_back` した",
            "truncated = keras.Sequential([\n    keras.Input((10, 8)),\n"
            "    ExplainedRNN(16, truncate_bptt=5, name='rnn'),\n], name='truncated')\n"
            "swap_back(truncated)",
            "Make the layer without `truncate_bptt`, and give it the weights. `SimpleRNN` trains "
            "through all time steps.",
            "`truncate_bptt` のない層を作り、重みを移してください。`SimpleRNN` は全時刻を遡って"
            "学習します。",
        ),
        _mistake(
            "subclass",
            "A subclass of `SimpleRNN`",
            "`SimpleRNN` のサブクラス",
            "class MyRNN(keras.layers.SimpleRNN):\n    pass\n\n"
            "mine = keras.Sequential([\n    keras.Input((10, 8)),\n    MyRNN(16, name='rnn'),\n"
            "], name='mine')\n"
            "swap(mine)",
            "Make the subclass one of `ExplainedRNN`, or replace that layer by hand.",
            "`ExplainedRNN` のサブクラスにするか、その層を手作業で置き換えてください。",
        ),
    ],
    "figures": [
        _mistake(
            "figure-suffix",
            "A figure that is neither .svg nor .png",
            "図の拡張子が .svg でも .png でもない",
            "figures.cell(path='cell.pdf')",
            "Write an .svg, and convert it. The figure that is returned can also be saved as "
            "matplotlib does, with `figure.savefig('cell.pdf')`.",
            ".svg で書き出してから変換してください。戻り値の図をmatplotlibの機能で "
            "`figure.savefig('cell.pdf')` と保存することもできます。",
        ),
        _mistake(
            "no-unfolding",
            "A model instead of what `unfold` returns",
            "`unfold` の結果でなくモデルを渡した",
            "figures.unfolded_window(model)",
            "Unfold the model on data first: the figure shows numbers of a run.",
            "先にモデルをデータで展開してください。図に描くのは、実行して得た数値です。",
        ),
        _mistake(
            "sample",
            "A sample that is not there",
            "存在しないサンプル",
            "figures.state_map(unfold(model, x), sample=32)",
            "Samples are counted from 0, as everywhere in Python.",
            "サンプルの番号は 0 から始まります。",
        ),
    ],
    "datasets": [
        _mistake(
            "dataset-name",
            "An unknown data set",
            "知らないデータセット",
            "load_series('temperature')",
            "Take one of the names in the message. Your own series needs no loading: "
            "`forecast_windows` takes any array of numbers.",
            "メッセージにある名前を使ってください。手元の系列なら読み込みは不要で、"
            "`forecast_windows` に数値の配列を直接渡せます。",
        ),
        _mistake(
            "missing-values",
            "A series with missing values",
            "欠損値のある系列",
            "windows([1.0, 2.0, float('nan'), 4.0], length=2)",
            "Drop or interpolate them; a window over a gap would mix times that are far apart.",
            "取り除くか、補間してください。欠損をまたぐ窓は、離れた時刻を混ぜてしまいます。",
        ),
        _mistake(
            "short-series",
            "A series that is too short",
            "系列が短すぎる",
            "windows(range(10), length=10)",
            "Take a shorter window: each needs its time steps and a target after them.",
            "窓を短くしてください。窓には、その時刻数に加えて、その後の目標値が必要です。",
        ),
        _mistake(
            "two-series",
            "Several series at once",
            "複数の系列を一度に渡した",
            "forecast_windows(np.zeros((100, 3)), 24)",
            "Give one series at a time, and stack the windows along the last axis.",
            "系列を1つずつ渡し、得られた窓を最後の軸で重ねてください。",
        ),
        _mistake(
            "constant-series",
            "A series that does not vary",
            "値の変わらない系列",
            "forecast_windows(np.ones(100), 24)",
            "Standardising divides by the standard deviation, which is 0 here. Choose a part of the "
            "series that varies.",
            "標準化では標準偏差で割りますが、ここでは 0 です。値の変わる区間を選んでください。",
        ),
    ],
    "command-line": [
        _mistake(
            "no-command",
            "A command that is not there",
            "存在しないコマンド",
            "$ train",
            "`rnn-explained --help` lists the commands.",
            "コマンドの一覧は `rnn-explained --help` で見られます。",
        ),
        _mistake(
            "units-argument",
            "A number out of range",
            "範囲外の数値",
            "$ demo --units 0",
            "Give a number in the range of the message.",
            "メッセージに示された範囲の数値を指定してください。",
        ),
        _mistake(
            "long-window",
            "A window longer than the series",
            "系列より長い窓",
            "$ demo --window 5000",
            "Take a shorter window.",
            "窓を短くしてください。",
        ),
        _mistake(
            "figure-argument",
            "A figure of another kind",
            "対応していない形式の図",
            "$ demo --output figure.pdf",
            "Give a name that ends in .svg or .png.",
            ".svg か .png で終わる名前を指定してください。",
        ),
        _mistake(
            "no-model-file",
            "No model file",
            "モデルのファイルがない",
            "$ explain missing.keras data.npz",
            "Save the model with `model.save('model.keras')`, and look where.",
            "`model.save('model.keras')` で保存し、その場所を確認してください。",
        ),
        _mistake(
            "arguments-swapped",
            "Model and data in the wrong order",
            "モデルとデータの順序が逆",
            "$ explain data.npz model.keras",
            "The model comes first, then the data.",
            "先にモデル、次にデータを指定してください。",
        ),
        _mistake(
            "no-array-y",
            "An .npz file without x or y",
            ".npz ファイルに x か y がない",
            "$ explain model.keras inputs.npz",
            "Write both arrays, by these names.",
            "両方の配列を、この名前で書き込んでください。",
        ),
        _mistake(
            "replaces-model",
            "A page that would replace the model",
            "モデルを上書きしてしまう出力先",
            "$ explain model.keras data.npz -o model.keras",
            "Give the page a name of its own.",
            "ページには別の名前を指定してください。",
        ),
    ],
}
"""By group, in the order of the page."""
