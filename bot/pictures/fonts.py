"""A font with Chinese letters: the one configured, else the first good one found on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

log = structlog.get_logger("pictures")

# As distributions and systems name them, the better ones first; beginnings of file names.
KNOWN = (
    "NotoSansCJK-Regular", "NotoSansCJKsc-Regular", "NotoSansSC", "SourceHanSansSC-Regular", "SourceHanSansCN-Regular", "SourceHanSans",
    "PingFang", "msyh", "wqy-microhei", "wqy-zenhei", "Hiragino Sans GB", "STHeiti", "simhei", "DroidSansFallback", "uming", "ukai",
)  # fmt: skip
FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/System/Library/Fonts", "/Library/Fonts",
    "C:/Windows/Fonts",
)  # fmt: skip
ENDINGS = (".ttf", ".ttc", ".otf")
MOST = 20_000  # files looked at


@lru_cache(maxsize=8)
def path(configured: str = "") -> str:
    """The font's file; "" where there is none, which the log says once."""
    from PIL import ImageFont

    for candidate in (configured, *_found()) if configured else _found():
        try:
            ImageFont.truetype(candidate, 12)
        except OSError:
            log.warning("font_unreadable", font=candidate)
            continue
        return candidate
    log.warning("no_chinese_font", hint="install fonts-noto-cjk, or name a font file in [pictures] font")
    return ""


@lru_cache(maxsize=64)
def font(file: str, size: int) -> FreeTypeFont:
    """The font in a size (pixels)."""
    from PIL import ImageFont

    return ImageFont.truetype(file, size)


def _found() -> list[str]:
    files = [file for folder in FOLDERS for file in _files(Path(folder).expanduser())]
    ranked = [
        (rank, str(file))
        for file in files
        for rank, name in enumerate(KNOWN)
        if file.name.lower().startswith(name.lower())
    ]
    return list(dict.fromkeys(file for _, file in sorted(ranked)))


def _files(folder: Path) -> Iterator[Path]:
    seen = 0
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            seen += 1
            if name.lower().endswith(ENDINGS):
                yield Path(root) / name
        if seen > MOST:
            return
