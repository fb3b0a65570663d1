"""A funnel, bars and columns, as PNG bytes; every word on them comes from the caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.pictures.canvas import AMBER, BLUE, GREEN, GREY, INK, LINE, MARGIN, PALE, RED, WIDTH, Canvas

Mood = Literal["", "good", "bad"]
MOODS: dict[Mood, str] = {"": INK, "good": GREEN, "bad": RED}
HEAD = 136  # title and subtitle
MOST_ROWS = 14  # a picture taller than that is not looked at on a phone
_STEPS = ("#2f6bff", "#4a80ff", "#6595ff", "#80aaff", "#9bbfff")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it is compared with below it."""

    text: str
    below: str = ""
    mood: Mood = ""


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """One stage: its size, and two figures beside it."""

    name: str
    size: int
    first: Figure
    second: Figure


def funnel(
    title: str, subtitle: str, heads: tuple[str, str, str, str], rows: Sequence[FunnelRow], *, font: str
) -> bytes:
    """Stages below each other, each as wide as its size, with the figures of the two last columns beside it."""
    shown, tall, top = rows[:MOST_ROWS], 104, HEAD + 44
    canvas = Canvas(top + tall * len(shown) + 28, font)
    canvas.heading(title, subtitle)
    middle, room = 330, 250
    for x, words, anchor in zip((MARGIN, middle, 560, 714), heads, ("lm", "mm", "rm", "rm"), strict=True):
        canvas.text(x, HEAD + 14, words, 23, GREY, anchor)
    most = max([row.size for row in shown] + [1])
    widths = [max(6.0, room * row.size / most) for row in shown]
    for index, row in enumerate(shown):
        y, wide = top + index * tall, widths[index]
        below = min(wide, widths[index + 1]) if index + 1 < len(shown) else wide * 0.8
        corners = [
            (middle - wide / 2, y), (middle + wide / 2, y), (middle + below / 2, y + tall - 8), (middle - below / 2, y + tall - 8)
        ]  # fmt: skip
        canvas.shape(corners, _STEPS[min(index, len(_STEPS) - 1)])
        centre = y + (tall - 8) / 2
        canvas.text(MARGIN, centre, canvas.fitted(row.name, middle - room / 2 - MARGIN - 8, 29), 29)
        fits = (wide + below) / 2 > canvas.width(str(row.size), 32) + 16
        canvas.text(
            middle if fits else middle + max(wide, below) / 2 + 8,
            centre,
            str(row.size),
            32,
            "white" if fits else INK,
            "mm" if fits else "lm",
        )
        for x, figure in ((560, row.first), (714, row.second)):
            _figure(canvas, x, centre, figure)
    return canvas.png()


def _figure(canvas: Canvas, x: float, y: float, figure: Figure) -> None:
    canvas.text(x, y - 15 if figure.below else y, figure.text, 30, MOODS[figure.mood], "rm")
    canvas.text(x, y + 21, figure.below, 22, GREY, "rm")


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a ranking: `size` long with its text behind it; `mark` is where the target lies, 0 = there is none."""

    name: str
    size: float
    text: str
    mark: float = 0.0
    mood: Mood = ""


def bars(title: str, subtitle: str, rows: Sequence[Bar], *, font: str, note: str = "") -> bytes:
    """Bars from the left, one below the other, longest = the largest size or mark."""
    shown, tall = rows[:MOST_ROWS], 84
    canvas = Canvas(HEAD + tall * len(shown) + (64 if note else 28), font)
    canvas.heading(title, subtitle)
    most = max([max(row.size, row.mark) for row in shown] + [0.0]) or 1.0
    texts = max((canvas.width(row.text, 28) for row in shown), default=0.0)
    left, right = MARGIN + 168, WIDTH - MARGIN - min(texts, 260) - 16
    for index, row in enumerate(shown):
        y = HEAD + index * tall + tall / 2
        canvas.text(MARGIN, y, canvas.fitted(row.name, left - MARGIN - 12, 28), 28)
        canvas.box(left, y - 20, right, y + 20, PALE)
        if row.size > 0:
            end = left + (right - left) * row.size / most
            canvas.box(left, y - 20, end, y + 20, {"": BLUE, "good": GREEN, "bad": AMBER}[row.mood])
        if row.mark > 0:
            x = left + (right - left) * row.mark / most
            canvas.line(x, y - 30, x, y + 30, INK, 3)
        canvas.text(WIDTH - MARGIN, y, canvas.fitted(row.text, 260, 28), 28, INK, "rm")
    if note:
        canvas.text(MARGIN, HEAD + tall * len(shown) + 28, note, 23, GREY)
    return canvas.png()


@dataclass(frozen=True, slots=True)
class Column:
    """One month of a trend: won, what is expected on top of it, and the target (0 = there is none)."""

    name: str
    size: float
    text: str
    more: float = 0.0
    mark: float = 0.0


def columns(title: str, subtitle: str, rows: Sequence[Column], *, font: str, note: str = "") -> bytes:
    """Columns side by side, with what may still come in a paler colour and a line where the target lies."""
    floor, high = 620, 400
    canvas = Canvas(floor + (110 if note else 70), font)
    canvas.heading(title, subtitle)
    most = max([max(row.size + row.more, row.mark) for row in rows] + [0.0]) or 1.0
    step = (WIDTH - 2 * MARGIN) / max(len(rows), 1)
    wide = min(84.0, step * 0.6)
    canvas.line(MARGIN, floor, WIDTH - MARGIN, floor, LINE, 2)
    for index, row in enumerate(rows):
        x = MARGIN + step * (index + 0.5)
        won, whole = high * row.size / most, high * (row.size + row.more) / most
        if row.more > 0:
            canvas.box(x - wide / 2, floor - whole, x + wide / 2, floor, "#c5d6ff", 6)
        if row.size > 0:
            canvas.box(x - wide / 2, floor - won, x + wide / 2, floor, BLUE, 6)
        label = floor - max(whole, 0) - 22
        if row.mark > 0:
            y = floor - high * row.mark / most
            canvas.line(x - wide / 2 - 10, y, x + wide / 2 + 10, y, INK, 3)
            label = min(label, y - 22) if abs(label - y) < 24 else label
        canvas.text(x, label, canvas.fitted(row.text, step, 24), 24, INK, "mm")
        canvas.text(x, floor + 30, canvas.fitted(row.name, step, 24), 24, GREY, "mm")
    if note:
        canvas.text(MARGIN, floor + 78, note, 23, GREY)
    return canvas.png()
