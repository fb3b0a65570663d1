"""Regular expressions that are compiled when first used.

Understanding has over a thousand: compiling them takes half a second, which a process that reads no sentence need not pay.
One that does calls `compile_all` before the first.
"""

from __future__ import annotations

import re
from typing import Any, cast

_WAITING: list[_Lazy] = []


class _Lazy:
    """Stands for the pattern until something is asked of it; its methods are the pattern's own from then on."""

    def __init__(self, source: str, flags: int) -> None:
        self._source, self._flags = source, flags
        _WAITING.append(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(self._source, self._flags)
        for method in ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn"):
            self.__dict__[method] = getattr(compiled, method)
        self.__dict__["compiled"] = compiled
        return getattr(compiled, name) if name != "compiled" else compiled


def lazily(source: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled at its first use."""
    return cast("re.Pattern[str]", _Lazy(source, flags))


def compile_all() -> None:
    """Compile what waits, so that no sentence has to."""
    while _WAITING:
        cast("Any", _WAITING.pop()).compiled  # noqa: B018 - asking is what compiles
