"""Hunts for differences: cases of one arm in one process, and of all arms in several."""

import gc
import logging
import multiprocessing
import os
import random
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pydoc import locate

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

CASES_AT_ONCE = 100
"""The cases of one hunt: a failure ends it, and the next goes on."""

HUNTS_OF_A_PROCESS = 30
"""Then a new one takes its place, as TensorFlow keeps something of each layer."""


class Unexplained(AssertionError):
    """A case with differences that no known difference explains."""

    def __init__(self, case, differences):
        super().__init__(", ".join(difference.what for difference in differences))
        self.case = case
        self.differences = differences


@dataclass(frozen=True)
class Hunt:
    """Some cases of one arm.

    Attributes:
        arm: Its name.
        cases: How many.
        seed: What they are drawn from.
        layer: The class of the layer, as `module.Name`.
    """

    arm: str
    cases: int
    seed: int
    layer: str = "keras_rnn_explained.layer.ExplainedRNN"


@dataclass
class Outcome:
    """What came of a hunt.

    Attributes:
        hunt: The hunt.
        cases: How many cases ran: all, or those up to a failure.
        seconds: How much of a processor's time it took.
        known: How many cases had each of the known differences.
        script: The program that shows the failure, in its smallest case; `None` without one.
        what: What differs in it.
    """

    hunt: Hunt
    cases: int = 0
    seconds: float = 0.0
    known: Counter = field(default_factory=Counter)
    script: str | None = None
    what: str = ""


def run(hunt):
    """Runs a hunt in this process."""
    # Here, for a process of its own to set up TensorFlow first.
    import keras

    from tests.fuzz.arms import ARMS, Difference, differences
    from tests.fuzz.comparing import NOTHING
    from tests.fuzz.reproducing import script

    arm = next(arm for arm in ARMS if arm.name == hunt.arm)
    layer_class, outcome = locate(hunt.layer), Outcome(hunt)
    is_found = False

    @seed(hunt.seed)
    @settings(
        max_examples=hunt.cases,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(arm.cases)
    def all_agrees(case):
        nonlocal is_found
        try:
            unexplained, known = differences(arm, layer_class, case)
        except Exception as error:  # of the judge: the hunt goes on, and the case is known
            what = f"the judge, which raises {type(error).__name__}"
            unexplained, known = [Difference(what, error, NOTHING, float("inf"))], set()
        if not is_found:
            outcome.cases += 1
            outcome.known.update(known)
        if unexplained:
            is_found = True
            raise Unexplained(case, unexplained)

    start = time.process_time()
    random_state = random.getstate()
    try:
        all_agrees()
    except Unexplained as failure:
        outcome.script = script(arm, layer_class, failure.case, failure.differences)
        outcome.what = str(failure)
    finally:
        random.setstate(random_state)
        keras.backend.clear_session()
    outcome.seconds = time.process_time() - start
    return outcome


def hunts(cases, first_seed, arms, layer):
    """The hunts that make so many cases, each arm by its share, those of all arms mixed."""
    planned = []
    whole = sum(arm.share for arm in arms)
    for place, arm in enumerate(arms):
        left = round(cases * arm.share / whole)
        number = 0
        while left > 0:
            size = min(CASES_AT_ONCE, left)
            own_seed = (10 * first_seed + place) * 1_000_000 + number
            planned.append((number * whole / arm.share, Hunt(arm.name, size, own_seed, layer)))
            left, number = left - size, number + 1
    return [hunt for _, hunt in sorted(planned, key=lambda one: one[0])]


def without_the_first(cases, planned):
    """The hunts after those that have so many cases."""
    before = 0
    for place, hunt in enumerate(planned):
        if before >= cases:
            return planned[place:]
        before += hunt.cases
    return []


def run_all(planned, processes):
    """Yields the outcome of each hunt as it ends."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, one_core_each, maxtasksperchild=HUNTS_OF_A_PROCESS) as pool:
        yield from pool.imap_unordered(run, planned)


def one_core_each():
    """Sets a process up, before TensorFlow starts."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.simplefilter("ignore")
    import keras
    import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.CRITICAL)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Together a fifth of the time: shortening the traces of what is raised inside Keras, and
    # looking through all of TensorFlow for garbage after every few objects.
    keras.config.disable_traceback_filtering()
    tf.debugging.disable_traceback_filtering()
    gc.freeze()
    gc.set_threshold(100_000)
