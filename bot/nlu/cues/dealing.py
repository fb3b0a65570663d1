"""What is said about the course of deals, in forms matched on the whole text: pipelines, tiers.

`about` is the deal or customer meant: a form matches only where it is one that the speaker knows, or nothing.
"""

_END = r"[\s。.!！~～]*$"
_TO = r"(?:设置?为|设成|定为|改为|改成|调为|调成|是|为|[:：])"
_TIER = r"(?:KA|SMB|大客户|重点客户|战略客户|国企|央企|国有企业|外企|外资企业|外资|中小企业|中小)"
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
    ("set_tier", rf"^\s*(?P<about>[^,，。:：]+?)(?:是|属于)(?:我们的?|一?[个家])?\s*(?P<name>{_TIER})(?:客户)?{_END}"),
)
# One stage of a pipeline as an admin writes it: 立项 30% 30天.
STAGES_PARTED = r"[、，,；;\n→]+|->|=>"
STEP = (
    r"^(?P<name>.*?)(?:\s*[(（]?\s*(?:赢率)?\s*(?P<percent>\d{1,3})\s*[%％])?(?:\s*(?P<days>\d{1,3})\s*天)?\s*[)）]?$"
)
