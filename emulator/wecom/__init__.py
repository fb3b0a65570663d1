"""A strict stand-in for WeCom (企业微信) on a loopback socket: API, callbacks and the AI bot's connection."""

from emulator.screens import NotOnScreen
from emulator.wecom.records import Delivery
from emulator.wecom.server import WeComEmulator

__all__ = ["Delivery", "NotOnScreen", "WeComEmulator"]
