"""The playground computes what the package computes, and whoever uses it is understood."""

import json
import re
from contextlib import redirect_stdout
from io import StringIO

import keras
import numpy as np
import pytest
from keras import activations, ops

from docs_build.scripts import FOLDER
from keras_rnn_explained import equations
from tests import reference
from tests.accessibility import violations

LANGUAGES = {"en": "playground.html", "ja": "ja/playground.html"}
PARAMETERS = ("kernel", "recurrentKernel", "bias")


@pytest.fixture
def opened(browser, site):
    """Opens the playground; at the end nothing may have been complained of, or asked for."""
    complaints, requests, contexts = [], [], []

    def open_(hash_="", language="en", scheme="light", width=1280, **options):
        context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto((site / LANGUAGES[language]).as_uri() + hash_)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []


def random_setting(random):
    units, steps, features = (int(random.integers(1, most + 1)) for most in (4, 8, 2))
    shapes = {
        "kernel": (features, units),
        "recurrentKernel": (units, units),
        "bias": (units,),
        "x": (steps, features),
        "target": (steps, units),
    }
    arrays = {name: random.normal(size=shape).tolist() for name, shape in shapes.items()}
    return {
        "units": units,
        "steps": steps,
        "features": features,
        "activation": str(random.choice(["tanh", "relu", "sigmoid", "linear"])),
        "loss": str(random.choice(["last", "all"])),
        **arrays,
    }


def arrays_of(setting):
    names = ("x", "kernel", "recurrentKernel", "bias", "target")
    return [np.array(setting[name], "float64") for name in names]


def by_equations(setting):
    """What `keras_rnn_explained.equations` makes of a setting, in float64."""
    x, kernel, recurrent_kernel, bias, target = arrays_of(setting)
    x, target = x[:, None], target[:, None]
    activation = activations.get(setting["activation"])
    nothing = np.zeros((1, setting["units"]))
    states = equations.recurrence(
        ops.convert_to_tensor(x, "float64"),
        *(ops.convert_to_tensor(array, "float64") for array in (kernel, recurrent_kernel, bias)),
        ops.convert_to_tensor(nothing, "float64"),
        activation=activation,
    )
    upstream = states - target
    derivative = equations.derivative_from_state(activation)
    everywhere = setting["loss"] == "all"
    common = {"activation_backward": lambda error, state: error * derivative(state)}
    errors, local_errors = (
        equations.local_errors(
            states,
            ops.convert_to_tensor(recurrent_kernel, "float64"),
            upstream if everywhere else None,
            ops.convert_to_tensor(nothing, "float64") if everywhere else upstream[-1],
            whole=whole,
            **common,
        )[0]
        for whole in (True, False)
    )
    gradients = equations.parameter_gradients(
        ops.convert_to_tensor(x, "float64"),
        states,
        ops.convert_to_tensor(nothing, "float64"),
        local_errors,
    )
    return {
        "state": ops.convert_to_numpy(states)[:, 0],
        "error": ops.convert_to_numpy(errors)[:, 0],
        "localError": ops.convert_to_numpy(local_errors)[:, 0],
        **{
            name: ops.convert_to_numpy(array)
            for name, array in zip(PARAMETERS, gradients, strict=True)
        },
    }


def by_reference(setting):
    """What the oracle of the tests makes of it."""
    x, kernel, recurrent_kernel, bias, target = arrays_of(setting)
    common = (
        x[None],
        kernel,
        recurrent_kernel,
        bias,
        np.zeros((1, setting["units"])),
        setting["activation"],
    )
    pre_activations, states = reference.forward(*common)
    upstream = states - target
    if setting["loss"] == "last":
        upstream[:, :-1] = 0
    gradients = reference.bptt(*common, upstream)
    return {
        "preActivation": pre_activations[0],
        "state": states[0],
        "upstream": upstream[0],
        "loss": (upstream**2).sum() / 2,
        "kernel": gradients["kernel"],
        "recurrentKernel": gradients["recurrent_kernel"],
        "bias": gradients["bias"],
        "x": gradients["x"][0],
    }


COMPUTED = """async (settings) => {
  const { compute } = await import("playground/recurrence");
  const { gradientsByAutodiff } = await import("playground/autodiff");
  return settings.map((setting) => ({
    run: compute(setting),
    autodiff: gradientsByAutodiff(setting),
  }));
}"""


