"""What the published sets of recognizers ask for beyond a salesman's sentence: more expressions, and by whose hours they are read.

The patterns here are looked for only where every expression is wanted: most of them mean no day in a sentence.
"""

from bot.nlu.cues import feasts, words
from bot.nlu.cues.festivals import SCHOOL_HOLIDAYS, SOLAR_TERMS
from bot.nlu.cues.numerals import CN, D
from bot.nlu.cues.times import _COUNT, _IN_MONTH, _IN_YEAR, _N, _NTH, _OFFSET, _YEAR, PARTS, UNITS, _any
from bot.nlu.lazy import lazily

LENGTHS: dict[str, str] = {
    **{word: unit for word, unit in UNITS.items() if word not in ("月", "日", "分")}, "周年": "year", "载": "year", "个年头": "year", "个交易日": "workday", "昼夜": "day", "时": "hour",
    "分钟": "minute", "钟": "hour", "min": "minute", "s": "second", "h": "hour",
}  # fmt: skip
_LENGTH = rf"(?:{_any([word for word in LENGTHS if word not in ('时', '钟', 's', 'h')])})"
_UNIT_CHARS = "年月周天日星礼季时钟分秒工刻载夜交昼dwmh"
_NUMBER = rf"(?:\d+(?:\.\d+)?[百千万]?|[{CN}]{{1,9}}(?:点[{CN}\d]{{1,4}})?|半)"
_TO = r"\s?(?:到|至|-+|–|—+|~|～)\s?"
_NOT_COUNTED = r"(?!\s?[万亿千百多来余元块个人台件套条名号楼室期届页%度位家辆次])(?![a-z])"
_WEEKS = ("周", "星期", "个星期", "礼拜", "个礼拜", "个周")
_MONTHS = r"正月|腊月|冬月|闰?[一二三四五六七八九十]{1,2}月"

