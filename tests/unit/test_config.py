"""The configuration: the example says the truth, secrets come from outside, and a mistake is named by its key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from bot.config import (
    Alerts,
    AssistantSection,
    Company,
    Config,
    ConfigError,
    DatabaseSection,
    Deals,
    DingTalk,
    Pictures,
    Receiver,
    Server,
    WeCom,
    WeComBot,
    load,
    parse,
)

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SECTIONS: dict[str, type[Struct]] = {
    "company": Company, "server": Server, "database": DatabaseSection, "wecom": WeCom, "wecom.contacts": Receiver,
    "wecom.bot": WeComBot, "dingtalk": DingTalk, "dingtalk.events": Receiver, "alerts": Alerts,
    "deals": Deals, "pictures": Pictures, "assistant": AssistantSection,
}  # fmt: skip
BOT = {"bot_id": "aib01", "secret": "s"}
APP = {"corp_id": "ww01", "agent_id": 1000002, "secret": "s", "token": "t", "aes_key": AES}
DING = {"client_id": "ding01", "client_secret": "s"}


def company(**sections: Any) -> dict[str, Any]:
    return {"company": {"key": "acme", "name": "示例科技"}, **sections}


def refused(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(raw, source="acme.toml")
    sentence = str(caught.value)
    assert sentence.startswith("acme.toml: ")
    return sentence.removeprefix("acme.toml: ")


def example() -> dict[str, dict[str, tuple[Any, str]]]:
    """Per section of the example: its keys with their value and comment."""
    found: dict[str, dict[str, tuple[Any, str]]] = {}
    section = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"\[(.+)\]", line):
            section = header[1]
            found[section] = {}
        elif entry := re.fullmatch(r"(\w+) = (.+?)\s+#\s+(.+)", line):
            value = tomllib.loads(f"x = {entry[2]}")["x"]
            found[section][entry[1]] = (value, entry[3])
        else:
            assert not line or line.startswith("#"), line
    return found


def keys_of(section: type[Struct]) -> dict[str, Any]:
    """The section's own keys and their defaults; subsections are sections of their own."""
    fields = msgspec.structs.fields(section)
    return {field.name: field.default for field in fields if field.name not in ("contacts", "bot", "events")}


# --- the example


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_has_every_key_and_no_other(section: str) -> None:
    assert set(example()[section]) == set(keys_of(SECTIONS[section]))


def test_the_example_has_every_section() -> None:
    assert set(example()) == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_says_every_default(section: str) -> None:
    for key, default in keys_of(SECTIONS[section]).items():
        value, comment = example()[section][key]
        said = "默认" in comment
        if said and default in ("", ()):
            assert re.search("默认(空|如此| sqlite)", comment), f"{section}.{key}: {comment}"
        elif said:
            shown = list(default) if isinstance(default, tuple) else default
            assert value == shown, f"{section}.{key} shows {value!r}, the default is {default!r}"
        else:
            assert default in (msgspec.NODEFAULT, "", 0), f"{section}.{key} does not say its default {default!r}"


def test_the_example_works_once_its_secrets_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{(\w+)\}", EXAMPLE.read_text(encoding="utf-8")):
        monkeypatch.setenv(name, AES if name.endswith("AES_KEY") else f"value-of-{name}")
    config = load(EXAMPLE)
    assert config.wecom is not None
    assert config.dingtalk is not None
    assert (config.wecom.secret, config.dingtalk.client_secret) == ("value-of-WECOM_SECRET", "value-of-DINGTALK_SECRET")
    assert config.alerts == Alerts()
    assert config.server == Server()


# --- what is enough


def test_an_ai_bot_alone_is_enough() -> None:
    config = parse(company(wecom={"bot": BOT}))
    assert config.wecom is not None
    assert not config.wecom.has_app
    assert config.database_url == "sqlite:///data/acme.db"


def test_dingtalk_alone_is_enough_and_its_robot_is_the_app() -> None:
    config = parse(company(dingtalk=DING))
    assert config.dingtalk is not None
    assert (config.dingtalk.mode, config.dingtalk.robot) == ("stream", "ding01")


def test_a_company_without_a_platform_can_still_import_and_export() -> None:
    assert parse(company()).wecom is None


def test_a_base_may_end_with_a_slash() -> None:
    config = parse(company(wecom={**APP, "api_base": "http://127.0.0.1:9000/"}))
    assert config.wecom is not None
    assert config.wecom.api_base == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("section", "key", "value", "sentence"),
    [
        ("company", "name", 5, "company.name：应是文字（加引号），现在是整数"),
        (
            "server",
            "port",
            "80",
            "server.port：应是整数，现在是文字（加引号）；端口是 0 到 65535 之间的整数，例如 8080",
        ),
        ("server", "port", 70000, "server.port：端口是 0 到 65535 之间的整数，例如 8080"),
        ("alerts", "digest_at", "8:4", 'alerts.digest_at：时刻写成 "08:45" 这样，24 小时制'),
        ("alerts", "quiet_hours", ["21:00"], 'alerts.quiet_hours：写开始和结束两个时刻，例如 ["21:00", "08:30"]'),
        ("alerts", "welcome", "您好，我是{name}", "alerts.welcome：没有 {name} 可以填，名字的位置写 {member}"),
        (
            "database",
            "url",
            "mysql://x",
            "database.url：SQLite 写 sqlite:///data/acme.db，PostgreSQL 写 postgresql://用户:密码@主机/库名",
        ),
    ],
)
def test_a_wrong_value_is_told_in_plain_chinese(section: str, key: str, value: object, sentence: str) -> None:
    raw = company()
    raw[section] = {**raw.get(section, {}), key: value}
    assert refused(raw) == sentence