def test_200_random_settings_give_the_numbers_of_python(opened):
    random = np.random.default_rng(6)
    settings = [random_setting(random) for _ in range(200)]
    for setting, there in zip(settings, opened().evaluate(COMPUTED, settings), strict=True):
        run = there["run"]
        for expected in (by_reference(setting), by_equations(setting)):
            for name, numbers in expected.items():
                is_gradient = name in run["gradients"]
                shown = run["gradients"][name] if is_gradient else run[name]
                np.testing.assert_allclose(shown, numbers, rtol=1e-6, atol=1e-9, err_msg=name)
                if is_gradient:
                    autodiff = there["autodiff"][name]
                    np.testing.assert_allclose(autodiff, numbers, rtol=1e-6, atol=1e-9)
        for name, summands in run["summands"].items():
            total = np.sum(summands, axis=0).reshape(np.shape(run["gradients"][name]))
            np.testing.assert_allclose(total, run["gradients"][name], rtol=1e-6, atol=1e-9)


def presets(page):
    return json.loads(page.locator("#playground-presets").text_content())


def number(text):
    return float(text.replace("−", "-"))


def close(shown, numbers):
    """Whether numbers as they are written on the page are these."""
    shown = np.array([number(text) for text in shown])
    numbers = np.ravel(numbers)
    size = np.abs(numbers)
    return shown.shape == numbers.shape and np.all(
        np.abs(shown - numbers) <= np.where(size < 9.9995, 0.00051, 0.0051 * size)
    )


def vectors(page, name, box=".pg-unfolded"):
    return page.locator(f'{box} [data-part^="{name}:"].pg-vector text').all_text_contents()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("preset", ["first", "echo", "counter", "vanishing", "sunspots"])
def test_the_numbers_on_the_page_are_those_of_python(opened, preset, language):
    page = opened(f"#preset={preset}&at=999", language)
    setting = presets(page)[preset]
    expected = by_reference(setting) | by_equations(setting)
    for part, name in [
        ("pre", "preActivation"),
        ("error", "error"),
        ("local", "localError"),
    ]:
        assert close(vectors(page, part), expected[name]), part
    assert close(vectors(page, "state")[: -setting["units"]], expected["state"])
    for parameter in PARAMETERS:
        page.locator(f".pg-choice input[value={parameter}]").check()
        for column in ("sum", "autodiff"):
            shown = page.locator(f".pg-gradients .pg-{column}").all_text_contents()
            assert close(shown, expected[parameter]), (parameter, column)


def test_the_gradient_builds_up_term_by_term(opened):
    page = opened("#preset=first")
    setting = presets(page)["first"]
    summands = opened().evaluate(COMPUTED, [setting])[0]["run"]["summands"]["recurrentKernel"]
    slider = page.locator(".pg-player input")
    slider.focus()
    page.keyboard.press("Home")
    assert set(page.locator(".pg-gradients .pg-sum").all_text_contents()) == {"·"}
    terms = 0
    while not page.locator("[aria-label='One step forward']").is_disabled():
        page.keyboard.press("ArrowRight")
        terms += page.locator(".pg-gradients .pg-made").count() > 0
        if terms:
            shown = page.locator(".pg-gradients .pg-sum").all_text_contents()
            assert close(shown, np.sum(summands[-terms:], axis=0))
    assert terms == setting["steps"]
    assert "Largest difference from autodiff" in page.locator(".pg-gradient").text_content()


def test_each_moment_lights_what_it_uses_and_makes_and_its_equation(opened):
    page = opened("#preset=first")
    seen = []
    forth = page.get_by_role("button", name="One step forward")
    while not forth.is_disabled():
        forth.click()
        seen.append(page.evaluate("document.querySelector('.pg-equations .pg-made')?.textContent"))
        for mark in ("made", "used"):
            assert page.locator(f".pg-unfolded .pg-{mark}, .pg-gradients .pg-{mark}").count() > 0
        assert page.locator(".pg-lines li").count() > 0
    assert len(set(seen)) == 9
    assert None not in seen


def at(page):
    return int(page.locator(".pg-player input").input_value())


def test_keys_buttons_and_taps_move_through_time(opened):
    page = opened("#preset=counter", has_touch=True)
    page.get_by_role("button", name="One step forward").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert at(page) == 2
    page.get_by_role("button", name="One step back").tap()
    assert at(page) == 1
    page.get_by_role("button", name="To the end").tap()
    last = at(page)
    assert page.locator(".pg-player input").get_attribute("max") == str(last)
    page.locator(".pg-player input").focus()
    page.keyboard.press("ArrowLeft")
    assert at(page) == last - 1
    assert "Time step 1 of 6" in page.locator(".pg-player input").get_attribute("aria-valuetext")
    page.get_by_role("button", name="To the start").tap()
    page.locator('.pg-unfolded [data-part="state:2"].pg-vector').tap()
    assert "Time step 2 of 6: state" in page.locator("[role=status]").first.text_content()
    page.get_by_role("button", name="Play").tap()
    page.wait_for_function("document.querySelector('.pg-player input').value > 9", timeout=5000)
    page.get_by_role("button", name="Pause").tap()


