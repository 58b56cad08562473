"""Whole cases: options of the layer, numbers, masks, states and calls, right and wrong.

A case is made of what Python writes as it reads it: dicts, lists, text, numbers and arrays. Only
what is not a default stands in it, so that a case made small is short.
"""

import numpy as np
from hypothesis import strategies as st

FULL = ("float32", "float64")
LOW = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")
EXTREMES = (0.0, -0.0, 1e-40, -1e-310, 1e30, -1e30, float("inf"), float("-inf"), float("nan"))

SHARING = ("tanh", "relu", "sigmoid", None)  # whose programs layers share, so they compile once
SMOOTH = ("tanh", "sigmoid", None, "softsign", "softmax", "wave")
ALONE = ("softsign", "silu", "selu", "wave")
ANY = (*SHARING, *ALONE, "softmax", "elu", "gelu", "softplus", "hard_sigmoid")
FUNCTIONS = ("a function of no name", "a root in cases")
OTHER_IN_XLA = ("selu", "a root in cases")  # so that compiling them is meant to differ
OF_NO_NAME = (*FUNCTIONS, "a layer", "a layer with weights")

MASKS = ("gaps", "padding", "alternating", "all", "none true", "a row all masked", "leading")
FORMS = ("booleans", "integers", "lists", "three dimensions", "one for the batch", "each unit")
MISTAKES = {
    "no time step": "no time step",
    "other features": "features",
    "two dimensions": "dimensions",
    "a mask too long": "`mask`",
    "a mask of one dimension": "`mask`",
    "a state too wide": "`initial_state`",
    "two states": "`initial_state`",
    "another batch": "batch",
    "units of 0": "`units`",
    "units of 2.5": "`units`",
    "units of text": "`units`",
    "an unknown activation": "thah",
    "a rate of text": "`dropout`",
    "an unknown initializer": "nought",
    "a seed of text": "`seed`",
}
"""What may be wrong, and what the error has to name."""


def chance(percent):
    """True in so many percent of cases, and False where a case is made small."""
    return st.integers(0, 99).map(lambda number: number >= 100 - percent)


@st.composite
def numbers(draw, shape, dtype="float64", extreme=False):
    """An array; `extreme` puts some numbers there that few expect."""
    kind = draw(st.sampled_from(("sixteenths", "normal", "normal", "zeros", "small integers")))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    array = random.normal(size=shape) / np.sqrt(shape[0] if len(shape) == 2 else 1)
    if kind == "zeros":
        array = np.zeros(shape)
    elif kind == "small integers":
        array = random.integers(-1, 2, shape).astype("float64")
    elif kind == "sixteenths":
        array = np.round(array * 16) / 16
    if extreme and array.size:
        for _ in range(draw(st.integers(1, 2))):
            place = draw(st.integers(0, array.size - 1))
            array.flat[place] = draw(st.sampled_from(EXTREMES))
    with np.errstate(over="ignore"):
        return array.astype(dtype)


@st.composite
def masks(draw, batch, time, units):
    kind = draw(st.sampled_from(MASKS))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    gaps = random.random((batch, time)) < 0.6
    mask = {
        "gaps": gaps,
        "padding": np.arange(time) < random.integers(0, time + 1, (batch, 1)),
        "alternating": np.broadcast_to(np.arange(time) % 2 == 0, (batch, time)),
        "all": np.ones((batch, time), bool),
        "none true": np.zeros((batch, time), bool),
        "a row all masked": gaps & (np.arange(batch) > 0)[:, None],
        "leading": np.arange(time) >= random.integers(0, time + 1, (batch, 1)),
    }[kind]
    form = draw(st.sampled_from(("booleans",) * 6 + FORMS))
    if form == "integers":
        return mask.astype("int32")
    if form == "lists":
        return mask.tolist()
    if form == "three dimensions":
        return mask[..., None]
    if form == "one for the batch" and batch:
        return mask[:1]
    if form == "each unit":
        return random.random((batch, time, units)) < 0.6
    return mask


REGULARIZERS = tuple(f"{name}_regularizer" for name in ("kernel", "recurrent", "bias", "activity"))
CONSTRAINTS = tuple(f"{name}_constraint" for name in ("kernel", "recurrent", "bias"))


