"""The page of the architecture names the modules that there are."""

import doctest

import pytest

from docs_build import constants, facts, numbers
from docs_build.on_pages import architecture
from tests.test_architecture import FLOORS


def test_the_floors_are_those_of_the_test():
    assert architecture.floors_of_the_test() == FLOORS


def test_each_module_has_a_line_in_each_language():
    modules = set().union(*FLOORS)
    assert architecture.JAPANESE.keys() == modules
    for module in modules:
        assert architecture.first_line(module).endswith(".")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_higher_floors_stand_higher_on_the_page(language):
    shown = architecture.floors(language)
    order = [shown.index(f"`{module}`</dt>") for module in ("cli", "report", "layer", "equations")]
    assert order == sorted(order)
    assert shown.count('<dt class="floor"') == len(FLOORS)


def test_a_constant_that_is_not_there_is_a_lookup_error():
    with pytest.raises(LookupError, match=r"test_docs_architecture\.py assigns nothing to NOTHING"):
        constants.constant("tests/test_docs_architecture.py", "NOTHING")


def test_facts_are_a_description_list():
    assert facts.facts([("a", "`b`")]) == (
        '<dl class="facts" markdown="1"><dt markdown="span">a</dt><dd markdown="span">`b`</dd></dl>'
    )


@pytest.mark.parametrize("module", [constants, numbers])
def test_the_examples_in_the_code_are_right(module):
    assert doctest.testmod(module) == (0, doctest.testmod(module).attempted)