# The rule, the characters it cannot do without (one of them must be in the text), the pattern.
EVERY_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("present", "当现此目眼依而", r"当前|现在|此时此刻|此时|此刻|目前|眼下|依家|而家"),
    ("date", "12", r"(?<![\d-])(?P<year>\d{4})\s(?P<month>\d{1,2})\s(?P<day>\d{1,2})(?![\d:])"),
    ("date", "-", r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?=-?\d{1,2}[:：]\d)"),
    ("date", "12", r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"),
    ("date", "-/.", (
        r"(?<![\d/.])(?P<day>\d{1,2})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<year>(?:19|"
        r"20)\d\d)(?![\d/.])"
)),
    ("date", "-", r"(?<![\d/.-])(?P<year>\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?![\d/.-])"),
    ("date", "-", r"(?<![\d/.-])(?P<day>\d)-(?P<month>\d{1,2})-(?P<year>\d\d)(?![\d/.-])"),
    ("date", "/", r"(?<![\d/-])(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{2})(?![\d/-])"),
    ("date", "-", r"(?<![\d/-])(?P<month>0\d|1[0-2])-(?P<day>[0-3]\d)(?![\d/-])"),
    ("date", "·", r"(?<![\d])(?P<month>\d{1,2})·(?P<day>\d{1,2})(?!\d)"),
    ("date", "-/.", r"(?<![\d./-])(?P<year>(?:19|20)\d\d)[-/.](?P<month>0?[1-9]|1[0-2])[-/.](?P<day>[0-3]?\d)(?![\d./-])"),
    ("month", "-/", r"(?<![\d./])(?<!\d-)(?P<year>(?:19|20)\d\d)[-/](?P<month>0[1-9]|1[0-2])(?![\d:])(?![-/.]\d)"),
    ("month", ".", r"(?<![\d.])(?P<year>(?:19|20)\d\d)[.](?P<month>0\d|1[0-2])(?![\d.])"),
    ("month", "年", rf"{_YEAR}\s(?P<month>{_N})月份?(?P<edge>)"),
    ("year", "12", (
        r"(?<![\d.:/a-z])(?P<year>1[5-9]\d\d|20\d\d|2100)(?![\d.:/年]|"
        rf"-\d{{1,2}}(?!\d)){_NOT_COUNTED}(?P<edge>)(?P<edge2>)"
)),
    ("year_before", "年", rf"{_YEAR}(?:之前|以前|前)"),
    ("month_day", "月", rf"(?P<offset>同|次|当)月的?(?P<day>{_N})[号日]"),
    ("month", "月", r"(?P<offset>次|当|同)月(?P<edge>)(?P<edge2>)"),
    ("relative", "本当翌次今听寻琴", r"(?P<word>本日|当日|翌日|次日|今朝|听日|寻日|琴日)"),
    ("adjacent", "上下", (
        rf"(?<![马以])(?P<side>上|下)(?P<count>\d{{1,3}}|"
        rf"[二两三四五六七八九十]{{1,3}})(?P<unit>{_any([u for u in UNITS if u not in ('日', '分')])})"
)),
    ("this_unit", "时钟", r"(?P<side>上|下|这|前|后|本)一?个?(?P<unit>小时|钟头|分钟)"),
    ("year_offset", "年", r"(?<![马以])(?P<offset>上一?|下一?|这一|本|今)个?年(?![级底末初中])"),
    ("relative_years", "年", r"(?P<first>去|今|明)(?P<last>今|明|后)(?:这)?两年"),
    ("half_of", "半", rf"(?P<offset>{_OFFSET})?(?:个)?(?P<half>上|下|前|后)半(?P<unit>周|月|个月)"),
    ("season", "春夏秋冬", rf"(?:{_YEAR})?的?(?P<season>春|夏|秋|冬)(?:天|季)"),
    ("season", "春夏秋冬", rf"{_YEAR}的?(?P<season>春|夏|秋|冬)(?![节装游运分至末令])"),
    ("school_holiday", "假", rf"(?:{_YEAR})?的?(?P<holiday>{_any(SCHOOL_HOLIDAYS)})(?:期间)?"),
    ("solar_term", "立雨惊春清谷小芒夏大秋处白寒霜冬", rf"(?:{_YEAR})?的?(?P<term>{_any(SOLAR_TERMS)})(?:当天|节气|这天|那天|时节)?"),
    ("feast", feasts.CHARS, (
        rf"(?:{_YEAR})?的?(?P<eastern>{feasts.ORTHODOX})?的?(?:国际|世界|"
        rf"全国)?(?P<feast>{_any(feasts.NAMES)})(?:当天|期间)?"
)),
    ("lunar_month", "农阴闰正腊冬", rf"(?:{_YEAR})?(?P<calendar>农历|阴历)?(?P<month>{_MONTHS})(?:份|里)?(?!初|[{CN}\d日号廿])"),
    ("lunar", "正腊冬", rf"(?:{_YEAR})?(?P<calendar>)(?P<month>正月|腊月|冬月)(?P<day>初[一二三四五六七八九十]|{_N})[日号]?"),
    ("lunar_or_not", "月", (
        rf"(?:{_YEAR})?(?P<month>{_N})月(?P<day>(?:二十|三十)[一二三四五六七八九]?|"
        r"十[一二三四五六七八九]?)(?![日号月点个天周万亿多几来年时分到至~-])"
)),
    ("nth_of_year", "年", rf"{_IN_YEAR}第(?P<nth>{_N})(?:个)?(?P<unit>月|天|日|季度)"),
    ("edge_units", "前头最末", rf"{_IN_MONTH}(?P<side>前|头|最后|末)(?P<count>{_COUNT})(?P<unit>天|日|周|个星期|个礼拜)"),
    ("nth_in_month", "第", rf"{_IN_MONTH}第(?P<nth>{_N})(?P<unit>天|日)"),
    ("quarter", "q", r"(?P<year>(?:19|20)\d\d)[\s-]?q(?P<number>[1-4])(?:季度)?(?P<edge>)"),
    ("whole_unit", "全", rf"(?:{_YEAR})?全(?P<unit>年|月)(?!级)"),
    ("decade_of", "代", r"(?P<year>(?:1[5-9]|20)\d0)年代"),
    ("nth_year", "第", rf"第(?P<nth>{_N})年"),
    ("first_month", "首", r"首(?P<unit>月|季度?)"),
    ("leap_day", "闰", (
        rf"(?:{_YEAR})?(?:农历|"
        rf"阴历)?闰(?P<month>[一二三四五六七八九十]{{1,2}})月(?P<day>初[一二三四五六七八九十]|{_N})[日号]?"
)),
    ("hours", "点", rf"(?:{_any(PARTS)})?(?P<hour>[{D}])(?P<hour2>[{D}])点钟?(?!\d|[{CN}])"),
    ("nth_day", "第", rf"(?<![年月周])第(?P<nth>{_N})(?P<unit>天|日)"),
    ("nth_week", "周星礼", rf"(?P<year>)(?P<month>)(?P<offset>){_NTH}"),
    ("vague_offset", "几数多余", (
        rf"(?:(?P<tens>[{CN}]*十)(?P<over>[几多余])|"
        rf"(?P<vague>[几数])(?P<ten>十)?)(?P<unit>{_any(u for u in UNITS if u not in ('日', '月', '分'))})(?:之|"
        r"以)?(?P<bound>前|后)"
)),
    ("clock_to", "差", rf"差(?P<minutes>{_N}|[一三]刻)分?钟?(?P<hour>{_N})点"), ("clock_to", "差", rf"(?P<hour>{_N})点差(?P<minutes>{_N}|[一三]刻)分?"),
    ("edge_units", "最末", rf"(?P<side>最后|末)(?P<count>{_COUNT})(?P<unit>天|日|周|个星期|个礼拜)"),
    ("whole_day", "天日", r"(?:一整|整|全)[天日]|白天"),
    ("every", "每天年月", (
        rf"每(?:个|一|隔)?(?:(?:{_any(unit for unit in UNITS if unit not in _WEEKS)}|[晚早](?!{_N}点))|"
        rf"(?:{_any(_WEEKS)})(?![一二三四五六日天末]))|天天|年年|月月"
)),
    ("working_day", "工", r"工作日"),
    ("clock_head", "点时", rf"(?:{_any(PARTS)})?(?P<hour>{_N})(?={_TO}{_N}\s?(?:点|时(?![候间])))"),
    ("since", "来", rf"(?P<count>{_NUMBER})(?P<half>个半)?(?P<unit>{_LENGTH})(?P<more>半)?以来"),
    ("offset", "分", (
        r"(?P<count>\d{1,3}|[CN]{1,3})(?P<unit>分)(?P<more>半)钟?(?P<bound>之后|以后|后|之前|以前|前|之内|以内|"
        r"内)"
).replace("CN", CN)),
    ("span", "之此随", (
        rf"(?P<side>之后|此后|随后|之前|此前)的?\s?(?P<count>{_COUNT})\s?(?P<unit>{_any(UNITS)})(?:内|以内|"
        r"之内)?"
)),
    ("length", _UNIT_CHARS, (
        rf"(?<![\d第.几数])(?:(?P<head>{_NUMBER}){_TO})?(?P<part>大|"
        rf"小)?(?P<count>{_NUMBER})\s?(?P<half>个半)?(?:个?[多余])?(?P<unit>{_LENGTH})(?!岁)(?P<more>半)?(?P<nights>\s?{_N}(?:晚|"
        r"夜))?(?:春秋|光景|(?<=[年月])多)?"
)),
    ("length", "月", rf"(?<![\d第.])(?:(?P<head>{_NUMBER}){_TO})?(?P<count>{_NUMBER})个[多余](?P<half>)(?P<unit>月)(?P<more>)"),
    ("length", "分", rf"(?<![\d第.])(?P<count>{_NUMBER})(?P<unit>分)(?P<more>半)钟?(?P<half>)"),
    ("many_days", "日", (
        r"(?<![\d第.月])(?P<count>3[2-9]|[4-9]\d|\d{3,4})(?P<half>)(?P<unit>日)(?P<more>)|"
        r"(?<![\d第.月])(?P<count2>[CN]{1,3}|\d{1,2})\s(?P<unit2>日)"
).replace("CN", CN)),
    ("length", "个", r"(?P<count>(?<![\dCN])|\d{1,2}|[CN]{1,2})(?P<half>个半)(?P<unit>小时|钟头|钟|月|星期|礼拜)(?P<more>)".replace("CN", CN)),
    ("length", "日", r"(?P<count>半)(?P<unit>日)(?P<half>)(?P<more>)"),
    ("length", "分", rf"(?<=[时钟头])(?P<count>{_N})(?P<unit>分)(?!钟)(?P<half>)(?P<more>)"),
    ("length", "分", rf"(?P<count>{_N})(?P<unit>分)(?={_N}秒)(?P<half>)(?P<more>)"),
    ("offset", "多余", (
        rf"(?P<count>{_COUNT})(?P<over>个?[多余]|"
        rf"[多余]个)(?P<half>)(?P<unit>{_any(UNITS)})(?P<more>)(?P<bound>之后|以后|后|之前|以前|前)"
)),
    ("length", "时", rf"(?<=[天日])(?P<count>{_N})(?P<unit>时)(?P<half>)(?P<more>)"),
)  # fmt: skip
# Said of numbers and things, though they look like times.
NO_TIME = lazily(
    r"今日头条|一日之计|一日三餐|千年老|一时|有朝一日|"
    rf"(?<![{CN}\d上下午晚早晨夜中凌昼朝])(?P<point>\d{{1,2}}|"
    rf"[{CN}]{{1,3}})点(?P<tenths>[一二三四五六七八九\d])(?![{CN}\d刻分半十:个])"
)
SIDE_UNITS = lazily(rf"(?P<side>前|后)的?(?P<count>{_COUNT})(?P<unit>{_any(UNITS)})")
SHORT_UNITS = (("秒", "second"), ("分", "minute"), ("刻", "quarter_hour"), ("时", "hour"), ("钟", "hour"))
DURATION_GAP = lazily(r"(?:[又零多余和加,，]|\s)*")
OPEN_AFTER = ("之后", "以后", "过后")
OPEN_BEFORE = ("之前", "以前")
PASSING = ("过", "再过")
TO = lazily(_TO)
MONTH_UNITS = lazily(r"年半|半年|季度")
HALF_MONTH = lazily(r"个半月")
HALF_A_MONTH = "半个月"
MONTH = lazily(r"月")
DAYS_OR_WEEKS = lazily(r"[天日周]|星期|礼拜")
MONTHS_WITHIN = lazily(r"年半|半年|季度|月")
YEARS_WITHIN = lazily(r"年(?!半)")
YEAR_UNIT = lazily(r"年")
WEEK_UNIT = lazily(r"周|星期|礼拜")
TWO_DIGITS = lazily(f"[{D}]{{2}}(?<![零〇].)")
QUARTER = "刻"
OVER = ("多", "余")
LEAP = "闰"
WEEKLY = ("每周", "每星期", "每个星期")