@st.composite
def options(draw, activations, dtypes):
    """Options of the constructor, without `units`."""
    dtype = draw(st.sampled_from(dtypes))
    activation = draw(st.sampled_from(activations if dtype in FULL else SMOOTH))
    given = {"dtype": dtype} if dtype != "float32" else {}
    if activation != "tanh":
        given["activation"] = activation
    if draw(chance(20)):
        given["use_bias"] = False
    for name in ("return_sequences", "return_state", "go_backwards"):
        if draw(chance(40)):
            given[name] = True
    for name in ("unroll", "zero_output_for_mask", "stateful"):
        if draw(chance(30)):
            given[name] = True
    for name in ("dropout", "recurrent_dropout"):
        if draw(chance(12)):
            given[name] = draw(st.sampled_from((0.5, 0.25, 1.0, 1.5, -0.5)))
    if draw(chance(24)):
        given["seed"] = draw(st.integers(0, 9))
    if draw(chance(24)):
        given[draw(st.sampled_from(REGULARIZERS))] = draw(st.sampled_from(("l2", "l1", "L1L2")))
    if draw(chance(12)):
        names = ("max_norm", "non_neg", "unit_norm", "min_max_norm")
        given[draw(st.sampled_from(CONSTRAINTS))] = draw(st.sampled_from(names))
    if draw(chance(12)):
        given["bias_initializer"] = "ones"
    # An orthogonal matrix takes time to draw, and TensorFlow draws none in 16 bits.
    if draw(chance(90)) or dtype in LOW:
        given |= {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    return given


@st.composite
def calls_of_a_layer(draw, graphs=False, wrong=True):
    """A layer alone, and calls of it one after the other.

    Args:
        draw: Of hypothesis.
        graphs: Whether to run and to compile graphs, and so of few shapes.
        wrong: Whether to draw also what is wrong, what is not finite and what is empty.
    """
    large = graphs and draw(chance(40))
    if graphs:  # few shapes, for each is compiled
        batch, time, features, units = 3 if large else 2, draw(st.sampled_from((3, 1))), 2, 3
        activations = ALONE + FUNCTIONS if draw(chance(10)) else SHARING
        given = draw(options(activations, (*FULL, "mixed_bfloat16")))
    else:
        batch, features = draw(st.sampled_from((2, 1, 3))), draw(st.sampled_from((1, 2, 3)))
        time, units = draw(st.sampled_from((2, 1, 3, 4, 6))), draw(st.sampled_from((1, 2, 3, 5)))
        rare = draw(chance(6))
        activations = OF_NO_NAME if rare else ANY + SHARING
        given = draw(options(activations, FULL * 3 + LOW + ("float32",) * 2))
        batch = 0 if wrong and draw(chance(2)) else batch
    dtype = given.get("dtype", "float32")
    of_arrays = dtype if dtype in FULL else "float32"
    extreme = wrong and dtype in FULL and draw(chance(8))
    given = {"units": np.int64(units) if draw(chance(2)) else units, **given}
    weights = [
        draw(numbers((features, units), extreme=extreme and draw(chance(20)))),
        draw(numbers((units, units), extreme=extreme and draw(chance(20)))),
        *([draw(numbers((units,)))] if given.get("use_bias", True) else []),
    ]
    stateful = given.get("stateful", False)
    masked, stated = draw(chance(50)), draw(chance(35))
    made = []
    for number in range(draw(st.integers(1, 3)) if stateful else 2 if draw(chance(10)) else 1):
        inputs = 2 if draw(chance(5)) else 1
        shape = (batch, time, features)
        of_x = "float64" if wrong and not graphs and draw(chance(10)) else of_arrays
        call = {"x": [draw(numbers(shape, of_x, extreme)) for _ in range(inputs)]}
        if masked and draw(chance(85)):
            call["mask"] = draw(masks(batch, time, units))
        if stated and not (stateful and number == 1):
            rows = draw(st.sampled_from(((batch, units),) * 4 + ((1, units), (units,))))
            call["initial_state"] = draw(numbers(rows, of_arrays, extreme and draw(chance(30))))
            if draw(chance(30)):
                call["state as"] = draw(st.sampled_from(("list", "tuple")))
        if draw(chance(50)):
            call["training"] = True
        if number:
            before = draw(st.sampled_from((None, None, "reset", "freeze", "thaw", "remake")))
            call |= {"before": before} if before else {}
        made.append(call)
    case = {"options": given, "weights": weights, "calls": made}
    if draw(chance(20)):
        case["seed"] = draw(st.integers(1, 9))
    ways = ("plain", "auto") + (() if given.get("activation") in OTHER_IN_XLA else ("compiled",))
    ours = {"execution": draw(st.sampled_from(ways))} if graphs else {}
    if draw(chance(5)) and given.get("activation") != "a layer with weights":
        ours["truncate_bptt"] = draw(st.integers(1, 5))
    if graphs:
        case |= {"graphs": True, "as if large": True} if large else {"graphs": True}
        if draw(chance(40)) and sizes_may_be_unknown(case):
            case["unknown sizes"] = True
    if ours:
        case["ours"] = ours
    if wrong and not graphs and draw(chance(4)):
        case = mistaken(case, draw(st.sampled_from([*MISTAKES])))
    return case


def sizes_may_be_unknown(case):
    """Whether both layers run where neither the batch nor the number of time steps is known."""
    options, calls = case["options"], case["calls"]
    # SimpleRNN makes no graph of a state whose batch is known to be 1 at the first step alone.
    shares_a_state = any(
        np.shape(call.get("initial_state", call["x"][0]))[:-1] in ((), (1,)) for call in calls
    )
    return not (options.get("unroll") or options.get("stateful") or shares_a_state)


@st.composite
def looks_at_a_layer(draw):
    """One call of a layer, alone or in a model, to be looked at."""
    case = draw(calls_of_a_layer(wrong=False))
    call = {**case["calls"][0]}
    x = call["x"][0]
    if "initial_state" in call:
        units = case["options"]["units"]
        call["initial_state"] = np.array(np.broadcast_to(call["initial_state"], (len(x), units)))
    call["x"] = [x]
    options = {name: one for name, one in case["options"].items() if name != "return_state"}
    if options.get("return_sequences") and np.ndim(call.get("mask")) == 3:
        call["mask"] = np.any(call["mask"], axis=-1)  # the losses of Keras take none of units
    in_a_model = {"in a model": True} if draw(chance(20)) else {}
    return {**case, "options": options, "calls": [call], **in_a_model}


AROUND = (
    "nothing",
    "a stack",
    "both directions",
    "both directions, each its own",
    "time distributed",
    "a nested model",
    "two inputs",
    "a decoder",
    "an embedding",
)


# Plain "sgd" keeps no moment, in which gradients show.
MOMENTUM = {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.5}}


