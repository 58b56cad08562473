import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("JAX_ENABLE_X64", "true")  # for the tests in float64, as users set it

import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from filelock import FileLock
from hypothesis import Phase, settings

# Elsewhere than on TensorFlow each example is compiled anew, or runs step by step.
MOST_EXAMPLES = 50 if keras.backend.backend() == "tensorflow" else 8

settings.register_profile("project", deadline=None, derandomize=True, max_examples=MOST_EXAMPLES)
# For `make mutants`, where each takes its time and it is enough that a test fails.
settings.register_profile(
    "mutants",
    settings.get_profile("project"),
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("mutants" if "MUTANT_UNDER_TEST" in os.environ else "project")


def pytest_collection_modifyitems(config, items):
    """Leaves out tests that are for another backend than Keras runs on.

    `make test-backends` runs those for JAX and torch, and others that fit, on them.
    """
    kept, left_out = [], []
    for item in items:
        names = [name for mark in item.iter_markers("backend") for name in mark.args]
        fits = not names or keras.backend.backend() in names
        (kept if fits else left_out).append(item)
    if left_out:
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True)
def same_seed_in_each_test():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def browser():
    """Chromium; a test that can't have it is skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs the browser chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The folder of the documentation, built strictly, and once for all processes of a run.

    Where it is built already, the environment variable SITE may name that folder.
    """
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    # As it is served by many a host: below some path.
    folder = shared / "served" / "some" / "path"
    with FileLock(shared / "site.lock"):
        if not (folder / "index.html").exists() and "SITE" in os.environ:
            shutil.copytree(os.environ["SITE"], folder)
        if not (folder / "index.html").exists():
            command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
            done = subprocess.run(
                command, cwd=Path(__file__).parent.parent, capture_output=True, text=True
            )
            if done.returncode:
                shutil.rmtree(folder, ignore_errors=True)
                pytest.fail(f"mkdocs build --strict failed:\n{done.stderr[-5000:]}", pytrace=False)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In continuous integration a skipped test fails: what it lacks has to be installed there."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in continuous integration: {report.longrepr}"
    return report
