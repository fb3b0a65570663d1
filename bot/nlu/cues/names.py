"""How companies and people are named, and how their names are shortened in speech."""

from bot.nlu.cues import words
from scrm.company_names import PLACES as PLACES

PLACE_ENDS = "市省"
BIG_REGIONS = words("华东 华南 华北 华中 东北 西北 西南 长三角 珠三角 京津冀 大湾区 海外 中原")
REGIONS = [*BIG_REGIONS, *(place for place in PLACES if place != "中国")]

BRACKETS = r"[（(\[【][^）)\]】]*[）)\]】]"
LEGAL_FORMS = (
    r"(?:股份有限公司|有限责任公司|集团股份有限公司|集团有限责任公司|集团有限公司|控股有限公司|"
    r"控股集团有限公司|责任有限公司|有限公司|股份公司|集团公司|总公司|公司|"
    r"集团控股|控股集团|集团|控股|股份|有限合伙|合伙企业|事务所|co\.?,?\s?ltd\.?|inc\.?|corp\.?|llc|gmbh)$"
)
PARENT_WORD = "附属"
PARENTS = r"^.{2,}?附属(?=.{3,})(?!第)"
# Words that say what kind of firm it is; alone they name nobody.
GENERIC = words(
    "合作社 专业合作社 农机 农场 农资 种子 冷链 货运 快运 国际货运 货代 农产品 生鲜 花卉 烘焙 饮品 海产 养殖 种业 饲料 肉类 储运 橡胶 塑料 树脂 陶瓷 玻璃 五金 灯饰 照明 门窗 卫浴 涂料 纸业 印务 彩印 传动 轴承 模具 电缆 线缆 阀门 泵业 锅炉 康复 影像 眼科 口腔 齿科 幼儿园 培训 出版 图书 包材 彩盒 仓储 快递 速递 科技 技术 信息 网络 电子 电器 实业 工业 企业 集团 公司 股份 有限 控股 国际 贸易 商贸 商业 服务 管理 咨询 发展 投资 投资管理 医疗 医院 医药 制药 药业 生物 健康 食品 饮料 酒店 酒业 银行 证券 保险 基金 金融 能源 石油 化工 天然气 煤业 矿业 黄金 钢铁 冶金 机械 设备 装备 制造 智能 数据 软件 系统 通信 移动通信 移动 电信 物流 运输 供应链 物业 地产 房地产 建设 建筑 工程 环保 材料 新材料 化学 汽车 汽配 家电 家居 家具 服饰 服装 时尚 文化 传媒 广告 教育 学校 大学 学院 中学 小学 研究院 中心 农业 农牧 牧业 乳业 粮油 包装 印刷 纺织 电气 电力 电网 光电 半导体 医科大学 附属 第一 第二 第三 第一医院 人民医院 中心医院 日用品 用品 零售 超市 百货 连锁 餐饮 旅游 航空 铁路 港口 水务 燃气 精密 自动化 机器人 仪器 仪表 新能源 新能源汽车 光伏 储能 锂电 电池 芯片 集成电路 大数据 云计算 人工智能 物联网 电商 跨境 工厂 器械 精工 重工 装饰 园林 影视 娱乐 音乐 体育 检测 认证 研究 设计 计算机 在线 视听 视像 互联 联合 产业 科学"
)
TOOLS = words(
    "腾讯会议 飞书会议 飞书文档 钉钉会议 企业微信 腾讯文档 百度一下 百度下 百度网盘 百度了 百度地图 高德地图 微信群 微信上 阿里云盘 美团外卖 滴滴打车 滴滴过去 打滴滴 顺丰快递 京东快递 支付宝转 网易邮箱"
)

