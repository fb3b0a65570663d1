"""Small talk: what kind it is, and the one short line that answers it."""

from __future__ import annotations

import re

from bot.cards.card import Card

# What people say that asks for nothing. A message that is made of these words alone is small talk; the first kind wins.
_WORDS = {
    "thanks": "非常感谢 太感谢 感谢 谢谢您 谢谢你 谢谢 多谢 谢啦 谢了 谢 辛苦您 辛苦你 辛苦 麻烦您 麻烦你 thankyou thanks thx 3q",
    "bye": "再见 拜拜 拜 回见 明天见 回头见 晚安 下班 先忙 去忙 bye 88 886",
    "greeting": "你好 您好 大家好 早上好 上午好 中午好 下午好 晚上好 早安 午安 早 嗨 哈喽 哈罗 hello hi 在吗 在么 在嘛 在不在 有人吗 你是谁 您是谁 测试 test",
    "praise": "太好 真好 很好 太棒 真棒 很棒 棒 厉害 真厉害 牛 真牛 赞 点赞 不错 挺好 好用 真好用 完美 漂亮 good great nice",
    "agreed": "好的 好滴 好嘞 好吧 好呀 好 嗯 恩 哦 噢 收到 知道 明白 了解 清楚 ok okay 行 可以 没问题 没事 是的 对的",
    "laugh": "哈 呵 嘿 嘻 哇 666 233 haha hehe",
}
# Answers to a question, said when none is open.
_ANSWERING = {
    "cancel": re.compile("取消|算了|不用了?|不要了?|不需要了?"),
    "choice": re.compile(r"(?:选|就)?(?:第[一二三四五六七八九十\d]{1,2}|最后一|[1-9])(?:个|家|位|条|项)?"),
}
_ENDS = "吧啊呢。.！!~～… \u3000"
_FILLING = "啊呀哦噢啦呢吧哈嘛哟喔了的滴哒、，,。.！!~～…？?；; \u3000\u200d\ufe0f"
_MEANT = {
    kind: re.compile("|".join(sorted(map(re.escape, said.split()), key=len, reverse=True)))
    for kind, said in _WORDS.items()
}
_PICTURE = r"\[[^\[\]\s]{1,6}\]|[\u2600-\u27bf\U0001f300-\U0001faff]"  # [呲牙], 👍
_EVERY = "|".join(sorted((re.escape(word) for said in _WORDS.values() for word in said.split()), key=len, reverse=True))
_PICTURES = re.compile(_PICTURE)
_WHOLE = re.compile(f"(?:{_EVERY}|{_PICTURE}|[{re.escape(_FILLING)}])+")
_ANSWERS = {
    "thanks": "不客气，有事随时说。",
    "bye": "再见，到点的待办我会提醒您。",
    "praise": "谢谢，有事随时说。",
    "agreed": "好的，有事随时说。",
    "laugh": "哈哈，有事随时说。",
    "cancel": "现在没有等您回答的问题。想撤回刚才记的，回复「撤销」。",
    "choice": "现在没有等您选的问题，直接说要做什么就行。",
}


def kind_of(words: str) -> str:
    """greeting, thanks, bye, praise, agreed, laugh, or an answer to nothing (cancel, choice); "" where it is none of these."""
    text = words.strip().lower()
    bare = text.rstrip(_ENDS)
    for kind, answers in _ANSWERING.items():
        if answers.fullmatch(bare):
            return kind
    if not _WHOLE.fullmatch(text):
        return ""
    found = (kind for kind, meant in _MEANT.items() if meant.search(text))
    return next(found, "agreed" if _PICTURES.search(text) else "")


def line_card(kind: str) -> Card:
    """The answer to small talk that is no greeting: one line, nothing to tap."""
    return Card(title=_ANSWERS[kind])
