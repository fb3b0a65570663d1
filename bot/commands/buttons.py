"""Commands as buttons and menu keys carry them (`pack`, `unpack`), and as drafts keep them (`encode`, `decode`)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar

import msgspec

from bot.commands import dealing, doubles, figures, handovers, leads, pool, quiet, records, sales, teams
from bot.commands.base import Asked, Command

ALL: tuple[type[Command], ...] = tuple(
    value
    for module in (records, sales, dealing, teams, figures, handovers, quiet, pool, leads, doubles)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Command) and value not in (Command, Asked)
)
AnyCommand = ALL[0]
for _command in ALL[1:]:
    AnyCommand |= _command  # type: ignore[assignment]
BY_TAG: dict[str, type[Command]] = {str(command.__struct_config__.tag): command for command in ALL}

_PLAIN = re.compile("[A-Za-z0-9_.-]*")
MAX_DIGITS = 18  # a 64-bit id

C = TypeVar("C", bound=Command)
_decoder = msgspec.json.Decoder(list[AnyCommand])  # type: ignore[valid-type]


class BadButton(ValueError):
    """A button that this version of the program never packed."""


def pack(command: Command) -> str:
    """The command as a button carries it: `tag:field=value:…`, ids and enum values only."""
    packed, fields = _shape(type(command))
    for (name, default), value in zip(fields, msgspec.structs.astuple(command), strict=True):
        if value is not None and value != default:
            packed += f":{name}={value if type(value) is int else _pack_value(value)}"
    return packed


@cache
def _shape(kind: type[Command]) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Tag, names and defaults: msgspec reads the annotations anew each time it is asked."""
    return str(kind.__struct_config__.tag), tuple((field.name, field.default) for field in msgspec.structs.fields(kind))


def unpack(packed: str) -> Command:
    """The command a button or menu key carries. Raises BadButton for anything else."""
    tag, *parts = packed.split(":")
    kind = BY_TAG.get(tag)
    if kind is None or len(packed) > 256 or not packed.isascii():
        raise BadButton(packed[:80])
    pairs = [part.partition("=") for part in parts]
    values: dict[str, Any] = {name: _unpack_value(value) for name, _, value in pairs}
    try:
        command = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadButton(packed[:80]) from error
    if any(isinstance(value, int) and value >= 10**MAX_DIGITS for value in msgspec.structs.astuple(command)):
        raise BadButton(packed[:80])
    return command


def encode(commands: list[Command]) -> str:
    """Commands as JSON, for a draft."""
    return msgspec.json.encode(commands).decode()


def decode(text: str | bytes) -> list[Command]:
    """Commands from a draft's JSON."""
    return _decoder.decode(text)


def replace(command: C, **changes: Any) -> C:
    """A copy with some fields changed."""
    return msgspec.structs.replace(command, **changes)


def _pack_value(value: object) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if _PLAIN.fullmatch(text) is None:
        raise ValueError(f"a button carries ids and enum values only: {text!r}")
    return text


def _unpack_value(value: str) -> object:
    return int(value) if value.isdigit() and len(value) <= MAX_DIGITS else value
