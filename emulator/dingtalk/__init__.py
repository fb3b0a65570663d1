"""A strict stand-in for DingTalk (钉钉) on a loopback socket: both API hosts, Stream gateway, callbacks and phones."""

from emulator.dingtalk.records import Delivery
from emulator.dingtalk.server import DingTalkEmulator
from emulator.screens import NotOnScreen

__all__ = ["Delivery", "DingTalkEmulator", "NotOnScreen"]
