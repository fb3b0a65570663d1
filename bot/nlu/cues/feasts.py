"""Holidays of the world by their Chinese names, and when they are in the calendar they go by."""

from bot.nlu.cues import words

# Days from Easter Sunday. Where a weekday is named, 周 and 礼拜 do as well as 星期.
_EASTER: dict[int, str] = {
    -47: "忏悔节 忏悔日 忏悔星期二 忏悔火曜日 煎饼星期二 煎饼日 薄饼日 肥美星期二 油腻星期二", -46: "大斋首日 圣灰星期三 圣灰礼仪日 圣灰日 涂灰日 灰日", -7: "棕枝主日 圣枝主日 棕榈主日 棕枝全日 基督苦难主日",
    -3: "圣星期四 神圣星期四 濯足节 濯足星期四 设立圣餐日 主立圣餐日", -2: "圣星期五 神圣星期五 沈默星期五 沉默星期五 耶稣受难日 耶稣受难节 主受难日 主受难节 受难日 受难节",
    -1: "圣星期六 神圣星期六 黑色星期六 耶稣受难日翌日 主受难日翌日 耶稣受难节翌日 主受难节翌日 复活节前夜 复活节前夕", 0: "复活节 复活节星期日 复活节星期天 复活主日 主复活日", 1: "复活节星期一 复活节翌日",
    39: "耶稣升天节 主升天节 升天节 耶稣升天日", 49: "五旬节 圣灵降临节 圣神降临节 圣灵降临日", 50: "五旬节星期一 五旬节翌日 圣灵降临节翌日 圣灵星期一", 56: "圣三一主日 三一主日 圣三节 天主圣三节 圣三主日",
    60: "圣体节 基督圣体节 基督圣体圣血节 基督圣体圣血瞻礼 圣体圣血节",
}  # fmt: skip
ORTHODOX = "东正教"


def _spoken(name: str) -> tuple[str, ...]:
    return (name, name.replace("星期", "周"), name.replace("星期", "礼拜")) if "星期" in name else (name,)


EASTER: dict[str, int] = {
    name: days for days, listed in _EASTER.items() for one in words(listed) for name in _spoken(one)
}
# First and last day of a fast, from Easter of the western and of the eastern church.
LENT: dict[str, tuple[int, int]] = {"大斋节": (-46, -1), "大斋期": (-46, -1), "封斋期": (-46, -1), "四旬期": (-46, -1)}
EASTERN_LENT: dict[str, tuple[int, int]] = {"四旬节": (-48, -9)}

# Month, day and length by the Hebrew calendar, Nisan being the first month. A day begins on the evening before.
_HEBREW: dict[tuple[int, int, int], str] = {
    (7, 1, 2): "犹太新年 犹太历新年 吹角节", (7, 10, 1): "赎罪日 犹太赎罪日", (7, 15, 8): "住棚节 结茅节", (7, 22, 1): "圣会节 严肃会", (7, 23, 1): "西赫托拉节 诵经节 欢庆圣法节 转经节 妥拉节", (9, 25, 8): "光明节 修殿节 献殿节 哈努卡节 马加比节",
    (11, 15, 1): "犹太植树节 图比舍巴特节 树木新年", (12, 14, 1): "普珥节 普林节 掣签节", (1, 15, 8): "逾越节 巴斯卦节 无酵节", (1, 27, 1): "犹太大屠杀纪念日 大屠杀纪念日", (2, 18, 1): "篝火节 犹太教篝火节", (3, 6, 2): "七七节 收获节 新果实节 周日节",
    (5, 9, 1): "圣殿被毁日 禁食日",
}  # fmt: skip
HEBREW: dict[str, tuple[int, int, int]] = {name: when for when, listed in _HEBREW.items() for name in words(listed)}
INDEPENDENCE = words("以色列独立日 以色列国庆节 以色列国庆日")

# Month, day and length by the Islamic calendar.
_ISLAMIC: dict[tuple[int, int, int], str] = {
    (1, 1, 1): "伊斯兰教新年 伊斯兰历新年 伊斯兰新年 回历新年", (1, 10, 1): "阿舒拉节 阿舒拉日", (3, 12, 1): "圣纪节 圣纪 穆罕默德诞辰", (7, 27, 1): "登霄节 夜行登霄节 升宵节", (8, 15, 1): "拜拉特夜 白拉特夜", (9, 1, 30): "斋月 莱麦丹月",
    (10, 1, 1): "开斋节 肉孜节 尔代节 尔德节", (12, 10, 1): "古尔邦节 宰牲节 忠孝节 尔德古尔邦节",
}  # fmt: skip
ISLAMIC: dict[str, tuple[int, int, int]] = {name: when for when, listed in _ISLAMIC.items() for name in words(listed)}

