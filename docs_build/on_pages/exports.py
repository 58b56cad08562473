"""What can be exported to which format, as `tests/test_exporting.py` exports and compares it."""

FORMATS = {"SavedModel": "tf_saved_model", "LiteRT": "litert", "ONNX": "onnx"}
"""The formats, and what Keras calls them."""

MODELS = {
    "any batch": {"en": "any batch size", "ja": "任意のバッチサイズ"},
    "fixed batch": {"en": "fixed batch size", "ja": "固定したバッチサイズ"},
    "any time": {"en": "any number of time steps", "ja": "任意の時刻数"},
    "last state": {"en": "the last state alone", "ja": "最後の状態だけ"},
    "bidirectional": {"en": "`Bidirectional`", "ja": "`Bidirectional`"},
    "stacked": {"en": "one layer above the other", "ja": "層を重ねたもの"},
    "masked": {"en": "below a `Masking`", "ja": "`Masking` の上"},
    "go_backwards": {"en": "`go_backwards=True`", "ja": "`go_backwards=True`"},
    "return_state": {"en": "`return_state=True`", "ja": "`return_state=True`"},
    "initial_state": {
        "en": "`initial_state` as an input",
        "ja": "`initial_state` を入力とするもの",
    },
    "relu": {"en": '`activation="relu"`', "ja": '`activation="relu"`'},
    "dropout": {"en": "`dropout`, `recurrent_dropout`", "ja": "`dropout`、`recurrent_dropout`"},
    "unroll": {"en": "`unroll=True`", "ja": "`unroll=True`"},
    "stateful": {"en": "`stateful=True`", "ja": "`stateful=True`"},
}
"""The models of the table."""

REFUSED = {("stateful", "ONNX")}
"""What is refused, by model and format."""

WORDS = {
    "en": {"model": "`ExplainedRNN`, with", "yes": "yes", "no": "refused"},
    "ja": {"model": "`ExplainedRNN` の使い方", "yes": "できる", "no": "断る"},
}


def matrix(language: str) -> str:
    """A table of models by formats."""
    words = WORDS[language]
    rows = [[words["model"], *FORMATS], ["---"] * (1 + len(FORMATS))]
    for name, labels in MODELS.items():
        can = [words["no" if (name, format) in REFUSED else "yes"] for format in FORMATS]
        rows.append([labels[language], *can])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
