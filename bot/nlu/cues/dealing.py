"""What is said about the course of deals, in forms matched on the whole text: pipelines, tiers.

`about` is the deal or customer meant: a form matches only where it is one that the speaker knows, or nothing.
"""

_END = r"[\s。.!！~～]*$"
_TO = r"(?:设置?为|设成|定为|改为|改成|调为|调成|是|为|[:：])"
_TIER = r"(?:KA|SMB|大客户|重点客户|战略客户|国企|央企|国有企业|外企|外资企业|外资|中小企业|中小)"
_THIS = r"(?:这个|那个|刚才的?|刚才那个)(?:商机|单子|项目)"
_WHY = r"(?:[\s,，:：]*(?:原因(?:是|为)?|因为|由于|理由(?:是)?)?[\s:：,，]*(?P<lost_reason>[^,，。\s].{0,80}?))?"
_LOOK = r"(?:看一?下|看看|查一?下|查看|打开)"
_AGAIN = r"(?:重新打开|重新启动|重新激活|重新开启|重开|重启|恢复跟进|恢复|激活|取消暂停)"
FORMS: tuple[tuple[str, str], ...] = (
    (
        "define_pipeline",
        r"^\s*(?:设置|定义|修改|调整|新建|新增)(?:一?个)?\s*(?:销售|商机)?流程\s*(?P<name>[^:：\n,，;；]{1,24}?)\s*[:：\n]\s*(?P<body>[\s\S]+)$",
    ),
    (
        "define_pipeline",
        r"^\s*(?P<name>[^:：\n,，;；的]{1,24}?)的?(?:销售|商机)?流程\s*(?:设置?为|设成|改为|改成|定为|是|为)?\s*[:：]\s*(?P<body>[\s\S]+)$",
    ),
    (
        "set_tier",
        rf"^\s*(?:把|将)?(?P<about>[^,，。:：]+?)的?(?:客户)?(?:级别|分级|等级)\s*{_TO}\s*(?P<name>[^,，。\s]{{1,14}}?){_END}",
    ),
    (
        "void_deal",
        rf"^\s*(?:把|将)?\s*(?:{_THIS}|(?:商机\s*)?(?P<about>[^,，。:：]+?)(?:的?(?:这个)?(?:商机|单子))?)\s*(?:给我)?作废(?:掉|了|吧|一下)*{_WHY}{_END}",
    ),
    ("void_deal", rf"^\s*作废\s*(?:{_THIS}|(?:商机)?\s*[:：]?\s*(?P<about>[^,，。:：]+?))\s*{_WHY}{_END}"),
    (
        "reopen_deal",
        rf"^\s*(?:把|将)?\s*(?:{_THIS}|(?:商机\s*)?(?P<about>[^,，。:：]+?)(?:的?(?:这个)?(?:商机|单子))?)\s*(?:又|可以)?{_AGAIN}(?:了|吧|一下)*{_END}",
    ),
    (
        "reopen_deal",
        rf"^\s*{_AGAIN}\s*(?:一下)?\s*(?:{_THIS}|(?:商机)?\s*[:：]?\s*(?P<about>[^,，。:：]+?)(?:的?商机)?){_END}",
    ),
    (
        "course",
        rf"^\s*{_LOOK}?\s*(?:{_THIS}|(?:商机\s*)?(?P<about>[^,，。:：]+?))(?:的?商机)?的?(?:推进|跟进|流转|阶段|变更)?(?:历程|历史|流转|来龙去脉|变更记录|推进记录|阶段记录|流转记录){_END}",
    ),
    (
        "deal_people",
        rf"^\s*{_LOOK}?\s*(?:{_THIS}|(?:商机\s*)?(?P<about>[^,，。:：]+?))(?:的?商机)?的?(?:决策链|决策人有哪些|关键人|关系图|KP){_END}",
    ),
    ("set_tier", rf"^\s*(?P<about>[^,，。:：]+?)(?:是|属于)(?:我们的?|一?[个家])?\s*(?P<name>{_TIER})(?:客户)?{_END}"),
)
OF_A_CUSTOMER = r"商机|单子|项目|历程|决策链|决策人|关键人|KP"
# One stage of a pipeline as an admin writes it: 立项 30% 30天.
STAGES_PARTED = r"[、，,；;\n→]+|->|=>"
REQUIRED = r"(?:要了解|需了解|了解|需要)\s*(?P<facts>[^必]+)"
EXIT = r"(?:必填|必须有|离开前必须有)\s*(?P<facts>[^要需了]+)"
STEP = (
    r"^(?P<name>.*?)(?:\s*[(（]?\s*(?:赢率)?\s*(?P<percent>\d{1,3})\s*[%％])?(?:\s*(?P<days>\d{1,3})\s*天)?\s*[)）]?$"
)
