"""The commands' options, read from their parsers."""

import argparse
import re

from docs_build.facts import facts
from keras_rnn_explained import __main__, cli

JAPANESE = {
    "demo": {
        "--dataset": "使う系列",
        "--units": "隠れ状態の大きさ",
        "--epochs": "データ全体を学習する回数",
        "--window": "ネットワークに見せる時刻数",
        "--seed": "重みの初期値とデータの順序を決めるシード",
        "--output": "図のファイル。.svg か .png",
    },
    "verify": {
        "--cases": "ケースの数",
        "--seed": "最初のケースのシード。次からは 1 ずつ増えます",
    },
    "explain": {
        "model": ".keras ファイル",
        "data": "配列 x と y、必要なら sample_weight を含む .npz ファイル。32系列あれば十分です",
        "--output": "ページのファイル",
        "--language": "ページの言語",
        "--loss": "Kerasでの損失の名前。たとえば mse (指定しなければモデルの損失)",
        "--layer": "再帰層の名前かパス (指定しなければすべての再帰層)",
        "--title": "ページの見出し",
    },
}
"""What the options are, by command."""

DEFAULT = {"en": "Default: `{}`.", "ja": "既定値は `{}` です。"}
CHOICES = {"en": "One of {}.", "ja": "{} のいずれか。"}
COMMA = {"en": ", ", "ja": "、"}
END = {"en": ".", "ja": "。"}


def usage(language: str, command: str) -> str:
    """How the command is called."""
    words = _commands()[command].format_usage().removeprefix("usage: ").split()
    return f"``` {{ .text .wrapped }}\n{' '.join(words)}\n```"


def options(language: str, command: str) -> str:
    """The arguments of a command, with what they are and their defaults."""
    return facts(
        (_called(action), _meaning(language, command, action))
        for action in arguments_of(command).values()
    )


def status(language: str, name: str) -> str:
    """An exit status, by its name in `keras_rnn_explained.cli` or `.__main__`."""
    (value,) = (vars(module)[name] for module in (cli, __main__) if name in vars(module))
    return f"`{value}`"


def arguments_of(command: str) -> dict[str, argparse.Action]:
    """The arguments of a command, by their longest name."""
    return {
        (action.option_strings or [action.dest])[-1]: action
        for action in _commands()[command]._actions
        if action.dest != "help"
    }


def _commands():
    for action in cli._parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    raise LookupError("The parser has no commands.")


def _called(action):
    if not action.option_strings:
        return f"`{action.dest}`"
    value = f" {action.dest.upper()}" if action.nargs != 0 else ""
    return ", ".join(f"`{name}{value}`" for name in action.option_strings)


def _meaning(language, command, action):
    """What an argument is, which values it takes, and its default, each as a sentence."""
    name = (action.option_strings or [action.dest])[-1]
    told, default = _help(action)
    text = JAPANESE[command][name] if language == "ja" else told[0].upper() + told[1:]
    parts = [text if text.endswith("。") else text + END[language]]
    if action.choices:
        choices = COMMA[language].join(f"`{choice}`" for choice in action.choices)
        parts.append(CHOICES[language].format(choices))
    if default is not None:
        parts.append(DEFAULT[language].format(default))
    return (" " if language == "en" else "").join(parts)


def _help(action):
    """The help of an argument without its default, and the default if it is a value."""
    default = None if action.default is argparse.SUPPRESS else action.default
    found = re.fullmatch(r"(.*) \(default: (.*)\)", action.help)
    if found and found[2] in (str(default), cli.DEFAULT_FIGURE):
        return found[1], found[2]
    return action.help, default