def test_what_is_said_of_a_moment_is_the_arithmetic(opened):
    page = opened("#preset=counter&at=11")  # time step 3: the pre-activation
    said = page.locator("[role=status]").first
    assert said.get_attribute("aria-live") == "polite"
    assert "Time step 3 of 6: pre-activation" in said.text_content()
    assert "unit 1: 1.000 + 1.000 + 0 = 2.000" in said.text_content()


def values(page):
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(
          ".playground select, .playground input[type=text]")].map((e) => [e.id, e.value]))"""
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_carry_the_state(opened, language):
    page = opened("", language)
    for field, chosen in [
        ("units", "3"),
        ("steps", "6"),
        ("features", "2"),
        ("activation", "sigmoid"),
        ("loss", "all"),
    ]:
        page.locator(f"#pg-{field}").select_option(chosen)
    page.locator("#pg-recurrentKernel-2-1").fill("−1.25e-1")
    page.locator("#pg-x-5-1").fill("7")
    page.locator("#pg-target-0-2").fill("0.5")
    page.locator("#pg-target-0-2").blur()
    page.get_by_role("button", name=re.compile("One step forward|1つ進む")).click(click_count=3)
    page.wait_for_function("location.hash.includes('at=3')")
    hash_ = page.evaluate("location.hash")
    other = opened(hash_, "ja")
    there = values(other)
    here = values(page)
    assert here.pop("pg-recurrentKernel-2-1") == "−1.25e-1"
    assert there.pop("pg-recurrentKernel-2-1") == "−0.125"
    assert there == here
    assert at(other) == at(page) == 3
    assert other.locator(".pg-drawing").count() == 2
    assert vectors(other, "pre") == vectors(page, "pre")
    link = page.locator("a[hreflang]").first
    link.click()
    page.wait_for_selector(".pg-live")
    assert values(page) == there | {"pg-recurrentKernel-2-1": "−0.125"}


def test_a_link_that_can_not_be_read_is_explained_and_the_rest_kept(opened):
    page = opened("#units=2&steps=abc&kernel=1,1e309&activation=relu&bias=1,2")
    warned = page.get_by_role("alert").text_content()
    assert "steps" in warned
    assert "kernel" in warned
    assert "bias" not in warned
    assert page.locator("#pg-activation").input_value() == "relu"
    assert page.locator("#pg-bias-1").input_value() == "2"


def test_back_undoes_one_change_at_a_time(opened):
    page = opened("#preset=vanishing")
    first = values(page)
    page.locator("#pg-recurrentKernel-0-0").fill("2")
    page.keyboard.press("Enter")
    second = values(page)
    page.locator("#pg-units").select_option("2")
    page.locator("#pg-preset").select_option("echo")
    page.get_by_role("button", name="One step forward").click()
    page.go_back()
    assert values(page)["pg-units"] == "2"
    page.go_back()
    assert values(page) == second
    page.go_back()
    assert values(page) == first
    page.go_forward()
    assert values(page) == second
    assert page.locator("#pg-recurrentKernel-0-0").input_value() == "2"


def test_each_thing_to_try_shows_what_it_says(opened):
    page = opened()
    for link in page.locator(".pg-tries a").all():
        link.click()
        assert page.evaluate("location.hash") == link.get_attribute("href")
        assert page.get_by_role("alert").count() == 0 or page.get_by_role("alert").is_hidden()
    page = opened("#preset=vanishing&activation=linear&at=999")
    errors = [number(text) for text in vectors(page, "error")]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 0.5, atol=0.05)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["abc", "1e309", "", "-", "NaN", "1,5", "0x10", "Infinity"])
def test_what_is_no_number_is_explained_beside_the_field_and_nothing_is_lost(
    opened, text, language
):
    page = opened("#preset=first&at=999", language)
    before, drawn = values(page), page.locator(".pg-unfolded svg").inner_html()
    field = page.locator("#pg-kernel-0-0")
    field.fill(text)
    field.blur()
    assert field.get_attribute("aria-invalid") == "true"
    problem = page.locator("#" + field.get_attribute("aria-describedby"))
    assert problem.is_visible()
    assert text in problem.text_content()
    assert "0.8" in problem.text_content()
    assert page.locator(".pg-unfolded svg").inner_html() == drawn
    assert values(page) == before | {"pg-kernel-0-0": text}
    # What is wrong there stays there while something else is changed.
    page.locator("#pg-bias-0").fill("0.3")
    page.locator("#pg-activation").select_option("relu")
    page.locator("#pg-units").select_option("3")
    assert field.input_value() == text
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("−０．５")
    assert field.get_attribute("aria-invalid") is None
    assert problem.is_hidden()
    assert "kernel=-0.5," in page.evaluate("document.activeElement.blur(), location.hash")


def test_numbers_out_of_sight_come_back(opened):
    page = opened("#preset=echo")
    before = values(page)
    for field in ("units", "steps"):
        page.locator(f"#pg-{field}").select_option("1")
    for field, back in (("units", "3"), ("steps", "5")):
        page.locator(f"#pg-{field}").select_option(back)
    assert values(page) == before


def test_arrow_keys_change_a_number(opened):
    page = opened("#preset=vanishing")
    page.locator("#pg-recurrentKernel-0-0").focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert page.locator("#pg-recurrentKernel-0-0").input_value() == "0.7"
    page.keyboard.press("Tab")
    assert "recurrent_kernel=0.7" in page.evaluate("location.hash")


@pytest.mark.parametrize(
    "hash_",
    [
        "#preset=first",
        "#preset=sunspots",
        "#preset=exploding",
        "#preset=first&units=4&features=2&steps=7&activation=sigmoid&loss=all",
    ],
)
def test_the_python_code_prints_the_numbers_of_the_page(opened, hash_):
    page = opened(hash_)
    page.locator("summary", has_text="As Python").click()
    code = page.get_by_label("As Python").text_content()
    floatx = keras.config.floatx()
    try:
        with redirect_stdout(StringIO()) as printed:
            exec(compile(code, "copied", "exec"), {})
    finally:
        keras.config.set_floatx(floatx)
    said = code.partition("# It prints:\n")[2].replace("# ", "").split()
    shown = printed.getvalue().split()
    assert len(said) == len(shown) > 10
    for one, other in zip(said, shown, strict=True):
        if re.match(r"[-\d]", one):
            assert float(one) == pytest.approx(float(other), rel=2e-6, abs=1e-9)
        else:
            assert one == other


def test_copying_puts_the_code_and_the_link_where_they_can_be_pasted(opened):
    page = opened("#preset=counter", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as Python").click()
    page.wait_for_function("document.querySelector('.pg-told').textContent !== ''")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("As Python").text_content()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()").endswith("#preset=counter")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_accessible_and_fits(opened, language, scheme, width):
    page = opened("#preset=sunspots&at=40", language, scheme, width)
    page.locator("#pg-units").select_option("4")
    page.locator("#pg-features").select_option("2")
    page.locator("#pg-x-0-0").fill("abc")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert violations(page, ".md-content") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_javascript_the_first_setting_is_there_to_read(opened, language):
    page = opened("", language, java_script_enabled=False)
    assert page.locator("[data-still] img").is_visible()
    assert page.evaluate("document.querySelector('[data-still] img').naturalWidth") > 500
    assert page.locator(".pg-equations math").count() >= 10
    with_script = opened("#preset=first&at=999", language)
    setting = presets(with_script)["first"]
    expected = by_reference(setting) | by_equations(setting)
    rows = page.locator("table").first.locator("tbody tr").all()
    names = ("preActivation", "state", "upstream", "error", "localError")
    shown = [row.locator("td").all_text_contents()[2:] for row in rows]
    for column, name in zip(np.transpose(shown), names, strict=True):
        assert close(column, expected[name])
    sums = [
        row.locator("td").last.text_content()
        for row in page.locator("table").nth(1).locator("tbody tr").all()
    ]
    assert close(sums, expected["recurrentKernel"])
    assert with_script.locator("[data-still] table").first.is_hidden()


def test_all_modules_together_are_less_than_60_kb():
    files = list((FOLDER / "playground").glob("*.js"))
    assert len(files) > 5
    assert sum(len(file.read_bytes()) for file in files) < 60_000


def test_both_languages_have_the_same_words(opened):
    counts = [
        opened("#preset=first&at=5", language).locator(".playground *").count()
        for language in LANGUAGES
    ]
    assert counts[0] == counts[1]
    for language in LANGUAGES:
        text = opened("#preset=first&at=5", language).locator(".playground").inner_text()
        assert "undefined" not in text
