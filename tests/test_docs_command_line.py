"""The page of the command line has every option, in both languages."""

import re

import pytest

from docs_build import ROOT
from docs_build.on_pages import command_line
from keras_rnn_explained import cli

COMMANDS = list(command_line.JAPANESE)


def test_each_command_is_on_the_page():
    assert list(command_line._commands()) == COMMANDS
    for language in ("en", "ja"):
        file = ROOT / "docs" / language / "reference" / "command-line.md"
        page = file.read_text(encoding="utf-8")
        for what in ("usage", "options"):
            assert re.findall(rf'command_line\.{what}\("(\w+)"\)', page) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_has_a_text_in_japanese(command):
    assert command_line.JAPANESE[command].keys() == command_line.arguments_of(command).keys()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("command", COMMANDS)
def test_options_are_told_with_choices_and_defaults(command, language):
    shown = command_line.options(language, command)
    for name, action in command_line.arguments_of(command).items():
        assert name in shown
        for choice in action.choices or ():
            assert f"`{choice}`" in shown
    for default in ("16", cli.DEFAULT_FIGURE) if command == "demo" else ():
        assert command_line.DEFAULT[language].format(default) in shown
    assert "(default: " not in shown.replace("(default: the", "").replace("(default: all", "")
    assert "None" not in shown


def test_an_exit_status_is_that_of_the_command():
    assert command_line.status("en", "MISUSED") == "`2`"