# Feasts of India and of Buddhism: the earliest day of their month's new moon, and first and last day counted from it.
_OF_THE_MOON: dict[tuple[int, int, int, int], str] = {
    (1, 14, 4, 4): "智慧女神节 萨拉斯瓦蒂节", (1, 14, 28, 28): "湿婆节 湿婆之夜 大湿婆节 湿婆神节", (2, 13, 14, 14): "荷丽节 胡里节 霍利节 洒红节 侯丽节 色彩节", (3, 15, 8, 8): "罗摩节 罗摩诞辰 罗摩神诞", (3, 15, 12, 12): "大雄诞辰 大雄节 摩诃毗罗诞辰",
    (4, 14, 14, 14): "卫塞节 威瑟节 比萨宝蕉节 佛陀日", (7, 17, 14, 14): "兄妹节 印度兄妹节 保护绳节 手足节", (7, 17, 22, 22): "黑天神节 黑天诞辰 克里希纳诞辰 奎师那诞辰", (8, 17, 4, 4): "象头神节 象神节 甘尼许节", (9, 17, 0, 9): "九夜节 难近母节",
    (9, 17, 9, 9): "十胜节 凯旋节", (10, 17, 0, 0): "排灯节 万灯节 光明灯节 屠妖节 印度灯节 印度排灯节", (10, 17, 5, 5): "太阳神节 克哈特普迦节",
}  # fmt: skip
OF_THE_MOON: dict[str, tuple[int, int, int, int]] = {
    name: when for when, listed in _OF_THE_MOON.items() for name in words(listed)
}

_FIXED: dict[tuple[int, int], str] = {
    (1, 1): "新年 公历新年 阳历新年", (1, 6): "主显节 显现节", (1, 13): "印度冬季丰收节 旁遮普丰收节", (1, 14): "庞格尔节 印度丰收节 淡米尔丰收节 丰收节", (2, 2): "圣烛节 土拨鼠日", (2, 14): "圣瓦伦丁节 瓦伦丁节 西洋情人节", (3, 14): "白色情人节 锡克教新年 锡克新年", (3, 17): "圣帕特里克节 圣帕特里克日",
    (3, 21): "世界睡眠日 世界森林日", (3, 22): "世界水日", (4, 7): "世界卫生日", (4, 13): "拜萨哈节 丰收新年", (4, 22): "世界地球日", (4, 23): "世界读书日 圣乔治日", (4, 24): "航天日", (5, 4): "五四", (5, 5): "五月五日节", (5, 18): "博物馆日", (5, 31): "世界无烟日 无烟日",
    (6, 5): "世界环境日 环境日", (6, 21): "瑜伽日", (6, 26): "禁毒日", (7, 1): "香港特别行政区成立纪念日 香港回归纪念日 香港回归日 回归纪念日 加拿大国庆日", (7, 4): "美国独立日 美国国庆日 美国国庆节", (7, 11): "世界人口日", (7, 14): "巴士底日 法国国庆日 法国国庆节", (8, 15): "圣母升天节 圣母升天日 印度独立日",
    (8, 19): "医师节", (9, 3): "抗战胜利纪念日", (9, 21): "国际和平日", (9, 27): "世界旅游日", (9, 30): "烈士纪念日", (10, 10): "双十节 双十国庆", (10, 16): "老板节 老板日 世界粮食日", (10, 24): "联合国日 程序员节", (10, 31): "万圣夜 万圣节前夕 万圣节前夜 鬼节前夕", (11, 1): "诸圣节 诸圣日 万圣日", (11, 2): "万灵节 追思节 诸灵节",
    (11, 11): "退伍军人节 国殇纪念日 和平纪念日", (11, 19): "男人节 男士节", (12, 1): "艾滋病日 世界艾滋病日", (12, 4): "宪法日", (12, 8): "圣母无染原罪瞻礼 圣母无原罪日", (12, 10): "人权日 世界人权日", (12, 13): "国家公祭日 公祭日", (12, 20): "澳门特别行政区成立纪念日 澳门回归纪念日 澳门回归日",
    (12, 24): "圣诞前夜 圣诞夜 圣诞前夕", (12, 26): "圣诞节翌日 圣诞翌日 圣诞节次日 节礼日 宽扎节 拆礼物日", (12, 31): "元旦前夜 元旦前夕 新年前夜 新年前夕",
}  # fmt: skip
FIXED: dict[str, tuple[int, int]] = {name: when for when, listed in _FIXED.items() for name in words(listed)}
# Month, weekday (Monday = 0), which one (negative from the end), days after it.
FLOATING: dict[str, tuple[int, int, int, int]] = {
    "黑色星期五": (11, 3, 4, 1), "网络星期一": (11, 3, 4, 4), "马丁路德金日": (1, 0, 3, 0), "总统日": (2, 0, 3, 0), "阵亡将士纪念日": (5, 0, -1, 0), "美国劳动节": (9, 0, 1, 0), "哥伦布日": (10, 0, 2, 0), "奶奶节": (10, 6, 2, 0),
    "世界关灯日": (3, 5, -1, 0), "秘书节": (4, 2, -1, 0), "行政人员日": (4, 2, -1, 0), "行政专业人员日": (4, 2, -1, 0), "感恩节翌日": (11, 3, 4, 1), "加拿大感恩节": (10, 0, 2, 0), "亲子日": (5, 6, 2, 0), "母亲日": (5, 6, 2, 0), "父亲日": (6, 6, 3, 0), "父母节": (7, 6, 4, 0),
}  # fmt: skip
NAMES = (*EASTER, *LENT, *EASTERN_LENT, *HEBREW, *INDEPENDENCE, *ISLAMIC, *OF_THE_MOON, *FIXED, *FLOATING)
CHARS = "".join(dict.fromkeys(name[0] for name in (*NAMES, ORTHODOX)))
