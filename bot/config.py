"""One company's config: frozen structs from TOML, checked at start, with the path of what is wrong.

Nothing else reads the environment. Secrets come from `${ENV}` or `${file:/run/secrets/x}`.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from bot.config_words import explain

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s/]+/?$")]
SocketUrl = Annotated[str, Meta(pattern=r"^wss?://\S+$")]
AesKey = Annotated[str, Meta(pattern=r"^([A-Za-z0-9+/]{43})?$")]
AdminId = Annotated[str, Meta(pattern=r"^(wecom|dingtalk):\S+$")]
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class ConfigError(Exception):
    """The config cannot be used; the text names the path of the key and what is expected."""


class Company(Struct, frozen=True, forbid_unknown_fields=True):
    """[company]"""

    key: Key
    name: str
    timezone: str = "Asia/Shanghai"
    admins: tuple[AdminId, ...] = ()


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """[server]"""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    public_url: str = ""


class DatabaseSection(Struct, frozen=True, forbid_unknown_fields=True):
    """[database]"""

    url: Annotated[str, Meta(pattern=r"^(sqlite:///.+|postgres(ql)?(\+psycopg)?://.+)$")] = ""


class Receiver(Struct, frozen=True, forbid_unknown_fields=True):
    """[wecom.contacts] and [dingtalk.events]: an encrypted receiver."""

    token: str = ""
    aes_key: AesKey = ""


class WeComBot(Struct, frozen=True, forbid_unknown_fields=True):
    """[wecom.bot]"""

    bot_id: str
    secret: str
    url: SocketUrl = "wss://openws.work.weixin.qq.com"


class WeCom(Struct, frozen=True, forbid_unknown_fields=True):
    """[wecom]"""

    corp_id: str = ""
    agent_id: int = 0
    secret: str = ""
    token: str = ""
    aes_key: AesKey = ""
    api_base: Url = "https://qyapi.weixin.qq.com"
    contacts: Receiver | None = None
    bot: WeComBot | None = None

    @property
    def has_app(self) -> bool:
        """Whether the self-built app is configured ([wecom.bot] can stand alone)."""
        return bool(self.corp_id)


class DingTalk(Struct, frozen=True, forbid_unknown_fields=True):
    """[dingtalk]"""

    client_id: Annotated[str, Meta(min_length=1)]
    client_secret: Annotated[str, Meta(min_length=1)]
    robot_code: str = ""
    mode: Literal["stream", "http"] = "stream"
    card_template_id: str = ""
    card_secret: str = ""
    api_base: Url = "https://api.dingtalk.com"
    oapi_base: Url = "https://oapi.dingtalk.com"
    events: Receiver | None = None

    @property
    def robot(self) -> str:
        """The robot's code; for robots made with the app it is the client id."""
        return self.robot_code or self.client_id


class Alerts(Struct, frozen=True, forbid_unknown_fields=True):
    """[alerts]"""

    quiet_hours: tuple[TimeOfDay, TimeOfDay] = ("21:00", "08:30")
    digest_at: TimeOfDay = "08:45"
    pushes_a_day: Annotated[int, Meta(ge=0, le=200)] = 20
    welcome: str = "您好，我是{member}，很高兴认识您。"


class Deals(Struct, frozen=True, forbid_unknown_fields=True):
    """[deals]"""

    renew_ahead_days: Annotated[int, Meta(ge=1, le=365)] = 60


class Pictures(Struct, frozen=True, forbid_unknown_fields=True):
    """[pictures]"""

    font: str = ""


class AssistantSection(Struct, frozen=True, forbid_unknown_fields=True):
    """[assistant]: an OpenAI-compatible endpoint for what our own rules do not read."""

    url: Annotated[str, Meta(pattern=r"^https?://\S+$")]
    model: Annotated[str, Meta(min_length=1)]
    key: str = ""
    seconds: Annotated[float, Meta(ge=1, le=15)] = 6.0


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """One company."""

    company: Company
    server: Server = Server()
    database: DatabaseSection = DatabaseSection()
    wecom: WeCom | None = None
    dingtalk: DingTalk | None = None
    alerts: Alerts = Alerts()
    deals: Deals = Deals()
    pictures: Pictures = Pictures()
    assistant: AssistantSection | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The company's zone."""
        return ZoneInfo(self.company.timezone)

    @property
    def database_url(self) -> str:
        """Where the data is; a file named after the company when nothing is said."""
        return self.database.url or f"sqlite:///data/{self.company.key}.db"


