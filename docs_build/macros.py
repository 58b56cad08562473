"""Gives pages the functions of `docs_build.on_pages`."""

from functools import partial
from importlib import import_module
from inspect import getmembers, isfunction
from pkgutil import iter_modules
from types import SimpleNamespace

from docs_build import on_pages


def define_env(env):
    """Called by the macros plugin."""
    language = env.conf.theme["language"]
    for found in iter_modules(on_pages.__path__):
        module = import_module(f"{on_pages.__name__}.{found.name}")
        env.variables[found.name] = SimpleNamespace(
            **{
                name: partial(function, language)
                for name, function in getmembers(module, isfunction)
                if function.__module__ == module.__name__ and not name.startswith("_")
            }
        )
