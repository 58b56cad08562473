"""From which value on a quantity is a finding, by which paper, and what to say about it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Criterion:
    """What a quantity is held against.

    Attributes:
        kind: The sickness that it shows.
        threshold: The value beyond which it does.
        is_above: Whether values above the threshold are sick, or values below it.
        source: The paper that names the quantity as a sign, with the place in it.
        message: What was found, by language, with fields `measured` and `threshold`.
        advice: What to try, by language.
    """

    kind: str
    threshold: float
    is_above: bool
    source: str
    message: dict[str, str] = field(repr=False)
    advice: dict[str, str] = field(repr=False)

    def is_met_by(self, measured: float) -> bool:
        """Whether a value is beyond the threshold."""
        return measured > self.threshold if self.is_above else measured < self.threshold


_PASCANU = (
    "R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural "
    "networks, ICML 2013"
)

_CALM = {
    "en": "Clip the gradient (`global_clipnorm=1.0` of the optimizer), learn more slowly, start "
    "from an orthogonal recurrent kernel, take tanh in place of relu, or cut BPTT off with "
    "`truncate_bptt`.",
    "ja": "勾配クリッピング(オプティマイザの `global_clipnorm=1.0`)、学習率を下げる、"
    "再帰カーネルを直交行列で初期化する、relu を tanh に替える、`truncate_bptt` で BPTT を"
    "打ち切る、のいずれかを試してください。",
}

CRITERIA = {
    "share of non-finite inputs": Criterion(
        kind="broken_input",
        threshold=0.0,
        is_above=True,
        source="IEEE Standard 754-2019, section 6.2: what is computed from a NaN is a NaN",
        message={
            "en": "{measured:.2%} of the numbers that this layer gets are NaN or infinite. All "
            "that follows from them is, too.",
            "ja": "この層への入力のうち、{measured:.2%} が NaN か無限大です。そこから計算される"
            "値も NaN か無限大になります。",
        },
        advice={
            "en": "Look for them in the data, and fill or drop them; then in the layers before "
            "this one.",
            "ja": "まずデータの中を探し、補完するか取り除いてください。データに問題がなければ、"
            "この層より前の層を確認してください。",
        },
    ),
    "share of constant units": Criterion(
        kind="dead_units",
        threshold=0.3,
        is_above=True,
        source="A. L. Maas, A. Y. Hannun and A. Y. Ng, Rectifier Nonlinearities Improve Neural "
        "Network Acoustic Models, ICML workshop 2013, section 2; L. Lu, Y. Shin, Y. Su and G. E. "
        "Karniadakis, Dying ReLU and Initialization, 2019, section 1",
        message={
            "en": "{measured:.0%} of the units have the same state for all samples and time "
            "steps (threshold {threshold:.0%}). Such units tell nothing, and with relu they get no "
            "gradient either.",
            "ja": "全体の {measured:.0%} のユニットが、どのサンプル・どの時刻でも同じ値です"
            "(しきい値 {threshold:.0%})。こうしたユニットは何も伝えず、relu の場合は勾配も"
            "届きません。",
        },
        advice={
            "en": "Look at the bias: a large negative one kills relu units. Start from zero bias, "
            "learn more slowly, standardise the input, or take another activation (tanh, "
            "leaky_relu).",
            "ja": "まずバイアスを確認してください。大きな負のバイアスは relu のユニットを止めます。"
            "バイアスを 0 から始める、学習率を下げる、入力を標準化する、別の活性化関数"
            "(tanh や leaky_relu)に替える、といった方法があります。",
        },
    ),
    "share of saturated units": Criterion(
        kind="saturated_units",
        threshold=0.3,
        is_above=True,
        source="X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward "
        "neural networks, AISTATS 2010, section 3, figures 2 and 3",
        message={
            "en": "{measured:.0%} of the units are at a bound of the activation nearly all "
            "the time (threshold {threshold:.0%}). There its slope is almost 0, and hardly any "
            "gradient gets through.",
            "ja": "全体の {measured:.0%} のユニットが、ほぼ常に活性化関数の上限か下限に"
            "張り付いています(しきい値 {threshold:.0%})。"
            "そこでは傾きがほとんど 0 なので、勾配が通りません。",
        },
        advice={
            "en": "Standardise the input (mean 0, deviation 1), start from smaller weights, learn "
            "more slowly, or regularise the kernels.",
            "ja": "入力を標準化する(平均 0、標準偏差 1)、重みの初期値を小さくする、学習率を"
            "下げる、カーネルに正則化をかける、のいずれかを試してください。",
        },
    ),
    "recurrent share of the variance": Criterion(
        kind="recurrence_unused",
        threshold=0.005,
        is_above=False,
        source="I. Sutskever, J. Martens, G. Dahl and G. Hinton, On the importance of "
        "initialization and momentum in deep learning, ICML 2013, section 4 (on the scale of the "
        "input-to-hidden connections)",
        message={
            "en": "the past makes up {measured:.3g} of the variance of the pre-activation "
            "(threshold {threshold:g}). The layer sees little but the current input.",
            "ja": "活性化前の値の分散のうち、過去の状態によるものは {measured:.3g} しかありません"
            "(しきい値 {threshold:g})。この層は、ほぼ現在の入力しか見ていません。",
        },
        advice={
            "en": "Start from an orthogonal recurrent kernel, scale the input down, or regularise "
            "the recurrent kernel less. If the task needs no past, a Dense layer does the same.",
            "ja": "再帰カーネルを直交行列で初期化する、入力を小さくスケールする、再帰カーネルの"
            "正則化を弱める、のいずれかを試してください。過去が必要ない課題なら、"
            "Dense 層で足ります。",
        },
    ),
    "share of non-finite numbers": Criterion(
        kind="exploding",
        threshold=0.0,
        is_above=True,
        source=f"{_PASCANU}, section 2.1",
        message={
            "en": "{measured:.2%} of the states and gradients are NaN or infinite.",
            "ja": "状態と勾配のうち、{measured:.2%} が NaN か無限大です。",
        },
        advice={
            "en": "Training can't go on from here: load or start weights that are finite. "
            + _CALM["en"]
            + " With relu, the states themselves may grow without bound: tanh keeps them below 1.",
            "ja": "このままでは学習を続けられません。有限な重みを読み込むか、初期化し直して"
            "ください。"
            + _CALM["ja"]
            + "relu では状態そのものが際限なく大きくなることがあり、tanh なら 1 未満に収まります。",
        },
    ),
    "size of the upstream gradient": Criterion(
        kind="no_gradient",
        threshold=1e-20,
        is_above=False,
        source="D. E. Rumelhart, G. E. Hinton and R. J. Williams, Learning representations by "
        "back-propagating errors, Nature 323, 1986, equations 4 to 7",
        message={
            "en": "no gradient reaches this layer from the loss: it is at most {measured:.3g} "
            "(threshold {threshold:g}). The layer learns nothing.",
            "ja": "損失からこの層に勾配が届いていません(最大でも {measured:.3g}、しきい値 "
            "{threshold:g})。この層は何も学習しません。",
        },
        advice={
            "en": "Look at the layers between this one and the loss: dead relu units, a kernel of "
            "zeros, an operation without gradient. Or every sample has weight 0, or the loss is 0 "
            "already.",
            "ja": "この層から損失までの間にある層を確認してください。動かない relu のユニット、"
            "すべて 0 のカーネル、勾配のない演算などが原因です。サンプルの重みがすべて 0 の場合や、"
            "損失がすでに 0 の場合もあります。",
        },
    ),
    "growth of the gradient": Criterion(
        kind="exploding",
        threshold=100.0,
        is_above=True,
        source=f"{_PASCANU}, section 2.1",
        message={
            "en": "on its way back through time the gradient grows to {measured:.3g} times its "
            "size (threshold {threshold:g}).",
            "ja": "勾配が時間をさかのぼるうちに {measured:.3g} 倍に膨らみます"
            "(しきい値 {threshold:g})。",
        },
        advice=_CALM,
    ),
    "norm of the parameters' gradient": Criterion(
        kind="exploding",
        threshold=1e6,
        is_above=True,
        source=f"{_PASCANU}, sections 2.3 and 3.2",
        message={
            "en": "the norm of the parameters' gradient is {measured:.3g} (threshold "
            "{threshold:g}).",
            "ja": "パラメータの勾配のノルムが {measured:.3g} です(しきい値 {threshold:g})。",
        },
        advice={
            "en": "Standardise the targets and the input. " + _CALM["en"],
            "ja": "目標値と入力を標準化してください。" + _CALM["ja"],
        },
    ),
    "gradient kept per time step": Criterion(
        kind="vanishing",
        threshold=0.25,
        is_above=False,
        source="Y. Bengio, P. Simard and P. Frasconi, Learning long-term dependencies with "
        f"gradient descent is difficult, 1994, section IV; {_PASCANU}, section 2.1",
        message={
            "en": "at each time step back, {measured:.3g} of the gradient's size is left "
            "(threshold {threshold:g}). A loss teaches the layer nothing about inputs a "
            "few steps before it.",
            "ja": "勾配は 1 時刻さかのぼるごとに {measured:.3g} 倍に縮みます"
            "(しきい値 {threshold:g})。損失からは、数時刻より前の入力について"
            "何も学べません。",
        },
        advice={
            "en": "Start from an orthogonal recurrent kernel (the default), take tanh rather than "
            "sigmoid, scale down an input that saturates the units, or take a layer with gates "
            "(LSTM, GRU) for a task that needs a long memory.",
            "ja": "再帰カーネルを直交行列(既定値)で初期化する、sigmoid ではなく tanh を使う、"
            "ユニットを飽和させる大きな入力を小さくする、のいずれかを試してください。"
            "長い記憶が必要な課題なら、ゲート付きの層(LSTM、GRU)も検討してください。",
        },
    ),
    "effective rank of the states": Criterion(
        kind="rank_collapse",
        threshold=2.0,
        is_above=False,
        source="O. Roy and M. Vetterli, The effective rank: a measure of effective dimensionality, "
        "EUSIPCO 2007, definition 1",
        message={
            "en": "the states spread over {measured:.3g} dimensions (effective rank, threshold "
            "{threshold:g}), though the input would allow more. The units all say much the same.",
            "ja": "状態が広がっているのは {measured:.3g} 次元だけです(有効ランク、しきい値 "
            "{threshold:g})。入力にはもっと多くの次元があるのに、どのユニットもほぼ同じことしか"
            "表していません。",
        },
        advice={
            "en": "Start from the default initializers (an orthogonal recurrent kernel), check "
            "that the kernels' columns are not copies of each other, regularise less, or take "
            "fewer units.",
            "ja": "既定の初期化(再帰カーネルは直交行列)に戻す、カーネルの列が互いに同じになって"
            "いないか確かめる、正則化を弱める、ユニット数を減らす、のいずれかを試してください。",
        },
    ),
}
"""By quantity. Causes stand before consequences: one sickness can show in several quantities."""