def load(path: str | Path) -> Config:
    """The config in a TOML file. Raises ConfigError with the path of the key and what is expected."""
    return parse(_read(path), source=str(path))


def load_doors(path: str | Path) -> Config:
    """The config of a company that is to be served: with a platform to talk on. Raises ConfigError."""
    config = load(path)
    if config.wecom is None and config.dingtalk is None:
        raise ConfigError(
            f"{path}: 没有配置任何平台，机器人收不到消息。请加上 [wecom.bot]（企业微信智能机器人）、[wecom]（自建应用）"
            "或 [dingtalk]（钉钉）中的一节，写法见 config.example.toml"
        )
    return config


def load_storage(path: str | Path) -> Config:
    """Only [company] and [database]: backup and restore need no secret of a platform. Raises ConfigError."""
    raw = _read(path)
    return parse({name: raw[name] for name in ("company", "database") if name in raw}, source=str(path))


def _read(path: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: 没有这个配置文件") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: 读不到配置文件，请检查权限，文件要是 UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+), column (\d+)", str(error))
        place = f"第 {where.group(1)} 行第 {where.group(2)} 列附近" if where else "结尾处"
        raise ConfigError(f"{path}: {place}不合 TOML 的写法，检查引号、括号和等号") from error


def parse(raw: dict[str, Any], *, source: str = "config") -> Config:
    """The config in a parsed TOML document. Raises ConfigError."""
    try:
        config = msgspec.convert(_expand(raw, source, ""), Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {explain(str(error))}") from error
    _check(config, source)
    return config


def _expand(value: Any, source: str, path: str) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, source, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, source, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, str) and path.endswith("_base"):
        value = value.rstrip("/")
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _variable(match.group(1), source, path), value)
    return value


def _variable(name: str, source: str, path: str) -> str:
    if name.startswith("file:"):
        try:
            return Path(name[5:]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{source}: {path}：读不到密钥文件 {name[5:]}") from error
    if name not in os.environ:
        raise ConfigError(f"{source}: {path}：环境变量 {name} 没有设置")
    return os.environ[name]


def environment(**more: str) -> dict[str, str]:
    """What a program we start is given: our own environment and `more`."""
    return {**os.environ, **more}


def _check(config: Config, source: str) -> None:
    def refuse(path: str, why: str) -> None:
        raise ConfigError(f"{source}: {path}：{why}")

    try:
        ZoneInfo(config.company.timezone)
    except (KeyError, ValueError, OSError):
        refuse("company.timezone", f"没有「{config.company.timezone}」这个时区，例如 Asia/Shanghai")
    if unknown := set(re.findall(r"\{\w*\}", config.alerts.welcome)) - {"{member}"}:
        refuse("alerts.welcome", f"没有 {min(unknown)} 可以填，名字的位置写 {{member}}")
    if config.server.public_url and not re.match(r"^https?://[^\s]+$", config.server.public_url):
        refuse("server.public_url", "应是 https:// 开头的网址")
    if config.wecom is not None:
        _check_wecom(config.wecom, refuse)
    if config.dingtalk is not None:
        events = config.dingtalk.events
        if events is not None and not (events.token and len(events.aes_key) == 43):
            refuse("dingtalk.events", "需要 token 和 43 位的 aes_key")
        if config.dingtalk.mode == "http" and not config.server.public_url:
            refuse("server.public_url", "dingtalk.mode 是 http 时必须填写，否则卡片上的按钮点了没有反应")


def _check_wecom(wecom: WeCom, refuse: Any) -> None:
    app = {
        "corp_id": wecom.corp_id,
        "agent_id": wecom.agent_id,
        "secret": wecom.secret,
        "token": wecom.token,
        "aes_key": wecom.aes_key,
    }
    if any(app.values()):
        for name, value in app.items():
            if not value:
                refuse(f"wecom.{name}", "自建应用的 corp_id、agent_id、secret、token、aes_key 要一起填写")
        if len(wecom.aes_key) != 43:
            refuse("wecom.aes_key", "EncodingAESKey 是 43 位")
    elif wecom.bot is None:
        refuse("wecom", "要么填写自建应用（corp_id 等），要么填写 [wecom.bot]")
    if wecom.contacts is not None and not (wecom.contacts.token and len(wecom.contacts.aes_key) == 43):
        refuse("wecom.contacts", "需要 token 和 43 位的 aes_key")
    if wecom.bot is not None and not (wecom.bot.bot_id and wecom.bot.secret):
        refuse("wecom.bot", "需要 bot_id 和 secret")