# Words around an expression that belong to it.
FROM = lazily(r"(?:从|自从|自|由)\s?$")
UNTIL = lazily(r"(?:截止到|截至到|截止|截至)\s?$")
NOT_AFTER = lazily(r"不[晚迟]于$")
NOT_BEFORE = lazily(r"不早于$")
EARLIER = lazily(r"[早先]于$")
LATER = lazily(r"[晚迟]于$")
ABOUT = lazily(r"(?:大约|大概|约莫|约)\s?(?:在)?$")
EVERY = lazily(r"每(?:个|一|隔|逢)?$")
BETWEEN_HEAD = lazily(r"(?:在|于|位于)$")
ROUGHLY = lazily(r"\s?(?:左右|前后|许(?![多可久])|上下(?!班))")
ENDS = lazily(r"\s?(?:为止|止)")
STARTS = lazily(r"\s?起(?=[至到])")
WITHIN = lazily(r"(?:之?间|里|当中|期间)(?![面边头])")
AND = lazily(r"\s?(?:和|与|跟|到|至|-|~)\s?(?:在)?")
BETWEEN_TAIL = lazily(r"\s?(?:之间|间(?!隔)|中间)")
OR_MORE = lazily(r"以[上下]")
COMMA = lazily(r"\s?[,，、(（]?\s?")
CLOSING = lazily(r"\s?[)）]")
OF = lazily(r"\s?的?\s?(?:大约|大概|约)?\s?")
BEFORE_GAP = lazily(r"[的\s]?")