# Names that end so are called by one character a word: 建行 for 中国建设银行.
KIND_WORDS = words(
    "电气 重工 银行 医院 大学 学院 中学 小学 电网 人寿 保险 证券 集团 汽车 通信 电信 石油 石化 钢铁 航空 机场 港口 地铁 工程局 研究院 设计院 一局 二局 三局 四局 五局 六局 七局 八局"
)
INITIAL_OF: dict[str, tuple[str, ...]] = {
    "银行": ("行",), "医院": ("院", "医"), "人民医院": ("院", "医"), "中心医院": ("院", "医"), "中医院": ("中医院", "中医"), "学院": ("院",), "电网": ("网",),
    "人寿": ("寿", "人寿"), "人寿保险": ("寿",), "财产保险": ("财", "财险"), "保险": ("保", "险"), "证券": ("证", "券"), "中国": ("中", "国"), "第一医院": ("一院",), "理工大学": ("工", "理工"), "工业大学": ("工大",), "师范大学": ("师大", "师"), "交通大学": ("交大",), "科技大学": ("科大",),
    "第二医院": ("二院",), "第三医院": ("三院",), "工程局": ("局",), "研究院": ("院",), "设计院": ("院", "设院"), "第一": ("一",), "第二": ("二",), "第三": ("三",),
    "第四": ("四",), "第五": ("五",), "第六": ("六",), "第七": ("七",), "第八": ("八",), "第九": ("九",), "第十": ("十",), "第一中学": ("一中",), "第二中学": ("二中",), "通信": ("通", "信"), "国家": ("国",), "中山": ("中山",),
}  # fmt: skip
INITIAL_FILLERS = frozenset(words("市 省 区 县 附属 医学院 医科大学 集团 股份"))
ORDINAL = "第"
NATION = ("中国", "国家")
# Brands of well-known firms, in Chinese and in Latin letters: people say either.
BRANDS = tuple(
    (pair.split("=")[0], pair.split("=")[1])
    for pair in words(
        "施耐德=schneider 西门子=siemens 博世=bosch 霍尼韦尔=honeywell 大疆=dji 比亚迪=byd 京东方=boe 宁德时代=catl 海康威视=hikvision 大华=dahua 联想=lenovo 华为=huawei 阿里巴巴=alibaba 腾讯=tencent 百度=baidu 京东=jd 拼多多=pdd 美团=meituan "
        "字节跳动=bytedance 小米=xiaomi 格力=gree 美的=midea 海尔=haier 海信=hisense 长虹=changhong 顺丰=sf 中兴=zte 三一重工=sany 中联重科=zoomlion 徐工=xcmg 迈瑞=mindray 飞利浦=philips 强生=jnj 辉瑞=pfizer 诺华=novartis 罗氏=roche 拜耳=bayer "
        "巴斯夫=basf 陶氏=dow 杜邦=dupont 大众=vw 宝马=bmw 奔驰=benz 丰田=toyota 本田=honda 特斯拉=tesla 福特=ford 沃尔玛=walmart 宜家=ikea 星巴克=starbucks 麦当劳=mcd 肯德基=kfc 可口可乐=coke 百事=pepsi 雀巢=nestle 联合利华=unilever 宝洁=pg "
        "欧莱雅=loreal 耐克=nike 阿迪达斯=adidas 优衣库=uniqlo 三星=samsung 松下=panasonic 索尼=sony 佳能=canon 日立=hitachi 东芝=toshiba 英特尔=intel 英伟达=nvidia 高通=qualcomm 微软=microsoft 谷歌=google 亚马逊=amazon 苹果=apple 思科=cisco "
        "戴尔=dell 惠普=hp 甲骨文=oracle 思爱普=sap 安踏=anta 蔚来=nio 小鹏=xpeng 理想=lixiang 吉利=geely 长城汽车=gwm 上汽=saic 广汽=gac 中芯国际=smic 长江存储=ymtc 药明康德=wuxi 联影=uih 飞书=lark 爱立信=ericsson 诺基亚=nokia 卡特彼勒=cat "
        "通用电气=ge 波音=boeing 空客=airbus 马士基=maersk 敦豪=dhl 联邦快递=fedex 汇丰=hsbc 渣打=scb 花旗=citi 友邦=aia 安联=allianz 开市客=costco 山姆=sams 家乐福=carrefour 屈臣氏=watsons 丝芙兰=sephora 希音=shein 传音=transsion 安克=anker "
        "哔哩哔哩=b站 小红书=red 快手=kuaishou 携程=ctrip 滴滴=didi 网易=netease 搜狐=sohu 新浪=sina 知乎=zhihu 喜马拉雅=ximalaya 唯品会=vip 苏宁=suning 国美=gome 中国中车=crrc 中国移动=cmcc 国家电网=sgcc 中国建筑=cscec 中国石化=sinopec 中国石油=cnpc 中国海油=cnooc"
    )
)
COMPOUND_SURNAMES = words(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐 轩辕 呼延 第五 百里 东郭 南门 西门"
)
SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵"
    "湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠"
    "甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂"
    "濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公付肖涂区覃佟麦闫代"
)
TITLES = words(
    "总经理 副总经理 副总裁 总裁 董事长 总监 副总 经理 主任 副主任 主管 厂长 副厂长 矿长 院长 副院长 所长 站长 校长 副校长 处长 副处长 科长 局长 部长 副部长 组长 队长 行长 副行长 店长 书记 会长 秘书 助理 老板 老板娘 工程师 教授 博士 医生 护士长 老师 律师 会计 财务 采购 先生 女士 小姐 同学 师傅 董事 总工 总助 总助理 总 董 工 处 局 科 部 院 校 厂 姐 哥 叔 爷 姨 主 导 所 行 博 vp ceo cto cio cfo coo hrd 首席运营官 首席执行官 首席技术官 首席信息官 首席财务官 副会长 副书记 副主管 总工程师 副总工 厂办 店总 区总 场长 分管领导 区长 镇长 市长 主席 董事局主席 理事长 司长 厅长 台长 社长 馆长 园长 班长 车间主任 高工 技术员 设计师 顾问 合伙人 大夫 院士 老总 专员 副处 副局 副院 副科 专家 代表 负责人"
)
TITLE_GROUPS: dict[str, tuple[str, ...]] = {
    "总": ("厂长", "主席", "总裁", "院长", "行长", "校长", "董事长", "总", "cio", "cto", "ceo", "cfo", "coo", "vp", "老板", "创始", "合伙人"), "处": ("处",), "局": ("局",), "科": ("科",), "院": ("院",), "工": ("工",), "董": ("董",), "厂": ("厂",),
}  # fmt: skip
NICK_PREFIXES = "小老阿大"
NOT_MET = (
    r"(?:都|刚好|正好|临时|又|也|今天|昨天|上午|下午|刚才)*(?:没在|没见[成上着到]|没碰[上着]|没约上|没空|"
    r"不方便见|不在|没见着|没见到|没碰到|没遇到|没联系上|没打通|没接|出差了|没来|请假|没空见)"
)
NOT_MET_BEFORE = r"(?:没见[成上]|没见到|没见着|没碰到|没遇到|没找到|没联系上|没约上|没约到)$"
COMPETITOR_BEFORE = r"(?:输给|败给|被|竞对|竞品|对手|友商|不如|选了|选择了|用的是|在用|给了|对比|相比|比)(?:了)?$"
COMPETITOR_AFTER = (
    r"^(?:不是一(?:家|回事|个)|拿下|拿走|抢走|抢了|截胡|中了|中标|撬走|的方案中|那边报价更低|做了|签走|的产品|的系统)"
)
# Right before a name that is only guessed from initials.
BEFORE_NAME = (
    r"(?:[过跟和与去到给把约访见查下收在的了向找帮让陪从对由请带\s，。,、：:]|今天|明天|昨天|上午|下午|"
    r"客户|联系|拜访|回访)$"
)
# Before a short name that is a common word as well (统一, 明月): 不统一 is not the company.
BEFORE_COMMON = rf"(?:[是一二三四五六日天月号点午年周期\d]|{BEFORE_NAME[:-1]})$"
# Who was spoken of just now: the last customer, and with 他 the last person.
REFERENCE = (
    r"(?:这|那|刚才那|刚才说的|上面那)(?:个|家|位)?(?:客户|公司|单位|家|人)|同上|同一个客户|"
    r"还是(?:他|她|这家|那家|刚才)|"
    r"(?:^|[,，。;；\s]|刚|刚才|今天|昨天|跟|和|给|约|见|拜访|联系|回访|陪|请)(?:了)?(?P<person>他|"
    r"她)(?!们公司)|(?:^|[,，。;；\s])(?:他们|对方|客户)(?=说|要|想|问|催|那边|今天|答应|同意)|"
    r"^\s*(?:补充|更正|另外|还有|对了|顺便)(?:一下|一句|说明|一点|说一下)?\s*[:：,，]"
)
# Cantonese and spoken characters as the written word they stand for.
HESITATION = "嗯呃"  # what a speaker says while thinking parts words as a blank does
CANTONESE = {
    "咗": "了",
    "冇": "没",
    "唔": "不",
    "佢": "他",
    "哋": "们",
    "嘅": "的",
    "喺": "在",
    "睇": "看",
    "嚟": "来",
    "俾": "给",
    "畀": "给",
    "嗰": "那",
    "乜": "么",
    # the ends of sentences that mean 了
    "啦": "了",
    "咯": "了",
    "喽": "了",
    "嘞": "了",
}
# Traditional characters that the simplified character set has too.
IN_GB2312 = {"後": "后", "於": "于", "麽": "么", "夥": "伙", "徵": "征", "馀": "余", "摺": "折"}
COMMON_NAMES = frozenset(
    words(
        "跟进 拜访 回访 走访 联系 推进 赢单 丢单 暂停 提醒 待办 商机 打卡 签到 群发 撤销 标签 新建 分配 完成 报价 签约 成交 回款 付款 中国 公司 集团 客户 联系 今天 明天 我们 他们 时代 未来 人民 中心 有限 第一 第二 现代 资料 系统 方案 项目 合同 服务"
    )
)
COMMON_DEAL_WORDS = frozenset(
    words(
        "系统 平台 项目 升级 采购 二期 一期 三期 合同 管理 服务 改造 设备 营销 数据 方案 软件 建设 框架 续费 续约 年度 测试 会议 监测 开发 维护 运维 扩容 试点 优化 智能 自动 信息 中心 产品 客户 培训 咨询 订单 报价 新签 活动 数字化 信息化 智能化 自动化 可视化 国产化 一体化 标准化 系统升级 管理系统 系统建设 升级项目 采购项目 改造项目 建设项目 管理平台"
    )
)
AS_VERB = ("一下", "了一下")  # 统一一下口径
NOT_NICKS = frozenset(words("小时 大方 老师 小计 大全 小满 大安 小车 大车 小党"))
NUMERALS = frozenset("零一二两三四五六七八九十百千万亿半0123456789")
FIGURES = {**dict(zip("零一二三四五六七八九", "0123456789", strict=True)), "幺": "1", "〇": "0", "两": "2"}
SAID_NUMBER = r"(?<![零一二三四五六七八九十百千万幺〇])[一幺][三四五六七八九][零一二三四五六七八九幺〇]{9}(?![零一二三四五六七八九十百千万])"
MAGNITUDES = tuple("万亿千百")
# 改成COO is no Mr 成, 升任总监 no Mr 任.
NOT_AFTER = {"成": frozenset("改变换升调转完"), "任": frozenset("升调改担出接就新历")}
# A month, unless it is a firm's name: what follows tells.
MONTH_NAME = r"[一二三四五六七八九十]{1,2}月"
HOLIDAY_NAME = (
    r"周末|明天|后天|今天|[明今昨后]日|小满|冬至|立春|谷雨|五一|六一|七一|八一|十一|三八|双十一|国庆|元旦|中秋|端午|"
    r"清明|春节|元宵|腊八|重阳"
)
AFTER_HOLIDAY = r"[上下中]午|早上?|晚上?|凌晨|期间|之?[前后]|以[前后]|放假|假期|节|那[天周]|当天|回来|长假|快乐|去(?!年)|再|我|有空|约|提醒"
AFTER_MONTH = r"回款|签单|业绩|拜访|的?(?:漏斗|预测|排名)|份|底|初|中|上旬|下旬|[\d一二三四五六七八九十]{1,3}[号日]"
VERB_BEFORE = r"[看见找约跟和给陪请跑]$"
PHASE = r"[一二三四五六1-6]期"
NOT_SURNAMES = frozenset("全和于从时能成单相空东西南北水方向应过管计别都须有后公文国")
SURE_TITLES = frozenset(words("总 处 局 董 科 工 哥 姐"))
BEFORE_PERSON = (
    *"部科室组跟和与的了见给找向约请陪是问让叫到访系由为对联同及加",
    "他们",
    "她们",
    "今天",
    "昨天",
    "上午",
    "下午",
    "刚刚",
)
LISTED = r"^[\s、,，和跟与及]*$"
# Somebody called 小廖 is a person for sure behind what they are there.
POSITION_BEFORE = (
    r"(?:采购|财务|技术|行政|人事|商务|前台|工程师|经理|主管|店长|对接人|对接的|负责人|会计|出纳|品控|仓管)的?$"
)
AFTER_NICK = r"$|[^\u4e00-\u9fff]|[说讲问约要那的和跟在也]"
# 新郑工厂, 张总部: the title is the beginning of another word.
NOT_TITLE = r"工[厂程地业艺]|局面|科技|总部(?!署)|院区"
# Behind two characters of a deal's name they show that the deal is meant: 能耗项目, 会所那单.
DEAL_BEHIND = r"项目|商机|单子|[那这]个?(?:单|项目|商机)"
SPEAKS = r"(?:说|讲|反馈|透露|表示|提到|抱怨|吐槽|告诉我)(?!明)"
CLOCK_WORD = r"[一二两三四五六七八九十]点"
DAY_BEFORE = r"(?:今天|明天|后天|今儿|明儿|上午|下午|中午|晚上|今晚|明早|凌晨|周[一二三四五六日天])$"
# A firm that is spoken of and not named, or not known: it is not the one spoken of last.
ELSEWHERE = (
    r"(?:拜访|走访|见|跑|去|约|聊|认识|开发|跟进)[^,，。]{0,4}[一两几三][家个](?:新)?(?:的)?(?:客户|公司|厂|企业|单位|店|医院|学校)?|"
    r"新客户|叫[^,，。]{2,12}的(?:公司|客户|企业|厂|单位)|[\u4e00-\u9fff]{2}(?<!们)(?<![来到在回贵总分本该我这那])公司"
)
