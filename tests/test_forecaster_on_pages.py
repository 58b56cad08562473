"""What the pages show of a small network is what the package says of it."""

import numpy as np
import pytest

from docs_build.on_pages import forecaster

FIGURES = ("state_map", "unfolded_window", "gradient_summands", "gradient_flow")


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("function", [*FIGURES, "recurrent_spectrum"])
def test_figures_are_small_and_named(function, language):
    figure = forecaster.drawn(language, function, name="said of it", caption="below")
    assert "said of it" in figure
    assert "<figcaption" in figure
    assert len(figure) < 50_000


def test_numbers_are_those_of_the_network():
    gradients = forecaster._gradients()
    summands = list(gradients.summands("recurrent_kernel"))
    assert np.allclose(sum(summands), gradients.recurrent_kernel, atol=1e-5)
    assert forecaster.share("en", "recurrent_kernel", len(summands)) == "100"
    assert forecaster.shape("en", "units") == str(gradients.unfolding.units)
    assert forecaster.parameters("en").endswith(f"= {6 + 36 + 6}")
    assert float(forecaster.norm("en", "kernel")) == pytest.approx(
        np.linalg.norm(gradients.kernel), abs=1e-3
    )
    assert float(forecaster.reach("en")) < 1
    assert forecaster.equation("en").startswith(r"\tanh(")
    assert forecaster.heading("en", "findings") == "Findings"
    assert forecaster.heading("ja", "findings") == "診断結果"
