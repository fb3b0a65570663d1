"""Short commands: a whole message that is one of these words means exactly this, as the menu key beside it does."""

from __future__ import annotations

from bot import commands as c

_PHRASES: dict[c.Command, str] = {
    c.Help(): "帮助 菜单 help ? 怎么用 你能做什么",
    c.Undo(): "撤销 撤回 取消上一条",
    c.ShowTodo(): "今日待办 今天待办 我的待办 待办 待办事项",
    c.ShowTodo(all=True): "全部待办 所有待办",
    c.MyCustomers(): "我的客户 客户列表 团队客户",
    c.MyDeals(): "我的商机 商机列表 团队商机",
    c.ShowPipelines(): "销售流程 商机流程 流程 查看流程 看流程 看销售流程 商机阶段",
    c.ShowCourse(): "历程 商机历程 看历程",
    c.ShowFunnel(): "漏斗 销售漏斗 看漏斗",
    c.CallTheRoll(): "点名 开始点名 本月点名 预测点名 点一下名 收一下本月预测 收本月预测 问问大家本月能签哪些 问一下大家这个月能签哪些",
    c.ShowRoll(): "我的承诺 本月表态 我要表态",
    c.ShowIdleRules(): "回收规则 提醒规则 查看回收规则 看回收规则 有哪些回收规则",
    c.ShowPool(): "公海 看公海 公海客户 公海列表 公海里有哪些客户 公海有哪些客户 公海里有什么 公海池 打开公海 公海有什么客户 看看公海",
    c.ShowLeads(): "我的线索 线索 线索列表 看线索 看看线索 查看线索",
    c.ShowLeads(free=True): "待领线索 线索池 线索公海 待分配线索 待分配的线索 公海线索 没人领的线索",
    c.ShowLeadRules(): "线索规则 线索分配规则 查看线索规则 看线索规则",
    c.ShowPoolRule(): "公海规则 查看公海规则 领取规则 公海领取规则",
    c.TryIdleRules(): "试跑回收规则 试跑规则 试跑 试运行回收规则 演练回收规则",
    c.WhyReminded(): "为什么提醒我 为什么 为啥提醒我",
    c.LimitPushes(): "提醒上限 每天提醒上限 提醒条数 每天提醒几条",
    c.LimitPushes(most=0): "提醒不限条数 不限提醒条数 提醒不限",
    c.ShowHeld(): "合并的提醒 看合并的提醒 攒着的提醒",
    c.ShowCovers(): "代理人 我的代理 谁在代理 代理",
    c.ShowFuture(): "未来机会 未来商机 我的未来机会 休眠商机",
    c.ShowDigest(): "团队简报 简报 今日简报",
    c.WriteWeek(): "写周报 周报 我的周报 本周周报 写一下周报 生成周报",
    c.ShowStuck(): "停滞商机 停滞 看停滞 哪些商机停滞了 停滞的商机 卡住的商机",
    c.ShowSilent(): "看沉默 沉默成员 谁没有记录 谁没写跟进 谁最近没有记录",
    c.ShowOverdue(): "团队逾期 逾期 逾期待办 逾期列表 谁逾期了 谁的跟进逾期了",
    c.ShowChannels(): "渠道列表 渠道活码 我的渠道",
    c.ShowCampaigns(): "群发记录 群发列表 我的群发",
    c.ShowMembers(): "成员列表 成员",
    c.Bind(): "绑定",
}
_BY_WORDS = {word: command for command, words in _PHRASES.items() for word in words.split()}
_TRAILING = "。.！!？?~ \u3000"


def phrase(text: str) -> c.Command | None:
    """The command that the whole text is, if it is one of the short ones."""
    words = text.strip().rstrip(_TRAILING)
    return _BY_WORDS.get(words.lower() or text.strip())
