"""The exercises: what is right, which slips of thought have a number of their own, and the fields.

The numbers are computed here with NumPy alone. The page's own snippets compute them again, with the
layer, and a test compares the two.
"""

import json
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Answer:
    """What is asked for in one field.

    Attributes:
        values: One number, or several in their order.
        tolerance: By how much each may differ.
        slips: By name: what comes out of a common misunderstanding.
    """

    values: tuple[Any, ...]
    tolerance: float = 0
    slips: dict[str, tuple[Any, ...]] = field(default_factory=dict)


BUTTON = {"en": "Check", "ja": "確かめる"}


def right(language: str, name: str) -> str:
    """The answer as text."""
    return ", ".join(f"{value:g}" for value in ANSWERS[name].values)


def answer(language: str, name: str, label: str, hint: str, **slips: str) -> str:
    """A field for an answer, which `docs/scripts/exercises/check.js` makes work.

    Args:
        language: Of the page.
        name: Of an `Answer` in `ANSWERS`.
        label: What is to be typed, in Markdown.
        hint: How it is to be typed, and how exact.
        slips: What to say to each of the answer's slips.

    Raises:
        KeyError: If there is no such answer, or what is said is not of its slips.
    """
    asked = ANSWERS[name]
    if slips.keys() != asked.slips.keys():
        raise KeyError(f"{name} has the slips {sorted(asked.slips)}, the page {sorted(slips)}")
    data = {
        "name": name,
        "values": json.dumps(asked.values),
        "tolerance": json.dumps(asked.tolerance),
        "slips": json.dumps(
            [[asked.slips[slip], text] for slip, text in slips.items()],
            ensure_ascii=False,
        ),
    }
    attributes = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
    # Hidden until a script has made it work.
    return f"""<form class="answer" hidden novalidate autocomplete="off" {attributes} markdown="1">
<div class="answer-label" markdown="span"><label for="answer-{name}">{label}</label></div>
<div class="answer-row">
<input id="answer-{name}" inputmode="text" aria-describedby="hint-{name} said-{name}">
<button type="submit" class="md-button">{BUTTON[language]}</button>
</div>
<div class="answer-hint" id="hint-{name}" markdown="span">{hint}</div>
<output id="said-{name}" for="answer-{name}" aria-live="polite"></output>
</form>"""


# Of a layer that reads 10 features, has 32 units and is drawn for 5 time steps.
FEATURES, UNITS, TIME_STEPS = 10, 32, 5

# The pocket layer: a feature, a unit, no bias to speak of and no activation.
KERNEL, RECURRENT_KERNEL = 1.0, 2.0
X = np.array([1.0, 1.0, -2.0])


def _forward(x, initial_state=0.0, mask=None):
    states = []
    state = initial_state
    for t, x_t in enumerate(x):
        if mask is None or mask[t]:
            state = x_t * KERNEL + state * RECURRENT_KERNEL
        states.append(state)
    return np.array(states)


def _parameters():
    return UNITS * (FEATURES + UNITS + 1)


A = _forward(X)
BEFORE = np.concatenate([[0.0], A[:-1]])
D = RECURRENT_KERNEL ** np.arange(len(X) - 1, -1, -1.0)  # the loss is a_T

DECAY = 0.5
PRE_ACTIVATION = 1.0
SMALL = 1e-3

ANSWERS = {
    "units": Answer(
        (UNITS,),
        slips={"time": (TIME_STEPS,), "features": (FEATURES,), "all": (UNITS * TIME_STEPS,)},
    ),
    "count": Answer(
        (_parameters(),),
        slips={
            "dense": (UNITS * (FEATURES + 1),),
            "no_bias": (UNITS * (FEATURES + UNITS),),
            "two_biases": (UNITS * (FEATURES + UNITS + 2),),
            "per_step": (TIME_STEPS * _parameters(),),
        },
    ),
    "copies": Answer(
        (_parameters(),),
        slips={"per_step": (TIME_STEPS * _parameters(),), "arrays": (3,)},
    ),
    "output-shape": Answer(
        (4, 20, 8),
        slips={"last": (4, 8), "features": (4, 20, 5), "time_first": (20, 4, 8), "one": (20, 8)},
    ),
    "forward": Answer(
        tuple(A),
        slips={
            "no_memory": tuple(X * KERNEL),
            "inputs_back": tuple(X * KERNEL + np.concatenate([[0], X[:-1]]) * RECURRENT_KERNEL),
        },
    ),
    "output-index": Answer((A[1],), slips={"same_index": (A[2],), "two_before": (A[0],)}),
    "first-summand": Answer((len(X) - 1,), slips={"all": (len(X),), "last": (1,)}),
    "local-errors": Answer(
        tuple(D),
        slips={"reversed": tuple(D[::-1]), "last_only": (0, 0, 1), "no_weight": (1, 1, 1)},
    ),
    "sum-over-time": Answer(
        (BEFORE @ D,),
        slips={"last_only": (BEFORE[-1] * D[-1],), "same_step": (A @ D,), "inputs": (X @ D,)},
    ),
    "steps-to-vanish": Answer(
        (float(np.ceil(np.log(SMALL) / np.log(DECAY))),),
        slips={"one_less": (float(np.floor(np.log(SMALL) / np.log(DECAY))),)},
    ),
    "factor-with-tanh": Answer(
        (DECAY * (1 - np.tanh(PRE_ACTIVATION) ** 2),),
        tolerance=0.005,
        slips={
            "only_weight": (DECAY,),
            "only_slope": (1 - np.tanh(PRE_ACTIVATION) ** 2,),
            "state": (DECAY * np.tanh(PRE_ACTIVATION),),
        },
    ),
    "truncated-forward": Answer((A[-1],), slips={"cut": (X[-1] * KERNEL,)}),
    "truncated-gradient": Answer(
        (X[-1] * D[-1],), slips={"whole": (X @ D,), "two": (X[1:] @ D[1:],)}
    ),
    "padding": Answer(
        (_forward(X, mask=[True, True, False])[-1],),
        slips={"unmasked": (A[-1],), "zero": (0,), "input_zero": (A[1] * RECURRENT_KERNEL,)},
    ),
    "stateful": Answer(
        (_forward(X, initial_state=A[-1])[0],),
        slips={"fresh": (A[0],), "last": (_forward(X, initial_state=A[-1])[-1],)},
    ),
}
