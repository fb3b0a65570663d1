"""Questions, and what is ordered or said beside reports, understood for six invented companies."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bot.nlu.cli import run


def company(
    customers: str, contacts: str, deals: str, members: str, stages: str, regions: str, now: str
) -> dict[str, Any]:
    """Lists as text: customers (with =alias), contacts and deals as name/title or stage/part of the customer's name."""
    names = [part.split("=") for part in customers.split(";")]
    full = [name[0] for name in names]

    def rows(text: str, second: str) -> list[dict[str, str]]:
        found = []
        for part in text.split(";"):
            name, other, owner = part.split("/")
            found.append({"name": name, second: other, "customer": next(one for one in full if owner in one)})
        return found

    return {
        "now": f"{now}:00+08:00",
        "context": {
            "customers": full, "aliases": {name[0]: name[1:] for name in names if name[1:]}, "contacts": rows(contacts, "title"),
            "deals": rows(deals, "stage"), "members": members.split(), "me": members.split()[0], "stages": stages.split(";"), "regions": regions.split(),
        },
    }  # fmt: skip


FOOD = company(
    "统一企业（中国）投资有限公司;好想你健康食品股份有限公司;三只松鼠股份有限公司=松鼠;周黑鸭国际控股有限公司;四川海底捞餐饮股份有限公司=海底捞=捞王;永辉超市股份有限公司;物美科技集团有限公司;今麦郎食品股份有限公司;安井食品集团股份有限公司;康师傅控股有限公司;良品铺子股份有限公司;良品计划（上海）商业有限公司",
    "高兴华/采购总监/好想你健康食品股份有限公司;何时/市场部经理/三只松鼠股份有限公司;章小鱼/供应链总监/周黑鸭国际控股有限公司;王思远/副总/永辉超市股份有限公司;王思远/品类经理/物美科技集团有限公司;李大有/生产厂长/今麦郎食品股份有限公司;郑好/研发主管/安井食品集团股份有限公司;于敏/财务/康师傅控股有限公司;李明/店长/良品铺子股份有限公司",
    "统一老坛包材/试样/统一企业（中国）投资有限公司;好想你自动分选/报价/好想你健康食品股份有限公司;松鼠年货礼盒/进场谈判/三只松鼠股份有限公司;周黑鸭锁鲜盒/试样/周黑鸭国际控股有限公司;永辉冷链改造/报价/永辉超市股份有限公司;永辉生鲜周转筐/陌拜/永辉超市股份有限公司;安井速冻产线/已供货/安井食品集团股份有限公司",
    "唐果 向前 安静 沈默然 Kevin",
    "陌拜;试样;报价;进场谈判;已供货",
    "华东 华中 西南 湖北 安徽",
    "2026-06-16T14:30",
)  # fmt: skip
SOFTWARE = company(
    "北京字节跳动科技有限公司;上海拼多多网络科技有限公司=PDD;京东方科技集团股份有限公司;京东集团股份有限公司;上海哔哩哔哩科技有限公司=B站;小米科技有限责任公司;深圳市大族激光科技股份有限公司;金山办公软件股份有限公司;网易（杭州）网络有限公司;完美世界股份有限公司;北京理想汽车有限公司",
    "Linda Zhou/HRBP/北京字节跳动科技有限公司;程序/CTO/上海拼多多网络科技有限公司;陈列/采购经理/京东方科技集团股份有限公司;陈述/总监/京东集团股份有限公司;刘畅/产品总监/上海哔哩哔哩科技有限公司;黎明/IT经理/小米科技有限责任公司;罗辑/架构师/深圳市大族激光科技股份有限公司;Tony Ma/VP/完美世界股份有限公司",
    "字节SSO/Demo/北京字节跳动科技有限公司;拼多多风控网关/POC/上海拼多多网络科技有限公司;京东方零信任/Proposal/京东方科技集团股份有限公司;京东密钥管理/Qualified/京东集团股份有限公司;B站日志审计/Proposal/上海哔哩哔哩科技有限公司;小米堡垒机/Closed Won/小米科技有限责任公司;理想数据脱敏/Demo/北京理想汽车有限公司",
    "苏晴 Alex 韩东 Mia 周到",
    "Lead;Qualified;Demo;POC;Proposal;Closed Won",
    "北区 东区 南区 北京 上海",
    "2026-10-21T09:40",
)  # fmt: skip
MEDICAL = company(
    "北京大学第三医院=北医三院;北京协和医院;首都医科大学附属北京同仁医院;首都医科大学附属北京天坛医院;天津市肿瘤医院;河北医科大学第二医院=河北二院;青岛大学附属医院=青大附院;西安交通大学第一附属医院=交大一附院;西安国际医学中心医院有限公司;迪安诊断技术集团股份有限公司;金域医学检验集团股份有限公司",
    "田甜/检验科主任/北京大学第三医院;路遥/设备科科长/北京协和医院;丁当/护士长/首都医科大学附属北京同仁医院;石头/副院长/天津市肿瘤医院;白雪/药剂科主任/河北医科大学第二医院;马到成/院长助理/青岛大学附属医院;王主/信息科主任/西安交通大学第一附属医院;宋词/采购总监/迪安诊断技术集团股份有限公司;宋词/总经理/金域医学检验集团股份有限公司",
    "北医三院流水线/院内立项/北京大学第三医院;协和质谱/科室认可/北京协和医院;同仁眼底相机/招标/首都医科大学附属北京同仁医院;天肿基因测序/装机/天津市肿瘤医院;青大附院化学发光/意向/青岛大学附属医院;迪安试剂年框/招标/迪安诊断技术集团股份有限公司",
    "江河 叶子 文静 司徒南 夏天",
    "意向;科室认可;院内立项;招标;装机;验收回款",
    "京津冀 山东 西北 河北",
    "2026-03-05T18:10",
)  # fmt: skip
BUILDING = company(
    "中国建筑第八工程局有限公司=八局=中建八局;中国建筑第三工程局有限公司=三局=中建三局;中铁四局集团有限公司;上海建工集团股份有限公司;龙湖集团控股有限公司;万科企业股份有限公司;招商局蛇口工业区控股股份有限公司=招商蛇口;招商银行股份有限公司;华润置地有限公司;华润燃气控股有限公司;绿城中国控股有限公司;东方雨虹防水技术股份有限公司;明天控股有限公司",
    "齐整/项目经理/中国建筑第八工程局有限公司;盛况/采购部长/中国建筑第三工程局有限公司;任平生/总工/中铁四局集团有限公司;杜若/成本经理/龙湖集团控股有限公司;欧阳修/副总/万科企业股份有限公司;贺喜/招采总监/绿城中国控股有限公司;钱多/财务总监/华润置地有限公司;周全/经理/东方雨虹防水技术股份有限公司;顾全/主任/上海建工集团股份有限公司",
    "八局临港塔吊/S3方案/中国建筑第八工程局有限公司;三局光谷幕墙/S4投标/中国建筑第三工程局有限公司;四局盾构租赁/S2需求/中铁四局集团有限公司;龙湖电梯战采/S4投标/龙湖集团控股有限公司;万科门窗集采/S5合同/万科企业股份有限公司;绿城未来社区/S1线索/绿城中国控股有限公司;华润置地空调/S3方案/华润置地有限公司",
    "陆一鸣 谭笑 白杨 段落 封平",
    "S1线索;S2需求;S3方案;S4投标;S5合同",
    "华东 华中 华南 武汉 合肥",
    "2026-08-28T11:20",
)  # fmt: skip
COURSES = company(
    "江苏恒瑞医药股份有限公司;上海恒瑞医疗器械有限公司;云南白药集团股份有限公司;漳州片仔癀药业股份有限公司;深圳市大白鲨广告有限公司;湖南老百姓大药房连锁股份有限公司=老百姓;中国邮政储蓄银行股份有限公司=邮储;中国邮政集团有限公司;中国农业银行股份有限公司;泰康保险集团股份有限公司;平安银行股份有限公司;中国平安保险（集团）股份有限公司;顺其自然文化传播有限公司",
    "任务/行政主管/云南白药集团股份有限公司;张三丰/信息总监/江苏恒瑞医药股份有限公司;李会议/运营经理/湖南老百姓大药房连锁股份有限公司;钟意/采购经理/漳州片仔癀药业股份有限公司;卫来/副行长/中国邮政储蓄银行股份有限公司;高丽/CIO/泰康保险集团股份有限公司;高立/总经理助理/平安银行股份有限公司;欧阳娜/培训主管/中国农业银行股份有限公司",
    "恒瑞培训平台/2-方案/江苏恒瑞医药股份有限公司;白药直播学院/1-线索/云南白药集团股份有限公司;邮储柜员考试/3-竞标/中国邮政储蓄银行股份有限公司;农行微课/4-签约/中国农业银行股份有限公司;泰康代理人训练营/2-方案/泰康保险集团股份有限公司;泰康合规课/3-竞标/泰康保险集团股份有限公司;老百姓店长班/1-线索/湖南老百姓大药房连锁股份有限公司",
    "冷月 成长 张三 Vivian 郝帅",
    "1-线索;2-方案;3-竞标;4-签约;5-交付",
    "华东 云贵 湖南 总部",
    "2026-04-22T20:15",
)  # fmt: skip
FREIGHT = company(
    "上海明日控股有限公司;义乌小商品城集团股份有限公司=小商品城;宁波得力集团有限公司;晨光文具股份有限公司;浙江盾安阀门有限公司;苏泊尔股份有限公司;杭州老板电器股份有限公司;方太厨具有限公司;公牛集团股份有限公司;飞科电器股份有限公司;美的集团股份有限公司;新宝电器股份有限公司",
    "周末/外贸经理/义乌小商品城集团股份有限公司;Emma Wu/buyer/晨光文具股份有限公司;吴晓/采购总监/苏泊尔股份有限公司;吴晓波/采购经理/苏泊尔股份有限公司;毛利/财务经理/杭州老板电器股份有限公司;方程/总工/方太厨具有限公司;金牛/仓储主管/公牛集团股份有限公司;林单/跟单/飞科电器股份有限公司;何总监/总监/美的集团股份有限公司",
    "得力海外仓/Sample/宁波得力集团有限公司;晨光欧洲专线/Quotation/晨光文具股份有限公司;苏泊尔拼箱/PI Signed/苏泊尔股份有限公司;老板中亚班列/Inquiry/杭州老板电器股份有限公司;公牛东南亚海运/Quotation/公牛集团股份有限公司;飞科空运/Shipment/飞科电器股份有限公司",
    "阮小七 Leo 单双 马上飞 柴静",
    "Inquiry;Sample;Quotation;PI Signed;Shipment",
    "浙江 海外 东南亚 欧洲",
    "2026-12-02T10:05",
)  # fmt: skip

