"""The model of several workers says what it should in cases that are easy to reckon."""

import pytest

from docs_build.on_pages import scaling


def test_one_worker_exchanges_nothing():
    assert scaling.exchange(1) == 0


def test_two_workers_send_their_half_and_get_the_sum_of_the_other():
    size = (32 * 64 + 64 * 64 + 64) * 4
    assert scaling.exchange(2) == pytest.approx(2 * scaling.LATENCY + size / scaling.BANDWIDTH)


def test_each_row_is_of_a_batch_size_that_was_measured():
    steps = scaling.steps()
    assert [step.workers for step in steps] == [1, 4, 16, 64]
    assert scaling.table("ja").count("\n") == scaling.table("en").count("\n") == len(steps) + 1
    # What both pages say of it.
    speeds = [steps[0].seconds / step.seconds for step in steps]
    assert max(speeds) == speeds[2]
    assert speeds[3] < speeds[2]