@st.composite
def models(draw):
    """A model around the layer, three steps of training, and what happens between them."""
    around = draw(st.sampled_from(AROUND))
    given = draw(options((*SHARING, "softsign", "wave"), (*FULL, "float32", "mixed_bfloat16")))
    batch, time, features = draw(st.sampled_from((2, 3))), draw(st.sampled_from((2, 4))), 2
    saved = draw(st.sampled_from((None, None, "save", "save weights", "freeze")))
    for name in ("activity_regularizer", "return_state"):  # ignored; of no use
        given.pop(name, None)
    if around in ("time distributed", "a nested model"):
        given.pop("stateful", None)
    given = {"units": draw(st.sampled_from((2, 1, 3))), **given}
    dtype = given.get("dtype", "float32")
    of_arrays = dtype if dtype in FULL else "float32"
    case = {
        "around": around,
        "options": given,
        "numbers": draw(st.integers(0, 99)),
        "x": draw(numbers((batch, time, features), of_arrays)),
        "y": draw(numbers((batch, 2), of_arrays)),
        "optimizer": draw(st.sampled_from((MOMENTUM, MOMENTUM, "adam", "rmsprop"))),
        "loss": draw(st.sampled_from(("mse", "mae", "huber"))),
    }
    if around == "both directions":
        case["merge_mode"] = draw(st.sampled_from(("concat", "sum", "mul", "ave")))
    if draw(chance(40)):
        case["masked"] = True
    if draw(chance(30)):
        case["sample_weight"] = draw(numbers((batch,), of_arrays))
    if saved:
        case["before"] = (saved, draw(st.integers(0, 2)))
    return case


def mistaken(case, mistake):
    """The case with one thing wrong."""
    options, *earlier, last = case["options"], *case["calls"]
    x = last["x"][0]
    batch, time, _ = x.shape
    units = int(options["units"])
    wrong, given = {}, {}
    match mistake:
        case "no time step":
            wrong = {"x": [x[:, :0]]}
        case "other features":
            wrong = {"x": [np.concatenate([x, x], axis=-1)]}
            earlier = earlier or [last]
        case "two dimensions":
            wrong = {"x": [x[..., 0]]}
        case "a mask too long":
            wrong = {"mask": np.ones((batch, time + 1), bool)}
        case "a mask of one dimension":
            wrong = {"mask": np.ones(time + 1, bool)}
        case "a state too wide":
            wrong = {"initial_state": np.ones((batch, units + 1), x.dtype)}
        case "two states":
            wrong = {"initial_state": np.ones((batch, units), x.dtype), "state as": "two"}
        case "another batch":
            last = {"x": last["x"]}
            wrong = {"x": [np.ones((batch + 1, *x.shape[1:]), x.dtype)]}
            given = {"stateful": True}
            earlier = earlier or [last]
        case "units of 0":
            given = {"units": 0}
        case "units of 2.5":
            given = {"units": 2.5}
        case "units of text":
            given = {"units": "3"}
        case "an unknown activation":
            given = {"activation": "thah"}
        case "a rate of text":
            given = {"dropout": "half"}
        case "an unknown initializer":
            given = {"kernel_initializer": "nought"}
        case "a seed of text":
            given = {"seed": "one"}
    return {
        **case,
        "options": {**options, **given},
        "calls": [*earlier, {**last, **wrong}],
        "mistake": mistake,
        "error names": MISTAKES[mistake],
    }
