"""The words of the sample company: names, titles, projects and what reps write down."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "星河软件"
DEPARTMENTS = ((2, "华东销售部"), (3, "华南销售部"), (4, "市场部"))


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the sample company on one platform."""

    user_id: str
    name: str
    role: str
    platform: str
    departments: tuple[int, ...]
    leads: tuple[int, ...] = ()


PEOPLE = (
    Person("lina", "李娜", "rep", "wecom", (2,)),
    Person("wanglei", "王磊", "rep", "dingtalk", (2,)),
    Person("sunhao", "孙浩", "rep", "wecom", (3,)),
    Person("chenjing", "陈静", "manager", "wecom", (2,), (2,)),
    Person("heyong", "何勇", "manager", "wecom", (3,), (3,)),
    Person("zhaomin", "赵敏", "marketer", "wecom", (4,)),
    Person("zhoutao", "周涛", "admin", "wecom", (1,)),
)

TAG_GROUP = "客户意向"
TAGS = ("高意向", "价格敏感", "老客户", "展会", "待激活", "已试用")
CHANNEL = "工博会展台"
CHANNEL_WELCOME = "您好，我是{member}，谢谢您到星河软件展台。资料稍后发您，有问题随时找我。"


@dataclass(frozen=True, slots=True)
class Company:
    """A customer: its name, what reps call it, where it is, how big it is, and what it may buy from us."""

    name: str
    called: str
    region: str
    tier: str
    projects: tuple[str, str]


CUSTOMERS = (
    Company("华星机械制造有限公司", "华星机械", "华东", "KA", ("MES一期", "设备联网")),
    Company("云帆物流集团有限公司", "云帆物流", "华东", "KA", ("仓储系统", "运输调度")),
    Company("东方包装材料有限公司", "东方包装", "华东", "中小", ("排产优化", "扫码报工")),
    Company("宁波海川模具有限公司", "海川模具", "华东", "中小", ("模具台账", "扫码报工")),
    Company("惠州恒达电子有限公司", "恒达电子", "华南", "中小", ("质量追溯", "看板大屏")),
    Company("杭州青禾食品有限公司", "青禾食品", "华东", "中小", ("批次追溯", "经销商门户")),
    Company("上海启明医疗器械有限公司", "启明医疗", "华东", "KA", ("质量追溯", "合规审计")),
    Company("无锡长风汽车零部件有限公司", "长风汽车", "华东", "中小", ("供应商门户", "排产优化")),
    Company("南京金陵建材集团有限公司", "金陵建材", "华东", "国企", ("能耗监测", "发货管理")),
    Company("深圳蓝图智能科技有限公司", "蓝图智能", "华南", "中小", ("研发项目管理", "备件管理")),
    Company("合肥中科精密仪器有限公司", "中科精密", "华东", "中小", ("条码系统", "校准台账")),
    Company("嘉兴天成纺织有限公司", "天成纺织", "华东", "中小", ("排产优化", "能耗监测")),
    Company("绍兴古越酒业股份有限公司", "古越酒业", "华东", "KA", ("防伪溯源", "经销商门户")),
    Company("常州金源新能源有限公司", "金源新能源", "华东", "中小", ("电站运维", "设备联网")),
    Company("广州南粤家居有限公司", "南粤家居", "华南", "中小", ("门店进销存", "安装派单")),
    Company("温州瓯江阀门有限公司", "瓯江阀门", "华东", "中小", ("扫码报工", "质量追溯")),
    Company("扬州瘦西湖文旅集团有限公司", "瘦西湖文旅", "华东", "国企", ("票务系统", "会员系统")),
    Company("徐州淮海重工有限公司", "淮海重工", "华东", "KA", ("设备联网", "MES二期")),
    Company("湖州太湖生物科技有限公司", "太湖生物", "华东", "中小", ("实验室管理", "批次追溯")),
    Company("东莞鼎盛塑胶有限公司", "鼎盛塑胶", "华南", "中小", ("注塑排产", "扫码报工")),
    Company("镇江大江船舶配件有限公司", "大江船舶", "华东", "中小", ("备件管理", "供应商门户")),
    Company("台州飞鹰缝纫设备有限公司", "飞鹰缝纫", "华东", "中小", ("售后工单", "仓储系统")),
    Company("芜湖新安电缆有限公司", "新安电缆", "华东", "中小", ("能耗监测", "质量追溯")),
    Company("南通江海港务有限公司", "江海港务", "华东", "国企", ("移动巡检", "堆场管理")),
    Company("佛山明珠陶瓷有限公司", "明珠陶瓷", "华南", "中小", ("窑炉监测", "仓储系统")),
    Company("盐城沿海风电有限公司", "沿海风电", "华东", "KA", ("移动巡检", "备件管理")),
    Company("金华八婺药业有限公司", "八婺药业", "华东", "中小", ("合规审计", "批次追溯")),
    Company("衢州南孔教育科技有限公司", "南孔教育", "华东", "中小", ("教务系统", "会员系统")),
    Company("泰州里下河水产有限公司", "里下河水产", "华东", "中小", ("冷链监测", "经销商门户")),
    Company("珠海横琴数据服务有限公司", "横琴数据", "华南", "中小", ("运维平台", "看板大屏")),
)

