"""Formulae: LaTeX on a page, MathML in the site. No script, and screen readers read it."""

import re
from html import unescape

from math_core import LatexToMathML

# One notation on all pages.
NAMES = {
    "Wax": r"W_{ax}",
    "Waa": r"W_{aa}",
    "ba": r"b_a",
    "pre": r"\hat{a}",
    "upstream": "g",
    "error": "e",
    "local": "d",
    "grad": r"\frac{\partial L}{\partial #1}",
    "T": r"^{\mathsf{T}}",
}
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">'
    r"(?:\\\((?P<inline>.*?)\\\)|\\\[(?P<block>.*?)\\\])</(?P=tag)>",
    re.DOTALL,
)
SYMBOL = re.compile(r"<td>(?=<math(?:(?!</math>).)*</math></td>)", re.DOTALL)
# No line begins with one of these, so none is broken between a formula and it.
CLOSING = tuple(",.;:!?)]」、。，．）")
WORD_JOINER = "\u2060"
_latex = LatexToMathML(macros=NAMES, fancy_error=False)


def formulae_in(html: str) -> str:
    """The page with its formulae as MathML.

    Raises:
        LatexError: If a formula can't be read.
    """
    return SYMBOL.sub('<td class="symbol">', FORMULA.sub(_mathml, html))


def _mathml(found: re.Match) -> str:
    block = found["block"] is not None
    latex = unescape(found["block"] if block else found["inline"])
    mathml = _latex.convert_with_local_state(latex.strip(), displaystyle=block)
    if block:
        return f'<div class="formula">{mathml}</div>'
    return mathml + (WORD_JOINER if found.string.startswith(CLOSING, found.end()) else "")
