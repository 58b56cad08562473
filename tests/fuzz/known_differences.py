"""Where `ExplainedRNN` is meant to do something else than `SimpleRNN`, by name and with the reason.

The names are the headings' ids on the page "Differences from `SimpleRNN`", which has more on each.
All else in which the two differ is unexplained.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.fuzz.calls import LAYERS, MADE
from tests.fuzz.comparing import NOTHING, is_numeric


def calls_of(case):
    return case.get("calls", [])


def _unchanged(case):
    return case


def _nothing(case, what, ours, theirs):
    return False


@dataclass(frozen=True)
class KnownDifference:
    """One difference that is meant.

    Attributes:
        name: The id of its heading on the page.
        reason: Why it is meant.
        applies: Whether a case has to do with it.
        for_simple_rnn: The case for which `SimpleRNN` does what `ExplainedRNN` does for this one.
        explains: Whether it explains that, of what has this name, `ExplainedRNN` gives one thing
            and `SimpleRNN` another; or, of an array, where it does.
    """

    name: str
    reason: str
    applies: Callable
    for_simple_rnn: Callable = _unchanged
    explains: Callable = _nothing


def _has(option):
    return lambda case: bool(case["options"].get(option))


def _with(case, **options):
    return {**case, "options": {**case["options"], **options}}


def _regularize_outputs(case):
    given = dict(case["options"])
    return {**case, "options": given, "regularize outputs": given.pop("activity_regularizer")}


def _masked(case):
    in_a_model = case.get("masked", False) or case.get("around") == "an embedding"
    return in_a_model or _masked_in_a_call(case)


def _masked_in_a_call(case):
    return any("mask" in call for call in calls_of(case))


def _contradicts_itself(case):
    options, in_both = case["options"], case.get("around", "").startswith("both directions")
    backwards = in_both or options.get("go_backwards")
    # Bidirectional sets the one to the other.
    zeroes = options.get("return_sequences" if in_both else "zero_output_for_mask")
    return backwards and options.get("unroll") and zeroes and _masked(case)


def _mask_of_lists(case):
    return any(isinstance(call.get("mask"), list) for call in calls_of(case))


def _mask_as_array(case):
    calls = [
        {**call, "mask": np.array(call["mask"])} if "mask" in call else call
        for call in calls_of(case)
    ]
    return {**case, "calls": calls}


def _mask_of_units_unrolled(case):
    shapes = [np.shape(call.get("mask")) for call in calls_of(case)]
    return case["options"].get("unroll") and any(len(s) == 3 and s[2] > 1 for s in shapes)


def _one_state_for_all(case):
    given = [call for call in calls_of(case) if "initial_state" in call and "mask" in call]
    return case["options"].get("unroll") and any(
        np.shape(call["initial_state"])[:-1] in ((), (1,)) for call in given
    )


def _one_state_for_none(case):
    given = [call for call in calls_of(case) if "initial_state" in call]
    return any(
        np.shape(call["initial_state"])[:-1] in ((), (1,)) and 0 in map(len, call["x"])
        for call in given
    )


def _equations_differentiate(case):
    """Whether BPTT is the layer's own, as it is not by default with an activation not Keras's."""
    told = case.get("ours", {})
    is_told = told.get("execution", "auto") != "auto" or told.get("truncate_bptt") is not None
    return is_told or case["options"].get("activation") not in MADE


def _masked_and_not_finite(call):
    """Where an input that is not finite is at a masked time step, for each input of a call."""
    mask = np.asarray(call.get("mask", True), bool)
    if mask.ndim < 2:  # none, or the list of a batch of none
        return [np.zeros(x.shape, bool) for x in call["x"]]
    masked = ~mask.any(axis=-1) if mask.ndim == 3 else ~mask
    return [masked[..., None] & ~np.isfinite(x) for x in call["x"]]


def _with_0(x, places):
    return np.where(places, np.zeros_like(x), x)


def _with_0_for_masked(case):
    if case.get("mistake") or not any(map(np.any, map(_masked_and_not_finite, calls_of(case)))):
        return case
    calls = [
        {**call, "x": list(map(_with_0, call["x"], _masked_and_not_finite(call)))}
        for call in calls_of(case)
    ]
    return {**case, "calls": calls}


def _nan_in_simple_rnn_alone(case, what, ours, theirs):
    """Where a gradient is NaN in `SimpleRNN` and a number here; `False` of what is no gradient."""
    if _gradient(what)[0] is None or not (is_numeric(ours) and is_numeric(theirs)):
        return False
    return np.shape(ours) == np.shape(theirs) and np.isnan(theirs) & np.isfinite(ours)


def _not_finite(case, what, ours, theirs):
    """Where a gradient is NaN for one of the two, as a masked time step is not finite."""
    name, number = _gradient(what)
    # The state before it is not finite, or a weight is.
    of_simple_rnn = _nan_in_simple_rnn_alone(case, what, ours, theirs)
    if of_simple_rnn is False:
        return False
    if name != "kernel":
        return of_simple_rnn
    features = np.any([p.any((0, 1)) for p in _masked_and_not_finite(calls_of(case)[number])], 0)
    return of_simple_rnn | (features[:, None] & np.isnan(ours) & ~np.isnan(theirs))


def _is_compiled(case):
    told = case.get("ours", {}).get("execution", "auto")
    return case.get("graphs", False) and told != "plain"


def _clear_error(case, what, ours, theirs):
    may_pass = case.get("mistake") in ("a mask too long", "two states")
    return (
        what == "error"
        and isinstance(ours, (ValueError, TypeError))
        and (isinstance(theirs, Exception) or may_pass)
    )


def _dropout_in_time_distributed(case):
    rates = (case["options"].get(name, 0) for name in ("dropout", "recurrent_dropout"))
    return case.get("around") == "time distributed" and any(rates)


def _only_simple_rnn_fails(case, what, ours, theirs):
    return what == "error" and isinstance(theirs, Exception) and not isinstance(ours, Exception)


def _of_an_activation_layer(case, what, ours, theirs):
    if what == "weights":
        return len(theirs) < len(ours) and ours[: len(theirs)] == theirs
    gradient = "gradient of alpha of call 0"
    is_there_later = what in ("initial alpha", gradient, f"dtype of {gradient}")
    is_its_weight = is_there_later and isinstance(theirs, str) and theirs == NOTHING
    return is_its_weight or _only_simple_rnn_fails(case, what, ours, theirs)


def _is_made_again(case):
    saved = (case.get("before") or [""])[0].startswith("save")
    copied = case.get("around", "").startswith("both directions")  # as Bidirectional does
    return saved or copied or any(call.get("before") == "remake" for call in calls_of(case))


def _with_its_seeds(case):
    return {**case, "put back": {"seed": case["options"].get("seed")}, "keep seeds": True}


def _gradient(what):
    """Of what it is the gradient, and of which call; or `(None, None)`."""
    found = re.fullmatch(r"gradient of (.+) of call (\d+)", what)
    return (found[1], int(found[2])) if found else (None, None)


def is_truncated(case, what, ours=None, theirs=None):
    """Whether that is a gradient which `SimpleRNN` does not have, as `truncate_bptt` cuts it."""
    name, number = _gradient(what)
    if name is None:
        return False
    steps, time = case.get("ours", {}).get("truncate_bptt"), calls_of(case)[number]["x"][0].shape[1]
    return steps is not None and (steps < time or (steps == time and name == "initial state"))


KNOWN = (
    KnownDifference(
        "activity-regularizer",
        "it is an argument of the layer, so it is applied",
        applies=_has("activity_regularizer"),
        for_simple_rnn=_regularize_outputs,
    ),
    KnownDifference(
        "seed",
        "a layer made again from its configuration, and a saved model, go on with the same masks",
        applies=_is_made_again,
        for_simple_rnn=_with_its_seeds,
    ),
    KnownDifference(
        "unroll",
        "SimpleRNN reads the mask in the order of the input only when it is unrolled",
        applies=_contradicts_itself,
        for_simple_rnn=lambda case: _with(case, unroll=False),
    ),
    KnownDifference(
        "units",
        "NumPy's integers are integers",
        applies=lambda case: isinstance(case["options"].get("units"), np.integer),
        for_simple_rnn=lambda case: _with(case, units=int(case["options"]["units"])),
    ),
    KnownDifference(
        "mask",
        "a list of lists is an array",
        applies=_mask_of_lists,
        for_simple_rnn=_mask_as_array,
    ),
    KnownDifference(
        "mask-of-units",
        "`unroll` changes nothing, so a mask for each unit is taken with it, too",
        applies=_mask_of_units_unrolled,
        for_simple_rnn=lambda case: _with(case, unroll=False),
    ),
    KnownDifference(
        "one-state",
        "`unroll` changes nothing, so one initial state serves the batch with it, too",
        applies=_one_state_for_all,
        for_simple_rnn=lambda case: _with(case, unroll=False),
    ),
    KnownDifference(
        "not-finite",
        "what is not finite at a masked time step, or is one state for a batch of none, does not "
        "get into the gradients",
        applies=lambda case: (
            (_masked_in_a_call(case) and _equations_differentiate(case))
            or _one_state_for_none(case)
        ),
        for_simple_rnn=_with_0_for_masked,
        explains=_not_finite,
    ),
    KnownDifference(
        "slopes",
        "XLA takes 0 for an error that is not finite times the slope 0 of relu",
        applies=lambda case: case["options"].get("activation") == "relu" and _is_compiled(case),
        explains=_nan_in_simple_rnn_alone,
    ),
    KnownDifference(
        "activation",
        "the weights of an activation are there from the start, and its dtype may be another",
        applies=lambda case: case["options"].get("activation") in LAYERS,
        explains=_of_an_activation_layer,
    ),
    KnownDifference(
        "time-distributed",
        "it casts its input itself, as TimeDistributed does not",
        applies=_dropout_in_time_distributed,
        explains=_only_simple_rnn_fails,
    ),
    KnownDifference(
        "wrong-input",
        "an error of the layer names the argument",
        applies=lambda case: True,
        explains=_clear_error,
    ),
    KnownDifference(
        "beyond",
        "truncate_bptt is there only in ExplainedRNN",
        applies=lambda case: case.get("ours", {}).get("truncate_bptt") is not None,
        explains=is_truncated,
    ),
)


def for_simple_rnn(case):
    """The case for which `SimpleRNN` is to do what `ExplainedRNN` does for this one."""
    for known in KNOWN:
        if known.applies(case):
            case = known.for_simple_rnn(case)
    return case


def explained(case, what, ours, theirs):
    """`ours` with `theirs` where known differences explain it, and their names."""
    names, left = set(), ours
    for known in KNOWN:
        where = known.applies(case) and known.explains(case, what, ours, theirs)
        if np.any(where):
            names.add(known.name)
            left = np.where(where, theirs, left) if isinstance(where, np.ndarray) else theirs
    return left, names
