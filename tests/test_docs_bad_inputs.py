"""The catalogue of bad input: each row raises what it says, and nothing public is left out."""

import re

import pytest

from docs_build import bad_inputs
from docs_build.on_pages import bad_inputs as on_page
from docs_build.on_pages import command_line, errors

CATALOGUE = bad_inputs.catalogue()
ALL = [
    (code, error)
    for kind in ("callables", "commands")
    for arguments in CATALOGUE[kind].values()
    for rows in arguments.values()
    for code, error in rows.items()
]
ANY_VALUE = {name for one in CATALOGUE["any_value"] for name in one["arguments"]}
CALLABLES = bad_inputs.public()
COMMANDS = ("demo", "verify", "explain")
FROM_BELOW = re.compile(
    r"__wrapped__|has no attribute|not supported between|PathLike|0x[0-9a-f]{6}"
)


@pytest.mark.parametrize("name", CATALOGUE["callables"])
def test_code_raises_what_its_row_says(name):
    assert bad_inputs.raised(name) == CATALOGUE["callables"][name]


@pytest.mark.parametrize("command", CATALOGUE["commands"])
def test_a_command_line_is_refused_as_its_row_says(command):
    assert bad_inputs.refused(command) == CATALOGUE["commands"][command]


@pytest.mark.parametrize("name", CALLABLES)
def test_each_argument_of_a_public_callable_has_a_row_or_a_reason(name):
    rows = CATALOGUE["callables"].get(name, {})
    arguments = bad_inputs.arguments_of(CALLABLES[name])
    assert set(rows) <= set(arguments)
    if name not in ANY_VALUE:
        assert [
            one for one in arguments if one not in rows and f"{name}({one})" not in ANY_VALUE
        ] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_argument_of_a_command_has_a_row_or_a_reason(command):
    rows = CATALOGUE["commands"][command]
    without = [
        name
        for name in command_line.arguments_of(command)
        if name not in rows and f"{command} {name}" not in ANY_VALUE
    ]
    assert without == []


def test_no_row_is_of_something_that_is_not_there():
    assert CATALOGUE["callables"].keys() <= CALLABLES.keys()
    assert CATALOGUE["commands"].keys() == {"", *COMMANDS}
    for name in ANY_VALUE:
        called, _, argument = name.partition("(")
        if argument:
            assert argument.rstrip(")") in bad_inputs.arguments_of(CALLABLES[called])
        elif not name.startswith(COMMANDS):
            assert called in CALLABLES


def test_no_error_comes_from_deep_below():
    assert [row for row in ALL if FROM_BELOW.search(row[1])] == []


def test_no_mistake_stands_on_both_pages():
    common = [one["code"] for some in errors.catalogue()["groups"].values() for one in some]
    codes = [code for code, _ in ALL]
    assert len(codes) == len(set(codes))
    assert not {code.removeprefix(errors.COMMAND) for code in common} & set(codes)


@pytest.mark.parametrize("reason", CATALOGUE["any_value"], ids=lambda one: one["arguments"][0])
def test_reasons_are_in_both_languages(reason):
    assert reason["reason"].keys() == {"en", "ja"}
    assert re.search("[ぁ-んァ-ヶ一-龠]", reason["reason"]["ja"])


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_has_all_rows(language):
    page = on_page.callables(language) + on_page.commands(language)
    assert page.count("<dt ") == len(ALL)
    assert on_page.count(language) == f"{len(ALL)}"
