"""A made-up company of any size, the same every time: customers, their people and deals, and what its reps would say."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate

from bot.nlu.cues import names as cue
from bot.nlu.frame import Name

# Characters that firms like in their names and parents in their children's; the first are the most usual.
_BRAND = (
    "华信安达金鑫盛泰恒源通海天瑞德宏兴隆博联创新科大中东方龙江汇丰美佳康健和平永正明光亚欧飞腾翔宇航星辰云峰山川林森润泽万利亿百千里程凯旋富贵祥瑞吉荣昌茂顺达诚信义仁智勇毅力行远卓越超群英杰俊豪雅致"
    "精微纳米电磁波浪潮涌泉清澈洁净蓝绿青红白黑紫橙银铜铁钢玉石晶钻珠宝贝朗月日朝阳旭升腾跃进步步高能动力驰骋纵横乾坤元始初心本原九鼎一品三和四方五洲六合七彩八达十全齐鲁燕赵秦晋楚越吴蜀闽粤桂湘皖赣鄂豫冀辽吉"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文斌红梅建国志鹏飞宇浩然子轩梓涵欣怡雨婷思佳琪俊博文昊天晨曦雪莹晓峰海波永胜春生德福祥云龙凤山林森淼鑫"
    "颖慧琳琅瑾瑜璐璇诗韵若曦一诺亦凡承志启航振东立新家豪嘉懿泽宇沐阳景行知远书航"
)
_TRADES = [
    "科技",
    "信息技术",
    "电子",
    "机械",
    "实业",
    "贸易",
    "精密",
    "自动化",
    "新材料",
    "生物科技",
    "医疗器械",
    "食品",
    "物流",
    "建设工程",
    "环保科技",
    "智能装备",
    "网络科技",
    "软件",
    "文化传媒",
    "教育科技",
    "能源",
    "化工",
    "纺织",
    "汽车零部件",
    "电气",
    "商贸",
    "农业发展",
    "仪器",
    "包装材料",
    "供应链管理",
    "模具",
    "光电",
    "半导体",
    "家具",
    "餐饮管理",
    "酒店管理",
    "医药",
    "通信技术",
    "数据服务",
    "五金制品",
]
_FORMS = ("有限公司",) * 14 + ("股份有限公司",) * 3 + ("集团有限公司", "有限责任公司", "（集团）股份有限公司")
_LATIN = ("ABB", "KSB", "Nova", "Tek", "Vio", "Zen", "Lumi", "Orbi", "Qual", "Sino", "Uni", "Max", "Rex", "Pola")
_TITLES = [
    "总经理",
    "副总经理",
    "采购总监",
    "采购经理",
    "技术总监",
    "信息中心主任",
    "CIO",
    "财务总监",
    "厂长",
    "工程师",
    "销售经理",
    "行政主管",
    "董事长",
    "总监",
]
_DEALS = [
    "MES系统",
    "二期扩容",
    "ERP升级",
    "年度采购",
    "产线改造",
    "数据中台",
    "备件框架",
    "云平台迁移",
    "检测设备",
    "仓储自动化",
    "安防改造",
    "车间网络",
    "质检视觉",
    "能耗监测",
    "培训服务",
    "续约",
    "营销平台",
    "客服系统",
    "办公软件",
    "智能照明",
]
_STAGES = ("初步接触", "需求确认", "方案报价", "谈判", "合同签订")
_SAID = (
    "今天拜访了{customer}{person}，{deal}预算{amount}万，下周三再跟进",
    "上午和{customer}的{person}开了个会，聊了聊{deal}的方案，对方比较认可，让我们周五前把报价发过去",
    "{customer}{deal}推进到谈判，金额{amount}万",
    "明天下午三点提醒我给{customer}{person}打电话",
    "{person}说{deal}要等到下个月才启动，预算还没批",
    "{customer}最近聊了什么",
    "给{customer}的{person}打个标签 高意向",
    "{customer}赢单了，合同{amount}万，月底前回款三成",
    "微信跟{person}沟通了，{customer}对价格比较敏感，嫌贵，想让我们再便宜点",
    "新建商机 {customer} {deal} {amount}w",
    "没见到{person}，改到后天上午十点去{customer}",
    "本月华东漏斗",
    "{customer}那个{deal}黄了，输给了友商，价格原因",
    "超过30天没联系的A类客户",
    "帮我把{customer}转给李娜",
)


class Company:
    """`customers` names with two contacts each and a deal for every third; `names()` is what the lexicon takes."""

    def __init__(self, customers: int, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._surnames = cue.SURNAMES
        self._surname_weights = _falling(len(self._surnames), 0.9)
        self._brand_weights = _falling(len(_BRAND), 0.45)
        self.customers = list(self._firms(customers))
        self.contacts = [
            Name("contact", number, self._person(), customer=number // 2, title=self._random.choice(_TITLES))
            for number in range(2 * customers)
        ]
        self.deals = [
            Name("deal", number, self._deal(3 * number), customer=3 * number, stage=self._random.choice(_STAGES))
            for number in range(customers // 3)
        ]
        self.others = [Name("stage", stage, stage) for stage in _STAGES]
        self.others += [
            Name("tag", number, tag) for number, tag in enumerate(("高意向", "价格敏感", "有竞品", "决策人"))
        ]
        self.others += [Name("member", number, self._person()) for number in range(300)] + [Name("member", 300, "李娜")]
        self.others += [Name("region", region, region) for region in cue.BIG_REGIONS]

    def names(self) -> Iterator[Name]:
        """Every name of the company."""
        yield from self.customers
        yield from self.contacts
        yield from self.deals
        yield from self.others

    def sentences(self, count: int, among: Sequence[int] = ()) -> list[str]:
        """What reps would say about these customers (all of them without `among`), short names and full ones mixed."""
        pick = random.Random(count)
        return [self._sentence(pick, pick.choice(among) if among else pick.randrange(len(self.customers)))
                for _ in range(count)]  # fmt: skip

    def _sentence(self, pick: random.Random, number: int) -> str:
        contact = self.contacts[2 * number + pick.randrange(2)]
        person = pick.choice((contact.text, contact.text[0] + pick.choice(("总", "经理", "工", "主任"))))
        deal = (
            self.deals[number // 3].text if number % 3 == 0 and number // 3 < len(self.deals) else pick.choice(_DEALS)
        )
        return pick.choice(_SAID).format(
            customer=short(self.customers[number].text, pick), person=person, deal=deal, amount=pick.randrange(5, 500)
        )

    def _firms(self, count: int) -> Iterator[Name]:
        taken: set[str] = set()
        while len(taken) < count:
            place = self._random.choice(cue.PLACES) + self._random.choice(("", "", "", "市"))
            text = place * (self._random.random() < 0.85) + self._brand() + self._random.choice(_TRADES)
            text += self._random.choice(_FORMS)
            if text not in taken:
                taken.add(text)
                aliases = (self._brand() + "家",) if self._random.random() < 0.05 else ()
                yield Name("customer", len(taken) - 1, text, aliases)

    def _brand(self) -> str:
        if self._random.random() < 0.04:
            return (
                self._random.choice(_LATIN)
                + self._random.choice("abcdefghiklmnoprstuvxyz")
                + self._random.choice(("", "X", "3", "Lab"))
            )
        length = self._random.choice((2, 2, 2, 3, 3, 4))
        return "".join(self._random.choices(_BRAND, cum_weights=self._brand_weights, k=length))

    def _person(self) -> str:
        surname = self._random.choices(self._surnames, cum_weights=self._surname_weights)[0]
        return surname + "".join(self._random.choices(_GIVEN, k=self._random.choice((1, 2, 2))))

    def _deal(self, customer: int) -> str:
        year = self._random.choice(("", "", "2026年", "一期", "总部"))
        own = self.customers[customer].text[2:6] if self._random.random() < 0.3 else ""
        return own + year + self._random.choice(_DEALS)


def short(name: str, pick: random.Random) -> str:
    """The name as people say it: mostly without place and legal form, sometimes the first characters only."""
    bare = name
    for form in sorted(set(_FORMS), key=len, reverse=True):
        bare = bare.removesuffix(form)
    core = bare
    for place in sorted(cue.PLACES, key=len, reverse=True):
        if bare.startswith(place):
            core = bare[len(place) :].removeprefix("市")
            break
    return pick.choice((name, bare, core, core, core, core[:4], core[:3]))


def _falling(count: int, power: float) -> list[float]:
    """Cumulated weights 1/n^power: few are frequent, most are rare."""
    return list(accumulate(1 / (rank + 1) ** power for rank in range(count)))
