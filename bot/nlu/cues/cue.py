"""What a cue is, and the pieces that cues of several intents share.

In a skeleton every name and number found is one token: <C> customer, <P> contact, <D> deal, <M> member, <R> region, <T> time,
<N> sum of money, <%> percentage, <F> phone, <S> the name of a stage (spelled out: stages are ordinary words).
"""

from typing import NamedTuple


class Cue(NamedTuple):
    """An intent, what shows it, and what takes it back."""

    intent: str
    shows: str
    unless: str = ""


ASK_WORDS = (
    r"哪些|哪个|哪几|哪家|哪位|多少|几个|几单|几家(?!的)|几次|有啥|有什么|是什么|啥时候|什么时候|谁|吗|怎么样|"
    r"咋样|如何|有没有|列一下|列出|列下|列表|清单|(?<![先再去来])看看|看下|看一下|(?<![调检审抽巡勘])查(?!收|验)|给我看|"
    r"给我(?![建加开录记出做约订安提把打])|发我|统计|情况|"
    r"多久|到了没|了没|没有\?|进展|明细|汇总|show|what|how|which|who|list|\?|？|呢$"
)
ASK = rf"(?:{ASK_WORDS})"
NEW = (
    r"(?:上(?=一?个)|新建|新增|创建|添加|录入|登记|录|建|加|开|立|增加|补录|报备)(?:了)?(?:一?个|一?家|"
    r"一下|下|一?条|一?位)?(?:新的?)?"
)