# By whose hours a part of the day is read: the first and last hour by Recognizers-Text, and by JioNLP or Duckling.
PART_READINGS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    **dict.fromkeys(words("早上 早晨 早 今早 明早 morning"), ((8, 12), (4, 12))), "上午": ((8, 12), (7, 12)), **dict.fromkeys(words("中午 正午 午间"), ((11, 13), (12, 14))),
    "下午": ((12, 16), (13, 18)), "午后": ((12, 16), (13, 15)), **dict.fromkeys(words("晚上 晚 晚间 夜晚"), ((16, 20), (18, 24))), "傍晚": ((16, 20), (17, 19)), "清晨": ((8, 12), (5, 8)),
    "凌晨": ((0, 4), (0, 5)), "半夜": ((0, 4), (0, 5)), "深夜": ((20, 24), (23, 24)), "夜里": ((20, 24), (20, 24)), "夜间": ((20, 24), (20, 24)),
    "前半夜": ((0, 3), (0, 3)), "后半夜": ((2, 5), (2, 5)), "午夜": ((20, 24), (0, 1)),
}  # fmt: skip
PART_CATEGORIES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "morning": ((8, 12), (4, 12)), "noon": ((11, 13), (12, 14)), "afternoon": ((12, 16), (12, 19)), "evening": ((16, 20), (18, 24)), "night": ((0, 4), (0, 6)),
}  # fmt: skip
PART_AT_END = lazily(rf"(?:{_any([*PART_READINGS, *PARTS])})$")
WHOLE_DAY_HOURS = {"白天": (6, 19)}
EDGE_AT_END = lazily(r"(?P<edge>初|头|中|底|末)(?:之前|以前|前|之后|以后|后|以来|起)?$")
# By whose days an edge is read besides ours: months of the year, days of the month.
YEAR_EDGES: dict[str, tuple[int, int]] = {"初": (1, 2), "头": (1, 2), "底": (11, 12), "末": (11, 12)}
MONTH_EDGES: dict[str, tuple[int, int]] = {"初": (1, 5), "中": (10, 20), "底": (25, 31), "末": (25, 31)}
QUARTER_EDGES: dict[str, int] = {"初": 0, "头": 0, "中": 1, "底": 2, "末": 2}
