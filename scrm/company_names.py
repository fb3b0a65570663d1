"""What of a company's name, phone and credit code is compared when two may be the same company; pure."""

from __future__ import annotations

import re
import unicodedata

from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError

from scrm.errors import Refused
from scrm.simplified import simplified

PLACES = tuple(
    "中国 北京 上海 天津 重庆 广东 广州 深圳 珠海 佛山 东莞 中山 惠州 汕头 浙江 杭州 宁波 温州 嘉兴 绍兴 金华 台州 湖州 江苏 南京 苏州 无锡 常州 南通 徐州 扬州 盐城 镇江 泰州 昆山 福建 福州 厦门 泉州 漳州 莆田 山东 济南 青岛 烟台 潍坊 临沂 淄博 威海 河北 石家庄 唐山 保定 山西 太原 内蒙古 呼和浩特 包头 鄂尔多斯 辽宁 沈阳 大连 吉林 长春 黑龙江 哈尔滨 安徽 合肥 芜湖 江西 南昌 赣州 九江 河南 郑州 洛阳 湖北 武汉 宜昌 襄阳 湖南 长沙 株洲 湘潭 广西 南宁 柳州 桂林 海南 海口 三亚 四川 成都 绵阳 德阳 宜宾 贵州 贵阳 遵义 云南 昆明 西藏 拉萨 陕西 西安 咸阳 甘肃 兰州 青海 西宁 宁夏 银川 新疆 乌鲁木齐 香港 澳门 台湾".split()  # noqa: SIM905 - read as a list of words
)
MIN_CORE = 2  # letters that say anything about who is meant
MIN_REST = 3  # without its place a shorter name could be any: 银行 of 杭州银行
MIN_PHONE = 7
_NOISE = re.compile(r"[\s()（）\[\]【】,，.。·\-_&]+")
_BRACKETS = re.compile(r"[(\[【]([^)\]】]*)[)\]】]")
_PLACE = re.compile(rf"(?:{'|'.join(sorted(PLACES, key=len, reverse=True))})[市省]?")
_FORM = re.compile(
    r"(?<![分子])(?:股份有限公司|有限责任公司|责任有限公司|有限公司|股份公司|集团公司|总公司|公司|集团|控股|股份|有限合伙|"
    r"合伙企业|co\.?,?ltd\.?|ltd\.?|inc\.?|corp\.?|llc|gmbh)$"
)
_DIGITS = re.compile(r"\d+")
_COUNTRY = re.compile(r"^(?:00)?86(?=1\d{10}$|0?\d{9,11}$)")


class BadCreditCode(Refused):
    """The 统一社会信用代码 cannot be one; says what is wrong with it."""

    sentence = "「{code}」{why}，请核对。"
    length = "不是 18 位（有 {count} 位），不是统一社会信用代码"
    checksum = "统一社会信用代码校验不通过，可能抄错了一位"
    letters = "里有统一社会信用代码不会用的字符"

    def __init__(self, code: str, error: ValidationError) -> None:
        why = (
            self.length.format(count=len(code)) if isinstance(error, InvalidLength)
            else self.checksum if isinstance(error, InvalidChecksum) else self.letters
        )  # fmt: skip
        super().__init__(code=code, why=why)


def credit_code(said: str) -> str:
    """The code as it is kept. Raises BadCreditCode."""
    code = _NOISE.sub("", unicodedata.normalize("NFKC", said)).upper()
    try:
        return uscc.validate(code)
    except ValidationError as error:
        raise BadCreditCode(code[:32], error) from error


def name_key(name: str) -> str:
    """A name as it is compared: width, case, spaces and punctuation folded."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).casefold()


def core(name: str) -> str:
    """The name without place and legal form, in simplified letters; "" where too little is left."""
    return _parts(name)[0]


def are_far_apart(one: str, other: str) -> bool:
    """Whether both names say a place and not the same: 北京宏图精密, 上海宏图精密."""
    places = _parts(one)[1], _parts(other)[1]
    return all(places) and not places[0] & places[1]


def phone(said: str) -> str:
    """A phone number as it is compared: its digits without the country; "" where they are too few."""
    digits = "".join(_DIGITS.findall(unicodedata.normalize("NFKC", said)))
    digits = _COUNTRY.sub("", digits)
    return digits if len(digits) >= MIN_PHONE else ""


def _parts(name: str) -> tuple[str, frozenset[str]]:
    """The core, and the places that were cut off it."""
    folded = simplified(unicodedata.normalize("NFKC", name)).casefold()
    places = {_bare(inside) for inside in _BRACKETS.findall(folded) if _PLACE.fullmatch(inside)}
    rest = _BRACKETS.sub(
        lambda found: "" if _PLACE.fullmatch(found[1]) or _FORM.fullmatch(found[1]) else found[1], folded
    )
    rest = _NOISE.sub("", rest)
    while (short := _FORM.sub("", rest)) != rest and len(short) >= MIN_CORE:
        rest = short
    while (place := _PLACE.match(rest)) and len(rest) - place.end() >= MIN_REST:
        places.add(_bare(place.group()))
        rest = rest[place.end() :]
    return (rest[:128] if len(rest) >= MIN_CORE else ""), frozenset(places)


def _bare(place: str) -> str:
    return place.rstrip("市省")
