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
    c.ShowDigest(): "团队简报 简报 今日简报",
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