TABLE: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    (FOOD, "超过30天没联系的A类客户", {"intent": "query_customer", "query": {"idle_days": 30, "tag": "A类"}}),
    (FOOD, "哪些客户半个月没跟了", {"intent": "query_customer", "query": {"idle_days": 15}}),
    (FOOD, "向前的客户", {"intent": "query_customer", "query": {"owner": "向前"}}),
    (FOOD, "何时是哪家公司的", {"intent": "query_customer", "customer": "三只松鼠股份有限公司", "contacts": ["何时"]}),
    (FOOD, "王思远的微信发我", {"intent": "query_customer", "ambiguous": True, "candidates": {"contacts": ["王思远", "王思远"]}}),
    (FOOD, "试样超过20天没动的", {"intent": "query_deal", "query": {"idle_days": 20, "stage": "试样"}}),
    (FOOD, "50万以上还没签的", {"intent": "query_deal", "query": {"status": "open", "min_amount": 500000}}),
    (FOOD, "我手头的单子有哪些", {"intent": "query_deal", "query": {"owner": "me"}}),
    (FOOD, "有哪些单子黄了", {"intent": "query_deal", "query": {"status": "lost"}}),
    (FOOD, "这周还剩哪些没弄完", {"intent": "query_todo", "query": {"start": "2026-06-15", "end": "2026-06-21"}}),
    (FOOD, "我今天还要给谁打电话", {"intent": "query_todo", "query": {"start": "2026-06-16", "end": "2026-06-16", "owner": "me"}}),
    (FOOD, "本月华东漏斗", {"intent": "query_funnel", "query": {"start": "2026-06-01", "end": "2026-06-30", "region": "华东"}}),
    (FOOD, "我这个月还差多少", {"intent": "query_forecast", "query": {"start": "2026-06-01", "end": "2026-06-30", "owner": "me"}}),
    (FOOD, "离目标还有多远", {"intent": "query_forecast"}),
    (FOOD, "谁上周没写跟进", {"intent": "query_ranking", "query": {"start": "2026-06-08", "end": "2026-06-14", "metric": "visits"}}),
    (FOOD, "唐果今年签了多少钱", {"intent": "query_ranking", "query": {"start": "2026-01-01", "end": "2026-12-31", "owner": "唐果", "metric": "amount"}}),
    (FOOD, "竞品对比话术", {"intent": "search_knowledge", "query": {"keyword": "竞品对比话术"}}),
    (FOOD, "客户说贵怎么回", {"intent": "search_knowledge", "query": {"keyword": "客户说贵怎么回"}}),
    (FOOD, "付款条件一般怎么定", {"intent": "search_knowledge", "query": {"keyword": "付款条件一般怎么定"}}),
    (FOOD, "永辉冷链改造重新报价 降到66万", {"intent": "create_quote", "customer": "永辉超市股份有限公司", "deal": "永辉冷链改造", "amount": 660000}),
    (FOOD, "周黑鸭让Kevin去跟", {"intent": "assign_customer", "customer": "周黑鸭国际控股有限公司", "assignee": "Kevin"}),
    (FOOD, "章小鱼身上加个「内线」", {"intent": "tag_contact", "customer": "周黑鸭国际控股有限公司", "contacts": ["章小鱼"], "tags": ["内线"]}),
    (FOOD, "高兴华不是决策人了 标签去掉", {"intent": "untag_contact", "customer": "好想你健康食品股份有限公司", "contacts": ["高兴华"], "tags": ["决策人"]}),
    (FOOD, "明天去周黑鸭的事往后推两天", {"intent": "reschedule_followup", "customer": "周黑鸭国际控股有限公司", "next_at": "2026-06-19"}),
    (FOOD, "打卡 好想你新郑工厂", {"intent": "checkin", "customer": "好想你健康食品股份有限公司", "place": "好想你新郑工厂"}),
    (FOOD, "你会干嘛", {"intent": "help"}),
    (FOOD, "统一思想 抓好落实", {"intent": "none"}),
    (FOOD, "何时才能放假啊", {"intent": "none"}),
    (FOOD, "别把永辉冷链改造推到进场谈判", {"intent": "none"}),
    (FOOD, "刚发错了 别管", {"intent": "none"}),
    (FOOD, "中午吃啥", {"intent": "none"}),
    (FOOD, "安井的拜访改到25号", {"intent": "reschedule_followup", "customer": "安井食品集团股份有限公司", "next_at": "2026-06-25"}),
    (FOOD, "我哪些客户快一个月没跟进了", {"intent": "query_customer", "query": {"idle_days": 30, "owner": "me"}}),
    (FOOD, "湖北打过「重点」标签的有谁", {"intent": "query_customer", "query": {"region": "湖北", "tag": "重点"}}),
    (FOOD, "周转筐能承重多少公斤", {"intent": "search_knowledge", "query": {"keyword": "周转筐能承重多少公斤"}}),
    (FOOD, "良品铺子李明离职了，接手的叫赵四，店长", {"intent": "create_contact", "customer": "良品铺子股份有限公司", "contacts": ["赵四"], "title": "店长"}),
    (SOFTWARE, "show me all customers of Alex", {"intent": "query_customer", "query": {"owner": "Alex"}}),
    (SOFTWARE, "who is the owner of 网易", {"intent": "query_customer", "customer": "网易（杭州）网络有限公司"}),
    (SOFTWARE, "which deals are in POC", {"intent": "query_deal", "query": {"stage": "POC"}}),
    (SOFTWARE, "两个礼拜没更新的商机拉出来", {"intent": "query_deal", "query": {"idle_days": 14}}),
    (SOFTWARE, "东区Q4预计要签的单子", {"intent": "query_deal", "query": {"start": "2026-10-01", "end": "2026-12-31", "region": "东区"}}),
    (SOFTWARE, "输给奇安信的单子", {"intent": "query_deal", "query": {"status": "lost"}}),
    (SOFTWARE, "商机在每个阶段的分布", {"intent": "query_funnel"}),
    (SOFTWARE, "年底前还能进多少钱", {"intent": "query_forecast", "query": {"start": "2026-10-21", "end": "2026-12-31"}}),
    (SOFTWARE, "Alex上个月回了多少款", {"intent": "query_ranking", "query": {"start": "2026-09-01", "end": "2026-09-30", "owner": "Alex", "metric": "payment"}}),
    (SOFTWARE, "等保2.0要求是啥", {"intent": "search_knowledge", "query": {"keyword": "等保2.0要求"}}),
    (SOFTWARE, "折扣权限是多少", {"intent": "search_knowledge", "query": {"keyword": "折扣权限"}}),
    (SOFTWARE, "assign 网易 to Mia", {"intent": "assign_customer", "customer": "网易（杭州）网络有限公司", "assignee": "Mia"}),
    (SOFTWARE, "tag 刘畅 as champion", {"intent": "tag_contact", "customer": "上海哔哩哔哩科技有限公司", "contacts": ["刘畅"], "tags": ["champion"]}),
    (SOFTWARE, "remove tag champion from 刘畅", {"intent": "untag_contact", "customer": "上海哔哩哔哩科技有限公司", "contacts": ["刘畅"], "tags": ["champion"]}),
    (SOFTWARE, "网易的新IT负责人是杜一凡", {"intent": "create_contact", "customer": "网易（杭州）网络有限公司", "contacts": ["杜一凡"], "title": "IT负责人"}),
    (SOFTWARE, "京东方归到战略客户", {"intent": "tag_contact", "customer": "京东方科技集团股份有限公司", "tags": ["战略客户"]}),
    (SOFTWARE, "程序又崩了", {"intent": "none"}),
    (SOFTWARE, "陈述事实就好", {"intent": "none"}),
    (SOFTWARE, "理想和现实总有差距", {"intent": "none"}),
    (SOFTWARE, "never mind", {"intent": "none"}),
    (SOFTWARE, "韩东那边有多少VIP", {"intent": "query_customer", "query": {"owner": "韩东", "tag": "VIP"}}),
    (SOFTWARE, "这个月新增的商机", {"intent": "query_deal", "query": {"start": "2026-10-01", "end": "2026-10-31"}}),
    (SOFTWARE, "我昨天的任务都完成了吗", {"intent": "query_todo", "query": {"start": "2026-10-20", "end": "2026-10-20", "owner": "me"}}),
    (SOFTWARE, "产品路线图给我发一下", {"intent": "search_knowledge", "query": {"keyword": "产品路线图"}}),
    (MEDICAL, "叶子手里的VIP客户", {"intent": "query_customer", "query": {"owner": "叶子", "tag": "VIP"}}),
    (MEDICAL, "把我三个月没去过的客户拉个单子", {"intent": "query_customer", "query": {"idle_days": 90, "owner": "me"}}),
    (MEDICAL, "山东有哪几家医院在跟", {"intent": "query_customer", "query": {"region": "山东"}}),
    (MEDICAL, "现在有几台在院内立项", {"intent": "query_deal", "query": {"stage": "院内立项"}}),
    (MEDICAL, "京津冀今年中标的项目", {"intent": "query_deal", "query": {"start": "2026-01-01", "end": "2026-12-31", "region": "京津冀", "status": "won"}}),
    (MEDICAL, "本周未完成的任务", {"intent": "query_todo", "query": {"start": "2026-03-02", "end": "2026-03-08"}}),
    (MEDICAL, "明儿我都约了谁", {"intent": "query_todo", "query": {"start": "2026-03-06", "end": "2026-03-06", "owner": "me"}}),
    (MEDICAL, "每个阶段卡了几个", {"intent": "query_funnel"}),
    (MEDICAL, "一季度回款预估", {"intent": "query_forecast", "query": {"start": "2026-01-01", "end": "2026-03-31", "metric": "payment"}}),
    (MEDICAL, "北医三院3月3号回款40万", {"intent": "record_payment", "customer": "北京大学第三医院", "amount": 400000, "occurred_at": "2026-03-03"}),
    (MEDICAL, "天坛医院认识了检验科副主任罗成 18600012345", {"intent": "create_contact", "customer": "首都医科大学附属北京天坛医院", "contacts": ["罗成"], "title": "检验科副主任", "phone": "18600012345"}),
    (MEDICAL, "标记完成：给丁当送试用装", {"intent": "complete_task", "customer": "首都医科大学附属北京同仁医院", "contacts": ["丁当"], "next_action": "送试用装"}),
    (MEDICAL, "给路遥挂个KOL的标", {"intent": "tag_contact", "customer": "北京协和医院", "contacts": ["路遥"], "tags": ["KOL"]}),
    (MEDICAL, "石头剪刀布", {"intent": "none"}),
    (MEDICAL, "最近一周新增客户", {"intent": "query_customer", "query": {"start": "2026-02-26", "end": "2026-03-05"}}),
    (MEDICAL, "金域那个宋总电话给我", {"intent": "query_customer", "customer": "金域医学检验集团股份有限公司", "contacts": ["宋词"]}),
    (MEDICAL, "同仁眼底相机什么时候开标", {"intent": "query_deal", "customer": "首都医科大学附属北京同仁医院", "deal": "同仁眼底相机"}),
    (MEDICAL, "夏天这季度能不能完成", {"intent": "query_forecast", "query": {"start": "2026-01-01", "end": "2026-03-31", "owner": "夏天"}}),
    (MEDICAL, "上个月谁跑医院跑得最勤", {"intent": "query_ranking", "query": {"start": "2026-02-01", "end": "2026-02-28", "metric": "visits"}}),
    (BUILDING, "S4投标的项目有哪些", {"intent": "query_deal", "query": {"stage": "S4投标"}}),
    (BUILDING, "投标阶段还有几个单", {"intent": "query_deal", "query": {"stage": "S4投标"}}),
    (BUILDING, "超过俩月没走动的老客户", {"intent": "query_customer", "query": {"idle_days": 60}}),
    (BUILDING, "华东千万级的项目", {"intent": "query_deal", "query": {"region": "华东", "min_amount": 10000000}}),
    (BUILDING, "本月要关单的商机", {"intent": "query_deal", "query": {"start": "2026-08-01", "end": "2026-08-31"}}),
    (BUILDING, "上周我漏了哪些跟进", {"intent": "query_todo", "query": {"start": "2026-08-17", "end": "2026-08-23"}}),
    (BUILDING, "Q4做到三千万有戏吗", {"intent": "query_forecast", "query": {"start": "2026-10-01", "end": "2026-12-31"}}),
    (BUILDING, "封平八月收了多少钱", {"intent": "query_ranking", "query": {"start": "2026-08-01", "end": "2026-08-31", "owner": "封平", "metric": "payment"}}),
    (BUILDING, "塔吊租赁合同范本给一份", {"intent": "search_knowledge", "query": {"keyword": "塔吊租赁合同范本"}}),
    (BUILDING, "杜若离职了 接她的是林冲 成本总监", {"intent": "create_contact", "customer": "龙湖集团控股有限公司", "contacts": ["林冲"], "title": "成本总监"}),
    (BUILDING, "恭喜贺喜", {"intent": "none"}),
    (BUILDING, "华中超过五百万还在投标的", {"intent": "query_deal", "query": {"region": "华中", "stage": "S4投标", "min_amount": 5000000}}),
    (BUILDING, "白杨的单子都卡哪了", {"intent": "query_deal", "query": {"owner": "白杨"}}),
    (BUILDING, "今天剩下的事", {"intent": "query_todo", "query": {"start": "2026-08-28", "end": "2026-08-28"}}),
    (BUILDING, "不是，我是说不要转给白杨", {"intent": "none"}),
    (COURSES, "方案阶段的单子", {"intent": "query_deal", "query": {"stage": "2-方案"}}),
    (COURSES, "泰康近况", {"intent": "query_customer", "customer": "泰康保险集团股份有限公司"}),
    (COURSES, "最近30天没碰过的客户有哪些", {"intent": "query_customer", "query": {"idle_days": 30}}),
    (COURSES, "这个月能不能干到200万", {"intent": "query_forecast", "query": {"start": "2026-04-01", "end": "2026-04-30"}}),
    (COURSES, "冷月和成长谁业绩好", {"intent": "query_ranking", "query": {"metric": "amount"}}),
    (COURSES, "本周没填跟进的有谁", {"intent": "query_ranking", "query": {"start": "2026-04-20", "end": "2026-04-26", "metric": "visits"}}),
    (COURSES, "直播系统最多支持多少人同时在线", {"intent": "search_knowledge", "query": {"keyword": "直播系统最多支持多少人同时在线"}}),
    (COURSES, "价格体系表", {"intent": "search_knowledge", "query": {"keyword": "价格体系表"}}),
    (COURSES, "农行以后我跟了", {"intent": "assign_customer", "customer": "中国农业银行股份有限公司", "assignee": "me"}),
    (COURSES, "老百姓那边换人了 现在对接的是培训经理曹操", {"intent": "create_contact", "customer": "湖南老百姓大药房连锁股份有限公司", "contacts": ["曹操"], "title": "培训经理"}),
    (COURSES, "搞个线上公开课 主题是合规 下周四晚上七点半", {"intent": "campaign_create", "next_at": "2026-04-30T19:30", "campaign": "线上公开课"}),
    (COURSES, "周五拜访片仔癀往后延一周", {"intent": "reschedule_followup", "customer": "漳州片仔癀药业股份有限公司", "next_at": "2026-05-01"}),
    (COURSES, "高丽是关键人 标一下", {"intent": "tag_contact", "customer": "泰康保险集团股份有限公司", "contacts": ["高丽"], "tags": ["关键人"]}),
    (COURSES, "我已经到邮储湖南分行", {"intent": "checkin", "customer": "中国邮政储蓄银行股份有限公司", "place": "邮储湖南分行"}),
    (COURSES, "钟意她很久了", {"intent": "none"}),
    (FREIGHT, "Quotation里超过两周没动的", {"intent": "query_deal", "query": {"idle_days": 14, "stage": "Quotation"}}),
    (FREIGHT, "老板中亚班列还有戏吗", {"intent": "query_deal", "customer": "杭州老板电器股份有限公司", "deal": "老板中亚班列"}),
    (FREIGHT, "明早几点开会", {"intent": "query_todo", "query": {"start": "2026-12-03", "end": "2026-12-03"}}),
    (FREIGHT, "conversion rate this month", {"intent": "query_funnel", "query": {"start": "2026-12-01", "end": "2026-12-31"}}),
    (FREIGHT, "11月拜访次数倒数三名", {"intent": "query_ranking", "query": {"start": "2026-11-01", "end": "2026-11-30", "metric": "visits", "top": 3}}),
    (FREIGHT, "Leo上季度回款", {"intent": "query_ranking", "query": {"start": "2026-07-01", "end": "2026-09-30", "owner": "Leo", "metric": "payment"}}),
    (FREIGHT, "危险品能走空运吗", {"intent": "search_knowledge", "query": {"keyword": "危险品能走空运"}}),
    (FREIGHT, "退税流程谁清楚", {"intent": "search_knowledge", "query": {"keyword": "退税流程"}}),
    (FREIGHT, "明年1月办一场东南亚海运推介会", {"intent": "campaign_create", "next_at": "2027-01-01", "campaign": "东南亚海运推介会"}),
    (FREIGHT, "给毛利开发票的活干完了", {"intent": "complete_task", "customer": "杭州老板电器股份有限公司", "contacts": ["毛利"], "next_action": "开发票"}),
    (FREIGHT, "把得力设为A类客户", {"intent": "tag_contact", "customer": "宁波得力集团有限公司", "tags": ["A类客户"]}),
    (FREIGHT, "功能列表", {"intent": "help"}),
    (FREIGHT, "方程解不出来", {"intent": "none"}),
    (FREIGHT, "毛利太低了没意思", {"intent": "none"}),
]  # fmt: skip


@pytest.mark.parametrize(("of", "text", "expected"), TABLE, ids=[text for _, text, _ in TABLE])
def test_what_is_asked_and_ordered(of: dict[str, Any], text: str, expected: dict[str, Any]) -> None:
    answer = io.StringIO()
    run(io.StringIO(json.dumps({"id": "1", "text": text, **of}) + "\n"), answer)
    found = {slot: value for slot, value in json.loads(answer.getvalue()).items() if slot != "id" and value}
    assert found == expected
