"""What kind a deal is of: 新建续签商机, 有个增购的单子; 这单是续签."""

KINDS: dict[str, tuple[str, ...]] = {
    "new": ("新签", "新购", "首签", "首单"),
    "renewal": ("续签", "续约", "续费", "续保", "续单"),
    "expansion": ("再销售", "增购", "加购", "扩容", "增补", "追加", "复购", "追单"),
}
KIND = "|".join(word for words in KINDS.values() for word in words)
_DEAL = r"(?:商机|机会|单子|项目|单(?=[\s:：,，]))"
_MAKE = (
    r"(?:(?:新建|新增|创建|添加|录入|登记|补录|报备|录|建|加|开|立|记)(?:了|上|下)?(?:一?个|一?条|一?笔|一下)?(?:新的?)?|"
    r"有(?:一?个|一?笔|了)?(?:新的?)?|来了?(?:一?个|一?笔|一?单)?(?:新的?)?|多了?(?:一?个|一?笔)?|新的?)"
)
# The kind before the word deal of a sentence that makes one, or behind everything.
BEFORE = (
    rf"(?P<lead>{_MAKE}|^\s*[^\s,，。]{{2,16}}?(?=(?:{KIND})(?:类型?)?的?(?:商机|单子)[\s:：,，]+\S))"
    rf"(?P<kind>{KIND})(?P<of>(?:类型?)?的?)(?P<deal>{_DEAL})"
)
BEHIND = rf"(?P<lead>.*{_DEAL}.*[\s,，])(?P<of>(?:类型)?(?:是|为|[:：])?\s*)(?P<kind>{KIND})(?P<tail>的|的单子?|单|商机)?[\s。.!！]*$"
