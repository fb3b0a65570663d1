"""What every picture is drawn on: a phone's width, letters of one font, smooth edges."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from bot.pictures.fonts import font

WIDTH = 750  # twice the points of a common phone
MARGIN = 36
SMOOTH = 2  # drawn so many times as large
INK, GREY, PALE, LINE = "#1f2329", "#8a9099", "#eef1f6", "#e3e6eb"
BLUE, GREEN, RED, AMBER = "#2f6bff", "#1aa260", "#e5484d", "#f5a623"


class Canvas:
    """A white sheet; all measures in pixels of the finished picture."""

    def __init__(self, height: int, file: str) -> None:
        from PIL import Image, ImageDraw  # most processes draw nothing

        self._image = Image.new("RGB", (WIDTH * SMOOTH, height * SMOOTH), "white")
        self._draw = ImageDraw.Draw(self._image)
        self._file = file

    def text(self, x: float, y: float, words: str, size: int = 28, colour: str = INK, anchor: str = "lm") -> None:
        """Words at a point; `anchor` as Pillow has it: l, m or r, then m for the middle of the line."""
        where = (x * SMOOTH, y * SMOOTH)
        self._draw.text(where, words, fill=colour, font=font(self._file, size * SMOOTH), anchor=anchor)

    def width(self, words: str, size: int = 28) -> float:
        """How wide the words are."""
        return font(self._file, size * SMOOTH).getlength(words) / SMOOTH

    def fitted(self, words: str, room: float, size: int = 28) -> str:
        """The words, cut with … where they are wider than the room."""
        if self.width(words, size) <= room:
            return words
        while words and self.width(f"{words}…", size) > room:
            words = words[:-1]
        return f"{words}…"

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, radius: float = 8) -> None:
        """A filled box with round corners."""
        corners = (left * SMOOTH, top * SMOOTH, max(right, left + 2) * SMOOTH, bottom * SMOOTH)
        self._draw.rounded_rectangle(corners, min(radius, (right - left) / 2) * SMOOTH, fill=colour)

    def shape(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * SMOOTH, y * SMOOTH) for x, y in points], fill=colour)

    def line(self, left: float, top: float, right: float, bottom: float, colour: str = LINE, width: float = 1) -> None:
        """A straight line."""
        ends = (left * SMOOTH, top * SMOOTH, right * SMOOTH, bottom * SMOOTH)
        self._draw.line(ends, fill=colour, width=round(width * SMOOTH))

    def heading(self, title: str, subtitle: str) -> None:
        """The two lines at the top."""
        self.text(MARGIN, 52, self.fitted(title, WIDTH - 2 * MARGIN, 38), 38)
        self.text(MARGIN, 98, self.fitted(subtitle, WIDTH - 2 * MARGIN, 25), 25, GREY)

    def png(self) -> bytes:
        """The finished picture."""
        target = BytesIO()
        self._image.reduce(SMOOTH).save(target, "PNG", optimize=False, compress_level=6)
        return target.getvalue()
