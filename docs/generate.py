"""Writes docs/reference.md from config.example.toml and the program itself; `--check` says whether it is current."""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer

import bot.tables  # noqa: F401 - its tables belong to the schema
from bot import commands, exporting
from bot.__main__ import app
from bot.importing import HEADERS
from scrm.db import Base, Database

HERE = Path(__file__).parent
PAGE = HERE / "reference.md"
EXAMPLE = HERE.parent / "config.example.toml"
ROLES = {"rep": "销售", "manager": "主管", "marketer": "市场", "admin": "管理员"}
ENTRY = re.compile(r"(?P<key>\w+) = (?P<value>.+?)\s+#\s+(?P<comment>.+)")

HEAD = """# 配置与命令参考

本页由 `docs/generate.py` 生成，请改源头再运行 `.venv/bin/python docs/generate.py`。
"""
CONFIG_HEAD = """## 配置

一家企业一个 TOML 文件。可以从 [config.example.toml](../config.example.toml) 复制。

- 密钥写 `${环境变量}` 或 `${file:/run/secrets/文件名}`，不写明文；日志里不会出现密钥。
- 写错的键、缺少的密钥、类型不对，启动时直接报错，并指出是哪一个键、应该是什么。
- 每个平台都是可选的；`[wecom]` 的五项要么都填，要么都不填，`[wecom.bot]` 可以单独使用。
- 多副本：同一份配置，只换 `port`，数据库用 PostgreSQL。
"""
COMMANDS_HEAD = """## 命令

`scrm-bot` 与 `python -m bot` 相同。退出码：0 成功，1 没做成（原因在标准错误），2 配置或参数有误。
"""
HTTP = """## HTTP 地址

`{key}` 是 `[company] key`。

| 地址 | 谁来访问 |
|---|---|
| `GET` `POST` `/{key}/wecom` | 企业微信自建应用「接收消息」：验证网址、推送消息 |
| `GET` `POST` `/{key}/wecom/contacts` | 企业微信「客户联系」事件 |
| `POST` `/{key}/dingtalk/robot` | 钉钉机器人（HTTP 模式） |
| `POST` `/{key}/dingtalk/events` | 钉钉事件订阅（HTTP 推送） |
| `POST` `/{key}/dingtalk/cards` | 钉钉卡片回传（HTTP 模式） |
| `GET` `/healthz` | 进程活着就是 200 |
| `GET` `/readyz` | 数据库可写就是 200，否则 503；`degraded` 列出暂时连不上的平台，它本身不会变成 503 |
| `GET` `/metrics` | Prometheus 指标 |

对外的应答：签名不对或不是发给本企业的 403；格式不对 400；过大 413；数据库暂时不可用 503（平台会重发）；其余 200。
没有这家企业 404。`/healthz`、`/readyz`、`/metrics` 不含客户数据，但不必公开到公网。
"""


def config_tables() -> Iterator[str]:
    """Per section of the example its keys, an example value and what they mean."""
    about = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ----"):
            about = line.lstrip("# -").strip()
        elif line.startswith("["):
            yield f"\n### {line}\n"
            if about:
                yield f"{about}\n"
            yield "| 键 | 示例 | 说明 |\n|---|---|---|"
            about = ""
        elif entry := ENTRY.fullmatch(line):
            yield f"| `{entry['key']}` | `{entry['value']}` | {_cell(entry['comment'])} |"


def command_tables() -> Iterator[str]:
    """Every command with its options."""
    yield from _command_pages("scrm-bot", typer.main.get_command(app))


def _command_pages(name: str, command: Any) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    for child, sub in inner.items():
        yield from _command_pages(f"{name} {child}", sub)
    if inner:
        return
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    options = [parameter for parameter in command.params if parameter not in arguments]
    usage = " ".join([name, *map(_argument, arguments), *map(_usage, options)])
    yield f"\n### {name}\n\n{_cell(command.help or '')}\n\n```\n{usage}\n```"
    if options:
        yield "\n| 选项 | 默认 | 说明 |\n|---|---|---|"
        for option in options:
            yield f"| `{'`, `'.join(option.opts)}` | {_default(option)} | {_cell(option.help or '')} |"


def _argument(argument: Any) -> str:
    name: str = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _usage(option: Any) -> str:
    words = option.opts[0] if option.is_flag else f"{option.opts[0]} {option.name.upper()}"
    words = f"{words} …" if option.multiple else words
    return words if option.required else f"[{words}]"


def _default(option: Any) -> str:
    if option.required:
        return "必填"
    return f"`{option.default}`" if option.default not in (None, "", False) else "-"


def files() -> Iterator[str]:
    """What import reads and export writes."""
    yield "\n## 导入的列\n\n第一行是表头，列的顺序不限，不认识的列会忽略。\n\n| 列 | 也可以写作 |\n|---|---|"
    for names in HEADERS.values():
        yield f"| {names[0]} | {'、'.join(names[1:])} |"
    yield "\n## 导出的列\n\n时间是带时区的 ISO-8601，金额是以元为单位的数字。\n\n| 内容 | 列 |\n|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        Base.metadata.create_all(database.engine)
        with database.read() as session:
            for noun in exporting.nouns():
                path = Path(folder) / f"{noun}.csv"
                exporting.export(session, noun, path, ZoneInfo("Asia/Shanghai"))
                with path.open(encoding="utf-8-sig", newline="") as file:
                    columns = next(csv.reader(file))
                yield f"| `{noun}` | {'、'.join(f'`{column}`' for column in columns)} |"
        database.close()


def chat_commands() -> Iterator[str]:
    """Who may ask for what."""
    yield "\n## 指令与角色\n\n每句话、每个按钮、每个菜单项都变成一条指令，见[能说什么](what-you-can-say.md)。配置里的管理员可以做任何事。\n"
    yield "| 指令 | 谁可以 |\n|---|---|"
    for command in commands.ALL:
        who = (
            "所有人"
            if command.roles == commands.EVERYBODY
            else "、".join(ROLES[role] for role in ROLES if role in command.roles)
        )
        yield f"| `{command.__struct_config__.tag}` | {who} |"


def page() -> str:
    """The whole page."""
    parts = [
        HEAD,
        CONFIG_HEAD,
        *config_tables(),
        "",
        COMMANDS_HEAD,
        *command_tables(),
        "",
        HTTP,
        *files(),
        *chat_commands(),
        "",
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            0
            if PAGE.read_text(encoding="utf-8") == page()
            else "docs/reference.md 不是最新的：运行 .venv/bin/python docs/generate.py"
        )
    PAGE.write_text(page(), encoding="utf-8")
