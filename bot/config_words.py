"""What is wrong with a value of the config, in the words of an administrator: the path of the key and what to write there."""

from __future__ import annotations

import re

_TYPES = {
    "str": "文字（加引号）", "int": "整数", "float": "数", "bool": "true 或 false", "array": "列表", "object": "一节设置", "null": "空",
}  # fmt: skip
# What to write under a key whose value is of the right type and still no good.
_SHAPES = {
    "company.key": "用小写字母、数字、- 和 _，最多 32 个字符，例如 acme",
    "company.admins": '每一项写成 "wecom:账号" 或 "dingtalk:账号"，例如 ["wecom:zhangsan"]',
    "server.port": "端口是 0 到 65535 之间的整数，例如 8080",
    "database.url": "SQLite 写 sqlite:///data/acme.db，PostgreSQL 写 postgresql://用户:密码@主机/库名",
    "alerts.quiet_hours": '写开始和结束两个时刻，例如 ["21:00", "08:30"]',
    "alerts.digest_at": '时刻写成 "08:45" 这样，24 小时制',
    "aes_key": "EncodingAESKey 是 43 位字母、数字、+ 和 /，从后台原样复制",
    "api_base": "写 https:// 开头的域名，后面不带路径，一般不用改",
    "oapi_base": "写 https:// 开头的域名，后面不带路径，一般不用改",
    "wecom.bot.url": "写 wss:// 开头的地址，一般不用改",
    "dingtalk.mode": '只能是 "stream" 或 "http"',
    "assistant.url": "写 https:// 开头的接口地址",
}


def explain(message: str) -> str:
    """msgspec's English as one Chinese sentence, beginning with the path of the key."""
    text, _, where = message.partition(" - at ")
    path = where.strip("`").removeprefix("$.") or "(顶层)"
    if unknown := re.search(r"unknown field `(.+?)`", text):
        return f"{_under(path, unknown[1])}：没有这个配置项，请检查拼写"
    if missing := re.search(r"missing required field `(.+?)`", text):
        return f"{_under(path, missing[1])}：缺少这个配置项"
    return f"{path}：{_expected(text, path)}"


def _under(path: str, key: str) -> str:
    return key if path == "(顶层)" else f"{path}.{key}"


def _expected(text: str, path: str) -> str:
    key = re.sub(r"\[.*\]$", "", path)
    shape = _SHAPES.get(key) or _SHAPES.get(key.rpartition(".")[2], "")
    if wrong := re.search(r"Expected `([^`]+)`, got `([^`]+)`", text):
        expected, got = ("、".join(_TYPES.get(one, one) for one in part.split(" | ")) for part in wrong.groups())
        return f"应是{expected}，现在是{got}{'；' if shape else ''}{shape}"
    if shape:
        return shape
    if wrong := re.search(r"Expected `\w+` ([<>])=? (-?[\d.]+)", text):
        return f"{'最大' if wrong[1] == '<' else '最小'}是 {wrong[2]}"
    if "length" in text:
        return "不能为空"
    return "写法不对，请对照 config.example.toml"
