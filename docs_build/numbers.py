"""Numbers as they are read."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def rounded(number: float, digits: int = 2) -> str:
    """So many significant digits, and a power of ten where zeros would be many.

    Examples:
        >>> rounded(0.0312), rounded(1234), rounded(170_000.0), rounded(8.6e-05), rounded(1e-5, 1)
        ('0.031', '1200', '1.7 × 10⁵', '8.6 × 10⁻⁵', '10⁻⁵')
    """
    shown = f"{number:.{digits}g}"
    if number == 0 or 1e-4 <= abs(number) < 1e5:
        return f"{float(shown):g}"
    mantissa, _, exponent = shown.partition("e")
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    return power if mantissa == "1" else f"{mantissa} × {power}"
