"""How days, periods and clock times are said: tables and the patterns built from them."""

from bot.nlu.cues.festivals import BREAKS, ERAS, FIXED_FESTIVALS, FLOATING_FESTIVALS, LUNAR_FESTIVALS
from bot.nlu.cues.numerals import CN

_N = rf"(?:\d{{1,2}}|[{CN}]{{1,3}})"
_COUNT = rf"(?:\d{{1,4}}|[{CN}]{{1,5}}|半)"

RELATIVE_DAYS: dict[str, int] = {
    "大大前天": -4, "大大后天": 4, "同一天": 0, "同日": 0, "大前天": -3, "前天": -2, "前日": -2, "前晚": -2, "昨天": -1, "昨日": -1, "昨儿": -1, "昨晚": -1, "昨夜": -1, "昨早": -1, "昨": -1,
    "今天": 0, "今日": 0, "今儿": 0, "今早": 0, "今晚": 0, "今晨": 0, "今夜": 0, "今": 0, "当天": 0, "当晚": 0, "刚刚": 0, "刚才": 0,
    "明天": 1, "明日": 1, "明儿": 1, "明早": 1, "明晚": 1, "明晨": 1, "明": 1, "后天": 2, "后日": 2, "后晚": 2, "大后天": 3,
    "本日": 0, "当日": 0, "翌日": 1, "次日": 1, "今朝": 0, "听日": 1, "寻日": -1, "琴日": -1, "大后日": 3,
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "just now": 0, "刚": 0,
}  # fmt: skip
LATE_WORDS = ("晚", "夜", "tonight")
EARLY_WORDS = ("早", "晨")
PARTS: dict[str, str] = {
    "凌晨": "night", "前半夜": "night", "后半夜": "night", "午夜": "night", "半夜": "night", "深夜": "night", "清晨": "morning", "清早": "morning", "一大早": "morning", "一早": "morning", "大清早": "morning",
    "早上": "morning", "早晨": "morning", "早间": "morning", "上午": "morning", "am": "morning", "morning": "morning", "早": "morning", "午前": "morning",
    "中午": "noon", "正午": "noon", "午间": "noon", "noon": "noon", "晏昼": "afternoon", "下昼": "afternoon", "上昼": "morning", "朝早": "morning", "朝头早": "morning", "下午": "afternoon", "午后": "afternoon", "pm": "afternoon", "afternoon": "afternoon",
    "傍晚": "evening", "晚上": "evening", "夜里": "evening", "晚间": "evening", "夜晚": "evening", "夜间": "evening", "晚": "evening", "evening": "evening",
    "下班前": "evening",
}  # fmt: skip
PART_HOURS: dict[str, tuple[int, int]] = {
    "night": (0, 6),
    "morning": (6, 12),
    "noon": (12, 14),
    "afternoon": (12, 18),
    "evening": (18, 24),
}
OFFSETS: dict[str, int] = {
    "上上": -2, "大上": -2, "上一": -1, "上": -1, "前一": -1, "这一": 0, "这": 0, "本": 0, "当": 0, "此": 0, "下下": 2, "下一": 1, "下": 1,
    "今": 0, "今个": 0, "同": 0, "次": 1, "前": -1, "后": 1, "下一个": 1, "上一个": -1, "last": -1, "this": 0, "next": 1, "coming": 1,
}  # fmt: skip
WEEKDAYS: dict[str, int] = {
    **{char: day for day, char in enumerate("一二三四五六日")}, "天": 6, **{str(day + 1): day for day in range(6)}, "7": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip
EDGES: dict[str, str] = {
    "初": "start", "上旬": "start", "头": "start", "中旬": "middle", "中": "middle", "下旬": "late", "底": "end", "末": "end", "内": "within", "以内": "within", "之内": "within",
    "年初": "start", "年中": "middle", "年底": "end", "年末": "end", "岁末": "end",
}  # fmt: skip
YEARS: dict[str, int] = {
    "大大前年": -4,
    "大前年": -3,
    "前年": -2,
    "去年": -1,
    "上年": -1,
    "今年": 0,
    "本年": 0,
    "当年": 0,
    "明年": 1,
    "来年": 1,
    "次年": 1,
    "翌年": 1,
    "下一年": 1,
    "下年": 1,
    "上一年": -1,
    "同年": 0,
    "后年": 2,
    "大后年": 3,
}
FIRST_YEAR = "元"
THOUSAND = "千"
QUARTER, QUARTERS = "季度", frozenset("一二三四1234")
UNITS: dict[str, str] = {
    "个工作日": "workday", "工作日": "workday", "个交易日": "workday", "天": "day", "日": "day", "个星期": "week", "星期": "week", "个礼拜": "week", "礼拜": "week", "个周": "week", "周": "week",
    "个月": "month", "月": "month", "个季度": "quarter", "季度": "quarter", "周年": "year", "年": "year", "个小时": "hour", "小时": "hour", "个钟头": "hour", "钟头": "hour",
    "个钟": "hour", "分钟": "minute", "分": "minute", "秒钟": "second", "秒": "second", "刻钟": "quarter_hour", "days": "day", "day": "day", "weeks": "week", "week": "week",
    "months": "month", "month": "month", "hours": "hour", "hour": "hour",
}  # fmt: skip
SECONDS: dict[str, int] = {
    "second": 1,
    "minute": 60,
    "quarter_hour": 900,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
    "month": 2592000,
    "quarter": 7776000,
    "year": 31536000,
    "workday": 86400,
}
DAY = "天"
YEAR = "年"
ONE = "一"
LAST_SIDE = ("上", "前")
HALF = "半"
AHEAD = ("未来", "接下来", "往后", "今后", "后", "之后", "此后", "随后", "next")
FIRST_HALF = ("上", "前")
THIS = "本"
JUST = ("刚", "just")
DAY_NOT_COUNTED = ("日", "分", "月")
BEFORE = ("之前", "以前", "前", "before")
WITHIN = ("之内", "以内", "内")
SINCE = ("至今", "或之后", "及之后", "或以后", "及以后", "或者之后", "起", "开始", "以来", "起始")
UNTIL = ("或之前", "及之前", "或以前", "及以前", "或者之前")
AFTER = ("之后", "以后", "后", "过后")

LUNAR_MONTHS: dict[str, int] = {"正月": 1, "冬月": 11, "腊月": 12, "大年": 1, "年": 1}
FIRST_MONTH = "正月"


def _any(words: object) -> str:
    return "|".join(sorted((str(word) for word in words), key=len, reverse=True))  # type: ignore[attr-defined]


_OFFSET = r"今个|上上|上一|上|前一|这一|这|本|当|此|下下|下一|下"
_YEAR = (
    rf"(?:(?<![马以])(?P<year_word>{_any(YEARS)})|(?P<era>{_any(ERAS)})(?P<era_year>元|\d{{1,4}}|"
    rf"[{CN}]{{1,3}})年|(?P<year>\d{{4}}|\d{{2}}|[零〇一二三四五六七八九]{{2,4}}|"
    rf"[一二两]千零?[一二三四五六七八九十]{{0,3}})\s?年)"
)
_EDGE = r"(?:的|(?<=月)月|(?<=年)年)?(?P<edge>上旬|中旬|下旬|初|头|底|末|中(?![间午秋标国心])|之内|以内|内)"
_WEEK = r"(?:周|星期|礼拜)"
_NOT_DAY = r"(?![线楼门院店房馆库机厂井仓码])"
_FESTIVALS = (*BREAKS, *FIXED_FESTIVALS, *LUNAR_FESTIVALS, *FLOATING_FESTIVALS)
FESTIVAL_CHARS = "".join(dict.fromkeys(name[0] for name in _FESTIVALS))
SUFFIX = (
    r"\s?(?P<bound>(?:或者?|及)(?:之前|以前|之后|以后)|起(?![来草码诉床步点飞重])|开始|以来|至今|之前|以前|"
    r"前(?![台面端置锋沿景往后])|之后|以后|过后|后(?![天台面续勤端来期者]|半[夜年月周天])|之内|以内|"
    r"内(?![部容]))"
)

CENTURIES = {"上": 19, "上个": 19, "本": 20, "这个": 20, "这": 20}
DECADE_PARTS: dict[str, tuple[int, int]] = {"初": (0, 3), "前": (0, 3), "中": (3, 7), "末": (7, 10), "后": (7, 10)}
CENTURY_PARTS: dict[str, tuple[int, int]] = {
    "初": (0, 20),
    "前": (0, 20),
    "中": (30, 70),
    "末": (80, 100),
    "后": (80, 100),
}
OLD_DECADES = 30  # 三十年代 and later are of the last century
AT_END = ("最后", "末", "后")
NEXT_SIDE = ("下", "后", "未来")
_IN_MONTH = rf"(?:(?:{_YEAR})?的?(?P<month>{_N})月份?|(?P<offset>{_OFFSET})个?月)的?"
_IN_YEAR = rf"{_YEAR}的?"
_NTH = (
    r"(?:第(?P<nth>\d{1,2}|[一二三四五六七八九十]{1,3})(?:个)?|(?P<last>最后一?个?))(?:周|星期|"
    r"礼拜)(?P<weekday>[一二三四五六日天](?![个年月]))?"
)
_EDGE_UNITS = (
    rf"(?P<side>前|头|首|最后|末)\s?(?P<count>{_COUNT})?\s?(?P<unit>个月|月|个季度|季度|天|日|周|个星期|个礼拜)"
)
# Each with the characters it cannot do without (one of them must be in the text);
DATE_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("date", "年", r"(?<!\d)(?P<year>\d{4})\s?年\s?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号]?(?!\d)"),
    ("date", "-/.", r"(?<!\d)(?P<year>\d{4})\s?(?P<mark>[-/.])\s?(?P<month>\d{1,2})\s?(?P=mark)\s?(?P<day>\d{1,2})[日号]?(?!\d)"),
    ("month_range", "到至-–—~", (
        rf"(?:{_YEAR})?的?(?P<month>(?<![\d.]){_N})月?份?\s?(?:到|至|-{{1,2}}|–|—{{1,2}}|"
        rf"~{{1,2}})\s?(?P<month2>{_N})月份?(?![\d{CN}])"
)),
    ("day_range", "到至-–—~", (
        rf"(?:(?P<month>{_N})月)?(?P<day>(?<![\d.第]){_N})[号日]?\s?(?:到|至|-{{1,2}}|–|—{{1,2}}|"
        rf"~{{1,2}})\s?(?P<day2>{_N})[号日]{_NOT_DAY}"
)),
    ("date", "月", rf"{_YEAR}?的?(?P<month>{_N})月(?:份)?的?(?P<day>{_N})[日号]"),
    ("date", "月", rf"{_YEAR}?(?P<month>(?<!\d)\d{{1,2}})月(?P<day>\d{{1,2}})(?![\d个万亿天%.wk])"),
    ("date", "-/.", r"(?<![\d/.])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/]|个)"),
    ("lunar", "月农阴年", (
        rf"(?:{_YEAR})?(?P<calendar>农历|阴历)(?P<month>正月|腊月|冬月|{_N}月)(?P<day>初[一二三四五六七八九十]|"
        rf"{_N})[日号]?"
)),
    ("lunar", "月农阴年", (
        rf"(?P<calendar>农历|阴历)?(?:{_YEAR})?(?P<month>正月|腊月|冬月|大年(?!三十)|年(?=初)|"
        rf"{_N}月)(?P<day>初[一二三四五六七八九十]|廿[一二三四五六七八九]?|三十|(?:二十|"
        rf"十)[一二三四五六七八九]?|\d{{1,2}})(?![日号月点个天])"
)),
    ("date", "月", (
        rf"{_YEAR}?(?P<month>[一二三四五六七八九十]{{1,2}})月(?P<day>(?:二十|三十)[一二三四五六七八九]?|"
        r"十[一二三四五六七八九]?)(?![日号月点个天周万亿多几来年])"
)),
    # 初八 alone is of the first month; 初一, 初二 and 初三 are classes of a school as well.
    ("lunar", "初", (
        r"(?<![年月最当从起之太本])(?P<calendar>农历|阴历)?(?P<month>正月)?(?P<day>初[四五六七八九十])(?=[\s,，。前后上下去来再约要开]|$)"
    )),
    ("nth_week", "周星礼", _IN_MONTH + _NTH),
    ("nth_week", "周星礼", _IN_YEAR + _NTH),
    ("edge_units", "前头首最末", _IN_YEAR + _EDGE_UNITS),
    ("edge_units", "前头首最末", (
        rf"(?P<offset>{_OFFSET})个?月的?(?P<side>前|头|最后|末)(?P<count>{_COUNT})(?P<unit>天|日|周|个星期|"
        r"个礼拜)"
)),
    ("edge_units", "前", r"(?P<side>前)(?P<count>[两二三23])个?(?P<unit>季度)"),
    ("decade", "代", (
        r"(?:(?P<century>\d{1,2}|[一二三四五六七八九十]{1,3}|上个?|本|这个?)世纪的?)?(?P<decade>\d0|"
        r"[一二三四五六七八九]十)年代(?P<side>初期|初|末期|末|中期|前期|后期)?"
)),
    ("century", "纪", (
        r"(?P<century>\d{1,2}|[一二三四五六七八九十]{1,3}|上个?|本|这个?)世纪(?P<side>初期|初|末期|末|中期|"
        r"中叶|前期|后期)?"
)),
    ("month_day", "月", rf"(?P<offset>{_OFFSET})个?月的?(?P<day>{_N})[号日]"),
    ("month", "月旬", rf"{_YEAR}的?(?P<month>{_N})月份?(?:{_EDGE})?"),
    ("month", "月旬", rf"(?<!\d)(?<!(?<!整)个)(?P<month>{_N})月(?!个)份?(?:{_EDGE})?"),
    ("month", "月旬", rf"(?P<offset>{_OFFSET})个?月(?:{_EDGE})?"),
    ("month", "月旬", r"(?<![个\d一二三四五六七八九十])月(?P<edge>初|底|末|中(?!旬))|(?<!月)(?P<edge2>上旬|中旬|下旬)"),
    ("day_of_month", "号日", rf"(?<![\d第.]){'(?P<day>' + _N + ')'}[号日]{_NOT_DAY}"),
    ("weekday", "周星礼", (
        rf"(?P<offset>{_OFFSET})?(?:个)?(?:{_WEEK}的?(?={_WEEK}))?{_WEEK}(?P<weekday>(?:[一二三四五六天]|"
        r"日(?![程报志历常记]))(?![个年月])|[1-7](?![个年月天\d]))"
)),
    ("weekday", "mtwfs", (
        r"(?:(?P<offset>last|this|next|coming)\s)?(?P<weekday>monday|tuesday|wednesday|thursday|friday|"
        r"saturday|sunday|mon|tue|wed|thu|fri|sat|sun)(?![a-z])"
)),
    ("weekend", "周星礼w", rf"(?P<offset>{_OFFSET})?(?:个)?{_WEEK}末|(?P<offset2>this|next)\sweekend"),
    ("week", "周星礼w", (
        rf"(?P<offset>{_OFFSET})(?:个)?{_WEEK}(?![一二三四五六天末期]|日(?!程))(?:{_EDGE})?|"
        r"(?P<offset2>last|this|next)\sweek"
)),
    ("period", "lnt", r"(?P<offset>last|this|next)\s(?P<unit>month|quarter|year)"),
    ("quarter", "季q", (
        rf"(?:{_YEAR})?的?(?:q(?P<number>[1-4])(?:季度)?|"
        rf"第?(?P<spoken>[一二三四1-4])(?:(?<=第.)个)?季度?(?!度?度))(?:{_EDGE})?"
)),
    ("quarter", "季q", rf"(?P<offset>{_OFFSET})(?:个)?季度?(?:{_EDGE})?|季度?(?P<edge2>末|底|初)"),
    ("half_year", "半", rf"(?:{_YEAR})?的?(?P<half>上|下|前|后)半年(?:{_EDGE})?"),
    ("year", "年岁", rf"{_YEAR}(?!以[上下])(?:{_EDGE})?|(?P<edge2>年初|年中(?!国)|年底|年末|岁末)"),
    ("festival", FESTIVAL_CHARS, (
        rf"(?!大年[龄纪份度级轻])(?:{_YEAR})?的?(?:国际|世界|全国)?(?P<name>{_any(_FESTIVALS)})(?:假期|期间|"
        r"当天|那天|这天|当日|放假|长假|小长假|假)?(?P<first>后第一周|后(?:的)?(?:第一|首)个工作日|后第一天|前一天|后一周)?"
)),
    # Only those that are days of a custom: the others are people's and firms' names (谷雨, 大雪) more often than days.
    ("solar_term", "冬夏立惊分芒暑寒霜", rf"(?:{_YEAR})?的?(?P<term>冬至|夏至|立[春夏秋冬]|惊蛰|[春秋]分(?!公司|行|店|厂|部|院|局)|芒种|[大小处]暑|寒露|霜降)(?:当天|这天|那天)?"),
    ("around_new_year", "年", r"(?:春节|过完|过了)?年(?P<bound>前|后)(?![台面期度])(?:第一周|第一天)?|过完年(?P<done>)"),
    ("around_break", "节假", (
        r"(?<![\u4e00-\u9fff])(?:小?长假|放假|假期|节假日|节)(?P<bound>之前|前|之后|后)|"
        r"(?<=[\s,，。])节(?P<bound2>前|后)|(?<![春秋午明旦庆年诞])节(?P<bound3>前|后)(?![台面])"
)),
    ("workdays", "工", rf"(?P<count>{_COUNT})个工作日(?P<bound>之内|以内|内|之后|以后|后|之前|前)?"),
    ("offset", "前后内过", (
        rf"(?P<count>{_COUNT})(?P<half>个半)?(?P<unit>{_any(UNITS)})(?P<more>半)?(?P<bound>之后|以后|"
        r"后(?![天台面])|之前|以前|前(?![台面])|之内|以内|内(?![部容]))"
)),
    ("offset", "前后内过", rf"(?:再过|(?<!超)过)(?P<count>{_COUNT})(?P<half>个半)?(?P<unit>{_any(UNITS)})(?P<more>半)?"),
    ("span", "近过最去这前未接往今后lpn", (
        r"(?<![提之以目元])(?P<side>近|最近|过去|这|前|未来|接下来|往后|今后|后|last|past|"
        rf"next)的?\s?(?P<count>{_COUNT})\s?(?P<unit>{_any(UNITS)})(?:内|以内|之内|以来)?"
)),
    ("span", "近过最去这前未接往今后lpn", r"(?P<side>最近|近期|近来|这几天|这阵子)(?P<count>)(?P<unit>)"),
    ("relative_days", "今明", r"(?P<first>今|明)(?P<last>明|后)(?:这)?两?天"),
    ("relative", "今昨明前后当刚本翌次听寻琴tyj", (
        rf"(?P<word>{_any([w for w in RELATIVE_DAYS if len(w) > 1])}|(?<![a-z一-龥])(?:今|明|昨)(?=下午|上午|"
        r"中午)|刚(?![好需性刚毅果]))"
)),
)  # fmt: skip
PART = rf"(?P<part>{_any(PARTS)})"
PART_ALONE = rf"(?P<part>{_any([w for w in PARTS if len(w) > 1])})"
CLOCK = (
    r"(?P<hour2>\d{1,2})(?::(?P<minute2>\d\d)(?::(?P<second3>\d\d))?)?\s?(?:(?P<meridiem>[ap])\.m\.|"
    r"(?P<meridiem2>[ap])m(?![a-z]))"
    r"|"
    rf"(?<![周期拜])(?P<hour>\d{{1,2}}|[{CN}]{{1,3}})\s?(?:点钟?|时(?![候间代常而段])|:|"
    rf"：)(?:(?P<quarter>[一三1３3]刻)|(?P<half>半)|过?(?P<minute>\d{{1,2}}|"
    rf"[{CN}]{{1,3}})(?::(?P<second>\d\d)(?!\d)|分(?P<second2>\d{{1,2}}|[{CN}]{{1,3}})秒|分(?!钟)|时|"
    rf"(?![\d{CN}个点万]))|[踏搭](?P<fives>半|[{CN}]|\d{{1,2}})|(?P<fives2>[{CN}])个字|整)?"
)
NOT_PART_AFTER = ("期", "就", "已", "了", "点", "餐", "饭", "日", "班会", "安排", "些")
LUNAR_DAY_HEADS = ("初", "廿", "三十")
AFTER_HEAD = "后"
OVER = ("过完", "过了", "过完了")  # before a festival: 过完国庆
DAY_BEFORE = "前一天"
AROUND_BREAK = "around a break"  # the rule of 节前, 国庆后
NOT_CLOCK_AFTER = (
    "儿",
    "子",
    "事",
    "评",
    "击",
    "名",
    "位",
    "心",
    "赞",
    "燃",
    "个",
    "意见",
    "钱",
    "货",
    "东西",
    "建议",
    "问题",
)
A_LITTLE = ("一点都", "一点也", "1点都", "1点也")
POINT_COUNT_BEFORE = ("有点", "差点", "快点", "早点", "晚点")
RANGE = r"\s?(?:到|至|-{1,2}|–|—{1,2}|~{1,2}|～{1,2})\s?"
JOINTS = " 的，,-t"
FILLER = r"[\s的]?"
