"""Numbers within a sentence."""

from keras_rnn_explained.figures.wording import power_of_ten


def in_words(value: float, digits: int = 2) -> str:
    """A number in a few digits, very large and very small ones with a power of ten."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{float(f'{value:.{digits}g}'):,.10g}".replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}·{power_of_ten(int(exponent))}".replace("-", "−")
