"""Numbers as they are read."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def rounded(number: float, digits: int = 2) -> str:
    """So many significant digits, with a power of ten where Python would write an exponent.

    Examples:
        >>> rounded(0.0312), rounded(170_000.0), rounded(8.6e-05), rounded(1e-5, 1)
        ('0.031', '1.7 × 10⁵', '8.6 × 10⁻⁵', '10⁻⁵')
    """
    mantissa, _, exponent = f"{number:.{digits}g}".partition("e")
    if not exponent:
        return mantissa
    power = f"10{str(int(exponent)).translate(_RAISED)}"
    return power if mantissa == "1" else f"{mantissa} × {power}"