_NAMES = (  # noqa: SIM905 - sixty names read better as words than as a list
    "张建国 刘海燕 吴志强 郑晓东 冯丽华 沈国平 许文博 韩雪梅 曹俊杰 彭家豪 谢宏伟 邓玉婷 唐振华 袁思琪 蒋立新 魏红霞 丁学文 任佳慧 姚启航 卢新月 "
    "方世杰 石磊 崔雅琴 康永年 白洁 龙飞 段绍辉 雷鸣 侯佩玲 邵一鸣 孟庆海 秦岚 江涛 史建平 顾晓曼 尹志远 贺丽萍 龚成 洪亮 戴晓雯 "
    "莫凡 施国栋 樊芳 鲍春生 倪敏 翟伟 温馨 庄严 柳如云 章炳文 鲁智 葛小兰 祝福 董海波 梁静 杜若飞 阮玲 蓝天成 闵捷 席慧敏"
).split()
_TITLES = (
    "总经理",
    "采购总监",
    "信息部经理",
    "生产副总",
    "财务经理",
    "IT主管",
    "运营总监",
    "采购经理",
    "董事长",
    "项目经理",
)
CONTACTS = tuple((name, _TITLES[(index * 7 + index // 30 * 3) % len(_TITLES)]) for index, name in enumerate(_NAMES))

AMOUNTS = (8, 12, 15, 18, 25, 30, 36, 48, 60, 80, 95, 120, 150, 220)
ACTIONS = ("发正式报价", "约现场调研", "确认合同条款", "回访试用情况", "约高层见面", "发案例资料", "跟进付款进度")

SENTENCES = (
    ("visit", "拜访了{customer}{person}，现场看了产线，对{project}比较认可，担心实施周期"),
    ("visit", "去{customer}见了{person}，谈了{project}的范围，预算还要走内部流程"),
    ("visit", "上门给{customer}{person}讲方案，提了三个问题：接口、售后、价格"),
    ("call", "给{customer}{person}打电话，确认{project}需求没有变化，等他们月底开会"),
    ("call", "电话联系{customer}{person}，对方在出差，说下周再约"),
    ("wechat", "微信发了{project}的案例给{customer}{person}，回复说会转给领导"),
    ("wechat", "{customer}{person}微信问了{project}的报价，已经把初版发过去"),
    ("meeting", "和{customer}{person}开视频会议过{project}方案，基本同意技术路线"),
    ("demo", "给{customer}{person}演示了{project}，现场反馈不错，要求再看一次移动端"),
    ("dinner", "和{customer}{person}吃饭，聊到竞争对手报价低两成，要想办法突出服务"),
)  # fmt: skip

TARGETS = {"lina": 200, "wanglei": 80}  # 万, this month

RELEASED = "三次约见都没约上，先放一放"
# Person, company, position, number, need, source, and who has it; "" = nobody yet.
LEADS = (
    ("段总", "长河电机", "总经理", "13900010001", "设备巡检系统", "官网", "lina"),
    ("贾工", "恒泰阀门", "信息部经理", "13900010002", "MES 选型", CHANNEL, "lina"),
    ("苗经理", "金桥包装", "采购经理", "13900010003", "条码追溯", "老客户介绍", "wanglei"),
    ("龚女士", "绿源农机", "", "13900010004", "想看演示", "官网", ""),
)
