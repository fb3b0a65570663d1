"""From the config to what business needs of it."""

from __future__ import annotations

from bot.config import Config
from bot.context import Settings


def settings_of(config: Config) -> Settings:
    """What business needs of the config."""
    wecom = config.wecom
    has_app = wecom is not None and wecom.has_app
    readable = (["wecom"] if has_app else []) + (["dingtalk"] if config.dingtalk is not None else [])
    return Settings(
        key=config.company.key, name=config.company.name, zone=config.zone, quiet_from=config.alerts.quiet_hours[0],
        quiet_until=config.alerts.quiet_hours[1], digest_at=config.alerts.digest_at, welcome=config.alerts.welcome,
        has_wecom_app=has_app, directories=frozenset(readable), admins=frozenset(config.company.admins),
        renew_ahead_days=config.deals.renew_ahead_days, font=config.pictures.font,
        pushes_a_day=config.alerts.pushes_a_day, assistant_seconds=config.assistant.seconds if config.assistant is not None else 0.0,
    )  # fmt: skip
