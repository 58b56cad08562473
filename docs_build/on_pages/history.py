"""The timeline of recurrent networks."""

from typing import NamedTuple

from keras_rnn_explained.figures.drawing import BLUE, GREEN, VERMILLION

LANES = ("state", "gates", "attention", "linear")
COLOURS = (BLUE, GREEN, "#CC79A7", VERMILLION)
LANE_NAMES = {
    "en": ("state through φ", "gates", "attention", "linear recurrence"),
    "ja": ("φ を通る状態", "ゲート", "注意機構", "線形の再帰"),
}


class Event(NamedTuple):
    """What came up.

    Attributes:
        year: When.
        lane: One of `LANES`.
        names: By language.
    """

    year: int
    lane: str
    names: dict[str, str]


def _event(year: int, lane: str, en: str, ja: str = "") -> Event:
    return Event(year, lane, {"en": en, "ja": ja or en})


EVENTS = (
    _event(1986, "state", "Jordan: output fed back", "Jordan: 出力を戻す"),
    _event(1986, "state", "Rumelhart et al.: unfolding", "Rumelhart ら: 展開"),
    _event(1990, "state", "Elman: state fed back", "Elman: 隠れ状態を戻す"),
    _event(1990, "state", "Werbos: BPTT"),
    _event(1991, "state", "Hochreiter: vanishing gradients", "Hochreiter: 勾配消失"),
    _event(1994, "state", "Bengio et al.: why it is hard", "Bengio ら: なぜ難しいか"),
    _event(1997, "gates", "LSTM"),
    _event(2000, "gates", "LSTM’s forget gate", "LSTM の忘却ゲート"),
    _event(2014, "gates", "GRU, encoder–decoder", "GRU、符号化器と復号器"),
    _event(2015, "attention", "Bahdanau et al.: attention", "Bahdanau ら: 注意機構"),
    _event(2017, "attention", "Transformer"),
    _event(2020, "linear", "Linear attention is an RNN", "線形注意は RNN である"),
    _event(2022, "linear", "S4"),
    _event(2023, "linear", "LRU, RWKV, Mamba", "LRU、RWKV、Mamba"),
    _event(2024, "linear", "Griffin, xLSTM, minGRU", "Griffin、xLSTM、minGRU"),
)

WIDTH, ROW, SIZE = 336, 24, 13
FIRST_LANE, LANE, TEXT = 54, 17, 124
YEARS_OF_A_ROW = 3
"""Years without an event push the next one down: so many of them by a row."""


def timeline(language: str, name: str) -> str:
    """The events, one below the other, each kind in a lane of its own.

    Args:
        language: Of the page.
        name: What a screen reader says of it.
    """
    top = ROW * len(LANES) + ROW // 2
    heights = []
    y, last = float(top), EVENTS[0].year
    for event in EVENTS:
        y += ROW + ROW * max(0, event.year - last - 1) / YEARS_OF_A_ROW
        heights.append(y)
        last = event.year
    bottom = y + ROW
    parts = [_lane_name(*each) for each in enumerate(LANE_NAMES[language])]
    for place, lane in enumerate(LANES):
        first = next(h for h, event in zip(heights, EVENTS, strict=True) if event.lane == lane)
        parts.append(_lane(place, first, bottom - ROW / 2))
    shown = None
    for event, y in zip(EVENTS, heights, strict=True):
        place = LANES.index(event.lane)
        if event.year != shown:
            parts.append(_text(0, y, str(event.year), weight="bold"))
            shown = event.year
        parts += [
            f'<circle cx="{_x(place)}" cy="{y:.0f}" r="5" fill="{COLOURS[place]}"/>',
            _text(TEXT, y, event.names[language]),
        ]
    return (
        f'<figure class="drawn timeline"><svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-labelledby="timeline-name" viewBox="0 0 {WIDTH} {bottom:.0f}" font-size="{SIZE}">'
        f'<title id="timeline-name">{name}</title>{"".join(parts)}</svg></figure>'
    )


def _x(place: int) -> int:
    return FIRST_LANE + LANE * place


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y:.0f}" dominant-baseline="central" font-weight="{weight}" '
        f'fill="var(--figure-ink, #1A1A1A)">{text}</text>'
    )


def _lane_name(place: int, text: str) -> str:
    """A name above its lane, with a line that leads down to it."""
    y = ROW * (place + 0.6)
    return (
        f'<path d="M{TEXT - 6} {y:.0f}H{_x(place)}V{ROW * (len(LANES) + 0.3):.0f}" fill="none" '
        f'stroke="{COLOURS[place]}"/>' + _text(TEXT, y, text)
    )


def _lane(place: int, top: float, bottom: float) -> str:
    return (
        f'<path d="M{_x(place)} {top:.0f}V{bottom:.0f}" stroke="{COLOURS[place]}" '
        'stroke-width="2" stroke-opacity="0.5"/>'
    )