# --- secrets


def test_a_secret_from_the_environment_and_one_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n", encoding="utf-8")
    monkeypatch.setenv("PGPASSWORD", "p")
    raw = company(
        wecom={**APP, "secret": f"${{file:{secret}}}"}, database={"url": "postgresql://scrm:${PGPASSWORD}@db/acme"}
    )
    config = parse(raw)
    assert config.wecom is not None
    assert config.wecom.secret == "from-file"
    assert config.database_url == "postgresql://scrm:p@db/acme"


def test_a_missing_secret_names_the_key_and_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    assert (
        refused(company(dingtalk={**DING, "client_secret": "${NOT_SET}"}))
        == "dingtalk.client_secret：环境变量 NOT_SET 没有设置"
    )
    sentence = refused(company(wecom={"bot": {**BOT, "secret": "${file:/no/such/secret}"}}))
    assert sentence == "wecom.bot.secret：读不到密钥文件 /no/such/secret"


# --- mistakes


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"company": {"key": "acme"}}, "company.name"),
        ({}, "company"),
        (company(compny={}), "compny"),
        (company(wecom={**APP, "secrt": "s"}), "wecom.secrt"),
        (company(wecom={"bot": {**BOT, "id": "x"}}), "wecom.bot.id"),
        (company(server={"port": "8080"}), "server.port"),
        (company(server={"port": 70000}), "server.port"),
        (company(server={"public_url": "bot.example.com"}), "server.public_url"),
        (company(database={"url": "mysql://x"}), "database.url"),
        ({"company": {"key": "ACME 1", "name": "x"}}, "company.key"),
        ({"company": {"key": "acme", "name": "x", "timezone": "Asia/Nowhere"}}, "company.timezone"),
        ({"company": {"key": "acme", "name": "x", "timezone": "../etc"}}, "company.timezone"),
        ({"company": {"key": "acme", "name": "x", "admins": ["zhangsan"]}}, "company.admins"),
        (company(wecom={"corp_id": "ww01"}), "wecom.agent_id"),
        (company(wecom={**APP, "token": ""}), "wecom.token"),
        (company(wecom={**APP, "aes_key": "short"}), "wecom.aes_key"),
        (company(wecom={**APP, "agent_id": "1000002"}), "wecom.agent_id"),
        (company(wecom={**APP, "api_base": "qyapi.weixin.qq.com"}), "wecom.api_base"),
        (company(wecom={**APP, "api_base": "https://qyapi.weixin.qq.com/cgi-bin"}), "wecom.api_base"),
        (company(wecom={**APP, "contacts": {"token": "t"}}), "wecom.contacts"),
        (company(wecom={}), "wecom"),
        (company(wecom={"bot": {"bot_id": "x"}}), "wecom.bot.secret"),
        (company(wecom={"bot": {**BOT, "url": "https://x"}}), "wecom.bot.url"),
        (company(dingtalk={"client_id": "x"}), "dingtalk.client_secret"),
        (company(dingtalk={**DING, "client_secret": ""}), "dingtalk.client_secret"),
        (company(dingtalk={**DING, "mode": "socket"}), "dingtalk.mode"),
        (company(dingtalk={**DING, "mode": "http"}), "server.public_url"),
        (company(dingtalk={**DING, "events": {"token": "t", "aes_key": ""}}), "dingtalk.events"),
        (company(alerts={"digest_at": "8:45"}), "alerts.digest_at"),
        (company(assistant={"url": "llm.example.com", "model": "m"}), "assistant.url"),
        (company(assistant={"url": "https://llm.example.com/v1", "model": ""}), "assistant.model"),
        (company(assistant={"url": "https://llm.example.com/v1", "model": "m", "seconds": 60}), "assistant.seconds"),
        (company(alerts={"quiet_hours": ["21:00"]}), "alerts.quiet_hours"),
        (company(alerts={"quiet_hours": ["21:00", "25:00"]}), "alerts.quiet_hours"),
    ],
)
def test_a_mistake_is_named_by_the_path_of_its_key(raw: dict[str, Any], path: str) -> None:
    sentence = refused(raw)
    assert re.match(rf"{re.escape(path)}(\[\S*\])?：\S", sentence), sentence
    assert "Expected" not in sentence
    assert "nvalid" not in sentence


def test_a_secret_is_never_part_of_the_sentence() -> None:
    assert "hunter2" not in refused(company(wecom={**APP, "secret": "hunter2", "aes_key": "short"}))
    assert "hunter2" not in refused(company(wecom={**APP, "aes_key": "hunter2"}))


@pytest.mark.parametrize(
    ("text", "words"), [("[company", "TOML"), ("key = 1\nkey = 2", "TOML"), (None, "没有这个配置文件")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "acme.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load(path)


def test_a_config_is_frozen() -> None:
    config = parse(company())
    assert isinstance(config, Config)
    with pytest.raises(AttributeError):
        config.company.name = "x"  # type: ignore[misc]
