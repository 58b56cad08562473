"""Are the tests good enough? `make mutants` changes the modules that compute, and runs the tests.

mutmut makes one small change after the other; its settings are in `pyproject.toml`. For each one,
a mutant, a test has to fail, or `mutants.yml` has to say why the change makes no difference.
"""

import ast
import inspect
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import yaml

REASONS = Path(__file__).with_suffix(".yml")
KILLED = {"killed", "timeout", "segfault"}


class Change(NamedTuple):
    """What a mutant changes: lines of a function, without their indentation."""

    path: str
    function: str
    before: str
    after: str

    def __str__(self):
        lines = [f"- {line}" for line in self.before.splitlines()]
        lines += [f"+ {line}" for line in self.after.splitlines()]
        return "\n".join([f"{self.path}, {self.function}:", *lines])


def explained():
    """The changes in `mutants.yml`, and why each makes no difference."""
    return {
        Change(path, function, entry["before"].strip(), after.strip()): entry["because"]
        for path, functions in (yaml.safe_load(REASONS.read_text(encoding="utf-8")) or {}).items()
        for function, entries in functions.items()
        for entry in entries
        for after in ([entry["after"]] if isinstance(entry["after"], str) else entry["after"])
    }


def lines_of(path, function):
    """The lines of a function, `name` or `Class.name`, without their indentation."""
    source = Path(path).read_text(encoding="utf-8")
    node = ast.parse(source)
    for name in function.split("."):
        node = next(child for child in node.body if getattr(child, "name", None) == name)
    lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
    return [line.strip() for line in lines]


def results():
    """Of each mutant what it changes, and what became of it."""
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.file_utils import walk_mutatable_files
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        for name, code in data.exit_code_by_key.items():
            status = status_by_exit_code[code]
            if status in KILLED:
                yield Change(str(path), "", "", ""), status
                continue
            function, owner = orig_function_and_class_names_from_key(name)
            diff = get_diff_for_mutant(name, path=path).splitlines()[2:]
            before, after = (
                "\n".join(line[1:].strip() for line in diff if line[0] == sign) for sign in "-+"
            )
            function = f"{owner}.{function}" if owner else function
            yield Change(str(path), function, before, after), status


def judge():
    """Prints what became of the mutants; the number of those that it should not have become of."""
    reasons = explained()
    counts, unexplained, alive = {}, [], set()
    for change, status in results():
        if change in reasons and status == "survived":
            alive.add(change)
            status = "explained"
        elif status not in KILLED:
            unexplained.append((change, status))
        counts.setdefault(change.path, Counter())[status] += 1
    for path, of_path in counts.items():
        each = ", ".join(f"{number} {status}" for status, number in of_path.most_common())
        print(f"{path}: {of_path.total()} mutants, {each}")
    for change, status in unexplained:
        print(f"\n{status}: {change}")
    dead = reasons.keys() - alive
    for change in sorted(dead):
        print(f"\nexplained in {REASONS.name}, but killed: {change}")
    print(f"\n{len(unexplained)} not killed and not explained, {len(dead)} explained in vain")
    return len(unexplained) + len(dead)


def with_signature(wrap):
    """mutmut's wrapper of a function; an `__init__` keeps its signature, which Keras reads."""

    def wrap_with_signature(*arguments, **keywords):
        decorate = wrap(*arguments, **keywords)

        def decorate_with_signature(function):
            decorated = decorate(function)
            if function.__name__ == "__init__":
                decorated.__signature__ = inspect.signature(function)
            return decorated

        return decorate_with_signature

    return wrap_with_signature


def various_ones_first(run_tests):
    """How mutmut runs the tests of a mutant up to a failure: one of each kind, then the second."""

    def run_various_ones_first(runner, *, mutant_name, tests):
        from mutmut.state import state

        seconds, seen, places = state().duration_by_test, Counter(), {}
        for test in sorted(tests, key=lambda test: seconds[test]):
            function = test.partition("[")[0]
            places[test] = seen[function]
            seen[function] += 1
        # Sorting leaves the quicker of two that have the same place before the other.
        ordered = sorted(places, key=places.get)
        return run_tests(runner, mutant_name=mutant_name, tests=ordered)

    return run_various_ones_first


def main():
    from mutmut.__main__ import cli
    from mutmut.mutation import trampoline
    from mutmut.runners.harness import PytestRunner

    trampoline.wrap_in_trampoline = with_signature(trampoline.wrap_in_trampoline)
    PytestRunner.run_tests = various_ones_first(PytestRunner.run_tests)
    # It goes on where a run before was interrupted.
    cli.main(["run", *sys.argv[1:]], standalone_mode=False)
    sys.exit(bool(judge()))


if __name__ == "__main__":
    main()
