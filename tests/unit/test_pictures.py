"""Pictures: drawn to the figures, whatever they are; and none where no font has Chinese letters."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFont
from structlog.testing import capture_logs

from bot.pictures import charts, fonts
from bot.pictures.canvas import AMBER, BLUE, GREEN, WIDTH
from bot.pictures.charts import Bar, Column, Figure, FunnelRow


def opened(png: bytes) -> Image.Image:
    picture = Image.open(BytesIO(png))
    picture.load()
    return picture


def coloured(picture: Image.Image, y: int, colour: str) -> int:
    """How many points of a line have this colour."""
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return sum(picture.getpixel((x, y)) == wanted for x in range(picture.width))


@pytest.fixture
def font() -> str:
    file = fonts.path()
    if not file:
        pytest.skip("left out without a Chinese font: none on this machine")
    return file


def test_bars_are_as_long_as_their_figures(font: str) -> None:
    rows = [
        Bar("李娜", 80, "80万", 100, "good"),
        Bar("王磊", 40, "40万", 0),
        Bar("陈静", 20, "20万", 0, "bad"),
        Bar("孙浩", 0, "0"),
    ]
    picture = opened(charts.bars("本月排行", "合计", rows, font=font))
    assert picture.width == WIDTH
    lengths = [coloured(picture, 136 + 84 * index + 24, one) for index, one in enumerate((GREEN, BLUE, AMBER))]
    assert lengths[0] / lengths[1] == pytest.approx(2, rel=0.05)
    assert lengths[1] / lengths[2] == pytest.approx(2, rel=0.05)


def test_whatever_the_figures_there_is_a_picture(font: str) -> None:
    figure = Figure("100%", "标准 62%", "good")
    long = "一个长得不得了的阶段名称放不下"
    for sizes in ((0,), (0, 0), (1, 10**9, 0), tuple(range(40))):
        rows = [FunnelRow(long, size, figure, Figure("–")) for size in sizes]
        assert (
            opened(charts.funnel(long * 3, long * 5, ("阶段", "进入", "转化率", "停留"), rows, font=font)).height < 2000
        )
        bars = [Bar(long, size, "1234.5678亿", size / 2) for size in sizes]
        assert opened(charts.bars("排行", "", bars, font=font)).height < 2000
        assert charts.columns("预测", "", [Column("1月", size, "9亿", size, 3) for size in sizes], font=font)
    assert charts.columns("预测", "", [], font=font)


def test_without_a_font_there_is_no_picture_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path),))
    (tmp_path / "NotoSansCJK-Regular.ttc").write_bytes(b"no font")
    fonts.path.cache_clear()
    with capture_logs() as logs:
        assert [fonts.path(), fonts.path(), fonts.path()] == ["", "", ""]
    assert [line["event"] for line in logs] == ["font_unreadable", "no_chinese_font"]
    fonts.path.cache_clear()


def test_the_configured_font_comes_first(font: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "own.ttc"
    own.write_bytes(Path(font).read_bytes())
    assert fonts.path(str(own)) == str(own)
    assert fonts.path(str(tmp_path / "gone.ttf")) == font
    assert isinstance(fonts.font(font, 28), ImageFont.FreeTypeFont)
