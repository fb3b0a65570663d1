"""How numbers, money, percentages and telephone numbers are written and spoken."""

import re
from decimal import Decimal

from bot.nlu.cues import words
from bot.nlu.lazy import lazily


def _unnamed(pattern: str) -> str:
    """The pattern with its groups made anonymous, so that it can stand beside others."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


DIGITS: dict[str, int] = {
    **{char: value for value, char in enumerate("零一二三四五六七八九")},
    **{char: value for value, char in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "参": 3, "叁": 3, "两": 2, "俩": 2, "幺": 1, "弌": 1, "弍": 2, "弎": 3,
}  # fmt: skip
TENS: dict[str, int] = {"廿": 20, "卅": 30}
UNITS: dict[str, int] = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1000,
    "仟": 1000,
    "万": 10**4,
    "亿": 10**8,
    "兆": 10**12,
}
LATIN_SCALES: dict[str, Decimal] = {
    "w": Decimal(10**4), "k": Decimal(1000), "m": Decimal(10**6), "g": Decimal(10**9), "million": Decimal(10**6), "mio": Decimal(10**6),
    "bn": Decimal(10**9), "billion": Decimal(10**9), "thousand": Decimal(1000),
}  # fmt: skip
# Traditional characters of numbers and times that have one simplified form whatever stands beside them.
ALWAYS_SIMPLE: dict[str, str] = dict(
    zip(
        "萬億點個號兩貳陸負塊錢圓週禮後時鐘間幾節農曆從來過現當內歲陰陽這還與國慶聖勞動離晝聽歷貝幣",
        "万亿点个号两贰陆负块钱圆周礼后时钟间几节农历从来过现当内岁阴阳这还与国庆圣劳动离昼听历贝币",
        strict=True,
    )
)
POINT = "点"
VAGUE = "几"
ZEROS = "零〇"
ONE = "一"
HALF = "半"
ORDINAL = "第"
NOT_ONE = tuple("共切起般定样直些下边旦向致律概贯时旁再度味")  # 一共, 一切 … count nothing
BARE_HUNDREDS = r"百[来多]?万|十[来多余几]?[万亿]|十[一二三四五六七八九]"

D = "".join(DIGITS)
U = "".join(UNITS)
CN = D + U + "廿卅"
_MORE = rf"(?:个?[多来余几])(?=[{U}w])|个(?=[亿万])"
# Possessive: a run of digits is one token, or runs of runs would be tried in every division of a long one.
ARABIC = r"\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)?"
# 8万一笔, 3万一台: what each is, not 81,000.
_EACH = "(?!(?<=[万亿])一[笔台套个家位份吨件年平条次人间辆])"
PIECE = rf"(?:{ARABIC}|{_EACH}[{CN}]|{POINT}(?=[{D}])|(?<=[{CN}\d]){_MORE})"
CHUNK = rf"{PIECE}(?:{PIECE}|\s(?=[万亿]))*"
SCALE_ANY = r"(?:\s?(?:million|billion|thousand|mio|bn|[wkmg])(?![a-z]))"
SCALE = r"(?:\s?(?:million|billion|thousand|mio|bn|[wkm](?:,?\d(?!\d))?))(?![a-z])"
NUMBER = rf"(?:{CHUNK}|半个?亿)(?:{SCALE})?"

# Any numeral, for counting all of them: blanks around units (三千 五 百), signs, fractions, powers, dozens.
_UNIT_GAP = rf"(?>\s+(?=[{U}几余多])|(?<=[{U}])\s+(?=[{CN}几\d]))"
_WORDS = (
    rf"(?:{ARABIC}|[{CN}](?<![百千万亿兆佰仟])|[百佰千仟](?=[一二三四五六七八九十]?[万亿])|(?<![{U}])十|"
    rf"(?<![{CN}\d])[百千万](?=[一二三四五六七八九](?![{CN}])))(?:{_UNIT_GAP}?(?:{ARABIC}|[{CN}]|"
    rf"[几余多](?=\s?[{U}])))*"
)
_POINTED = rf"(?:\s*{POINT}\s*[{D}\d]+(?:{_UNIT_GAP}?[{U}])*)?"
SPOKEN = rf"(?:{_WORDS}{_POINTED}|\.\d+){SCALE_ANY}?"
MORE = lazily("[多余几]")
ANY_VAGUE = "几数"
HALF_OF = lazily("半个?(?=[亿万])")
WIDE_COMMA = lazily("(?<=[０-９])，(?=[０-９]{3})")
TEN_THOUSANDS = r"[万亿wkm]|million|billion|thousand|mio|bn"
MINUS = ("负", "-")
DOZENS = {"打": 12, "对": 2}
HALVES = {
    "半打": Decimal(6),
    "半百": Decimal(50),
    "一半": Decimal("0.5"),
    "1半": Decimal("0.5"),
    "一半半": Decimal("0.5"),
}
PART_OF = (
    r"(?:(?P<minus>负|"
    rf"-)\s*)?(?:(?P<whole>{SPOKEN})\s*又\s*)?(?P<lower>{SPOKEN})\s*[分份]\s*之?\s*(?P<minus2>负|"
    rf"-)?\s*(?P<upper>{SPOKEN})"
)
MIXED = r"(?P<minus>-)?(?:(?P<whole>\d{1,9}) )?(?P<upper>\d{1,9})/(?P<lower>[1-9]\d{0,8})"
POWER = r"(?P<base>-?\d+(?:\.\d+)?)(?P<sign>\^|e)(?P<exponent>(?:\+|-{1,2})?\d{1,4})"
_NOT_LATIN = r"(?<![a-z\d.])"
PLAIN = rf"半[百打]|[一1]半半?|(?:负\s?|(?<![\w)）])-)?{SPOKEN}[打对]?(?<!^[万亿])"
NUMERAL = "|".join((
    rf"{_NOT_LATIN}{_unnamed(POWER)}(?![a-z\d])", rf"{_unnamed(PART_OF)}", rf"{_NOT_LATIN}{_unnamed(MIXED)}(?![\d/])", PLAIN,
))  # fmt: skip
COMPOUND = "[/^e分份]"
# A numeral before a currency is money; before these it counts nothing (一共, 一切).
NOT_AFTER = (
    r"\s?(?:美元|美刀|美金|欧元|英镑|日元|港币|港元|台币|折)|(?<=一)[共切起般定样直些下边旦向致律概贯时旁再度味看]"
)
NOT_BEFORE = r"(?:[a-z]\d?|[初第周])$(?<!第)"
# Words that merely hold a numeral.
IN_WORD = (
    r"四川|十足|队伍|伍仁|朝花夕拾|大陆|陆地|陆续|陆军|登陆|放肆|肆意|拾到|收拾|两两|万万(?!\d)|万一|"
    r"千万别|百度|五金|一旦|七夕|三角|四处|九州"
)

AT_MOST = ("以内", "以下")
BIG = r"[万亿wkm]|million|billion|thousand|mio|bn|[千百][多来]?$"
CENTS = (("角", Decimal("0.1")), ("毛", Decimal("0.1")), ("毫", Decimal("0.1")), ("分", Decimal("0.01")))
ROUGH = r"(?:多|余|来|左右|出头|上下|以上|以内)?"
CURRENCY = r"(?:元人民币|人民币|块钱|块|元|圆|蚊|rmb|cny|大洋)"
FOREIGN = (
    r"(?:美元|美圆|美金|美刀|加拿大元|新西兰元|纽元|纽币|瑞典克朗|挪威克朗|丹麦克朗|克朗|印度卢比|令吉|"
    r"卢比|先令|雷亚尔|欧元|英镑|日元|日圆|港元|港币|港纸|台币|新台币|澳元|澳币|加元|加币|韩元|韩币|卢布|"
    r"泰铢|新加坡元|新币|瑞士法郎|法郎|马克|卢比|比索|里拉|越南盾|澳门币|"
    r"澳门元|林吉特|usd|eur|gbp|jpy|hkd|dollars?|euros?)"
)
# 五块六毛, 三块零四, 五块六: what is less than one.
FRACTION = rf"(?:零?[{CN}\d][角毛毫][钱]?)?(?:[{CN}\d]+分)?(?:(?<=[角毛毫块蚊])零?[{D}](?![{CN}\d角毛毫分块元]))?"
SMALL = (
    rf"(?P<dimes>(?:[{CN}]+|\d+)[角毛毫])?(?P<cents>(?:[{CN}]+|"
    rf"\d+)分)?(?P<last>(?<=[角毛毫])[{D}\d])?钱?(?![之钟形落色度大{CN}\d])"
)
SIGN = r"(?:(?:us|hk)?[¥￥$]|[€£]|rmb|人民币|cny|usd|eur|hkd|gbp|jpy)\s?"
TO = r"(?:\(含\))?\s?(?:到|至|[-–—~～]{1,2})\s?"
AMOUNT = (
    rf"(?P<sign>{SIGN})?(?P<vague>[几数](?=[{U}]))?(?P<low>{NUMBER})(?:{TO}(?P<high>{NUMBER}))?(?P<rough>{ROUGH})\s?(?:(?P<foreign>{FOREIGN})|"
    rf"(?P<currency>{CURRENCY})?(?P<cents>{FRACTION}))整?"
)
# A scaled number followed by one of these counts things, not money.
COUNTERS = words(
    "台 套 人 家 份 次 天 年 月 日 号 点 % 折 吨 米 平 方 件 只 张 户 支 瓶 箱 辆 部 颗 片 批 名 位 头 亩 字 步 粉 用 门 城 所 间 栋 层 公里 千米 小时 分钟 个月 个人 个点 个单 个客 个联 个门 个用 个账 个工 个小 座 路 条 本 册 组 期 楼 度 周 成 轮 场 节 页 盒 桶 袋 斤 克 升"
)
THOUSAND = "千"
DONE_DEAL = ("成交", "成单")  # 十八万八成交: no tenths
# Before a bare number they make it money: 预算 300000.
MONEY_WORDS = words(
    "预算 费 报价 金额 价格 合同价 合同额 合同 总价 单价 标底 标的 回款 首付 尾款 定金 订金 货款 到账 预估 预计 收款 付款 打款 付了 收到 总额 费用 报了 报到 压到 降到 谈到 改成 改为 是 给到 签了 成交价 中标价 budget price amount quote"
)
SLANG_COUNT = r"(?![一1]个)(?P<low>\d+(?:\.\d+)?|[" + CN + r"]+)(?:来|多)?个(?=$|[\s,，。;；!！?？)）])"

# No thing before it that could be counted.
COUNT_BEFORE = r"(?:^|[\s,，。;；]|大概|大约|估计|预计|约|年|总共|一共|[给打报]了?|到|价|款)$"

DISCOUNT = rf"(?:打|按|给|是)?\s?(?P<value>[{D}]{{1,2}}(?:{POINT}[{D}])?|\d(?:\.\d)?|\d\d)\s?折"
TENTHS = rf"(?P<value>[{D}]|\d)\s?成(?P<more>半|[{D}])?(?=$|[^功交立本员绩果长熟套品为不])"
PERCENT = (
    rf"(?P<value>\d+(?:\.\d+)?)\s?(?:%|％|percent|个百分点)|百分之(?P<spoken>[{CN}]+(?:{POINT}[{D}]+)?|\d+(?:\.\d+)?)"
)
POINTS = rf"(?<!\d)(?P<value>\d{{1,9}}(?:\.\d{{1,9}})?|[{CN}]{{1,9}})\s?个(?:百分)?点(?!位|击|评)"

PHONE = (
    r"(?<![\d.])(?:\+?86[-\s]?)?(?P<mobile>1[3-9]\d[-\s]?\d{4}[-\s]?\d{4})(?!\d)|"
    r"(?<!\d)(?P<fixed>0\d{2,3}[-\s]?\d{7,8})(?!\d)|"
    r"(?<!\d)(?P<service>[48]00[-\s]?\d{3,4}[-\s]?\d{3,4})(?!\d)|"
    r"(?:电话|手机|号码|tel|phone)[^\d]{0,4}(?P<local>[2-9]\d{3}[-\s]?\d{4})(?!\d)"
)
# Right before a sum that is only a frame for the act: 预算 200 万，报价 180 万.
BUDGET_BEFORE = r"(?:预算|原价|原来|之前|标底|上限|市场价|年产值|规模|营收)[^\ue008]{0,3}$"

# Every share of a hundred, however it is spaced: 百 分 之 3 · 千分之二 · 15k 个百分点 · 负3.9% · 三八折 · 六点五成.
SHARES: dict[str, Decimal] = {
    "百": Decimal(1), "千": Decimal("0.1"), "万": Decimal("0.01"), "十万": Decimal("0.001"), "百万": Decimal("0.0001"), "千万": Decimal("0.00001"), "万万": Decimal("0.000001"), "亿": Decimal("0.000001"),
}  # fmt: skip
_SHARE_DIGITS = rf"[{D}\d](?:\s*[{D}\d])?(?:\s*[{POINT}.]\s*[{D}\d])?"
SHARE = "|".join((
    (
        rf"(?<![{CN}\d])(?P<minus>[-负]\s*)?(?P<per>[百千]?\s*万|万\s*万|十\s*万|"
        rf"[百千亿])\s*分\s*之\s*(?P<minus2>[-负]\s*)?(?P<upper>{SPOKEN})"
),
    rf"(?<![a-z\d=%.&?])(?P<minus3>[-负]\s*)?(?P<value>{SPOKEN})\s*(?:个\s*百\s*分\s*点|[%％])(?!\d)",
    rf"(?<![{CN}\d])(?P<discount>{_SHARE_DIGITS})\s*折(?![扣叠合腾返射旧回磨])",
    r"(?P<half_price>[对半])折",
    (
        rf"(?<![{CN}\d])(?P<tenths>半|"
        rf"[{CN}\d](?:[\d])?(?:\s*[{POINT}.]\s*[{D}\d]+)?)\s*成(?P<more>半)?(?![功交立本员绩果长熟套品为不就份分人都])"
),
))  # fmt: skip
SHARE_SIGNS = lazily(r"[%％折成]|分\s*之|百\s*分")
