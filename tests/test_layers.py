"""The layers, read from the imports: arrows point to `scrm`; what may touch sockets, sessions, JSON, Chinese and the environment."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "scrm", "scheduler", "emulator", "migrations")
MAX_LINES = 400
CHINESE = re.compile(r"[\u3400-\u9fff]")
RANGE = re.compile(r"[\u3400-\u9fff]-[\u3400-\u9fff]")  # in a character class of a pattern: no words

# What each layer may import of ours: prefixes of modules. `scrm` stands below everything.
MAY_IMPORT = {
    "scrm": ("scrm",),
    "bot.nlu": ("bot.nlu", "bot.commands", "scrm.calendar", "scrm.company_names"),
    "bot.cards": ("bot.cards", "bot.commands", "bot.nlu", "bot.pictures", "scrm"),
    "bot.pictures": ("bot.pictures",),
    "bot.handlers": ("bot.handlers", "bot.cards", "bot.nlu", "bot.pictures", "bot.commands", "bot.context", "bot.drafts", "bot.events", "bot.outbox", "bot.pushes", "bot.version", "scrm"),
    "bot.platforms": ("bot.platforms", "bot.cards", "bot.commands", "bot.config", "bot.events", "bot.clock", "bot.metrics", "bot.version"),
    "scheduler": ("scheduler", "bot.cards", "bot.handlers", "bot.context", "bot.outbox", "bot.pushes", "bot.tables", "bot.store", "bot.answers", "bot.metrics", "bot.budget", "scrm"),
    "emulator.wecom": ("emulator",),
    "emulator.dingtalk": ("emulator",),
    "emulator.faults": ("emulator",),
    "emulator.screen": ("emulator",),
    "migrations": ("migrations", "scrm", "bot.tables"),
}  # fmt: skip
PURE_LIBRARIES = {"sqlalchemy", "chinese_calendar", "lunar_python", "stdnum", "phonenumbers"}
NETWORK = {
    "aiohttp",
    "requests",
    "httpx",
    "urllib3",
    "websockets",
    "socket",
    "http.client",
    "urllib.request",
    "smtplib",
}
MAY_USE_NETWORK = ("bot.platforms", "bot.app", "bot.doors", "bot.health", "bot.loop", "emulator")
MAY_SPEAK_CHINESE = (
    "bot.cards", "bot.nlu.cues", "bot.check", "bot.config", "bot.config_words", "bot.importing", "bot.importing_leads", "bot.rules_file", "bot.exporting", "bot.schema", "bot.__main__",
    "bot.backups", "bot.postgres_tools",
    "bot.platforms.wecom.check", "bot.platforms.dingtalk.check", "bot.platforms.wecom.menu", "emulator", "scrm.defaults",
)  # fmt: skip
# Elsewhere, and why.
CHINESE_FOR_A_REASON = {
    "bot.nlu.phrases": "the table of short commands",
    "bot.nlu.auto_tags": "the table of words that earn a tag",
    "bot.nlu.plan": "the kinds of visit that understanding answers with",
    "migrations.versions.0002_pipelines": "the names of the stages that every company began with",
    "migrations.versions.0003_deal_facts": "the names of the stages that every company began with",
    "bot.platforms.wecom.errors": "what `scrm-bot check` advises for each code",
    "bot.platforms.wecom.socket": "the mark 重发 on what may have arrived before",
    "scrm.access": "the name of the system itself",
    "scrm.audit": "who and what, in the sentence of a domain error",
    "scrm.company_names": "places and legal forms cut off a name before it is compared",
    "scrm.simplified": "the table of traditional letters",
    "scrm.lookup": "titles cut off a name before it is looked up",
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def everywhere(test: Callable[[str], None]) -> Callable[[], None]:
    """The test for every module, as one: each is a look at a tree that is parsed already."""

    def each() -> None:
        wrong = []
        for module in MODULES:
            try:
                test(module)
            except AssertionError as error:
                wrong.append(f"{module}: {error}")
        assert not wrong, "\n".join(wrong)

    return each


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str) -> tuple[str, ...]:
    """Every module imported, also inside functions and for types only; `from a import b` is a.b where that is a module."""
    found = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            base = node.module or ""
            found += [full if (full := f"{base}.{alias.name}") in MODULES else base for alias in node.names]
    return tuple(dict.fromkeys(found))


def inside(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def is_ours(module: str) -> bool:
    return module.split(".")[0] in PACKAGES


def in_layer(*prefixes: str) -> list[str]:
    found = [module for module in MODULES if inside(module, prefixes)]
    assert found, prefixes
    return found


def strings(module: str) -> Iterator[tuple[int, str]]:
    """String literals with their line, without docstrings."""
    documentation = set()
    for node in ast.walk(tree(module)):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for statement in body:  # a string that stands alone documents what it stands in or behind
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                documentation.add(id(statement.value))
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


# --- arrows


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_arrows_point_to_scrm(layer: str) -> None:
    wrong = [
        f"{module} → {imported}"
        for module in in_layer(layer)
        for imported in imports(module)
        if is_ours(imported) and not inside(imported, MAY_IMPORT[layer])
    ]
    assert not wrong, wrong


def test_only_the_composition_root_sees_everything() -> None:
    """Nobody imports the app but the commands and the demo; nobody builds doors but the app and what works beside it."""
    importers = {module for module in MODULES if "bot.app" in imports(module)}
    assert importers <= {"bot.__main__", "emulator.demo"}
    builders = {module for module in MODULES if "bot.doors" in imports(module)}
    assert builders <= {"bot.app", "bot.offline", "bot.check", "bot.socket_lease"}


def test_the_two_platforms_do_not_know_each_other() -> None:
    for one, other in (("wecom", "dingtalk"), ("dingtalk", "wecom")):
        for module in in_layer(f"bot.platforms.{one}"):
            assert not any(inside(imported, (f"bot.platforms.{other}",)) for imported in imports(module)), module


def test_no_module_imports_itself_in_a_circle() -> None:
    state: dict[str, int] = {}

    def visit(module: str, path: tuple[str, ...]) -> None:
        state[module] = 1
        for imported in imports_at_top(module):
            assert state.get(imported) != 1, " → ".join((*path, module, imported))
            if imported in MODULES and imported not in state:
                visit(imported, (*path, module))
        state[module] = 2

    for module in MODULES:
        if module not in state:
            visit(module, ())


@cache
def imports_at_top(module: str) -> tuple[str, ...]:
    """Our modules that have to be there before this one is."""
    found = []
    for node in tree(module).body:
        if isinstance(node, ast.ImportFrom) and is_ours(node.module or ""):
            base = node.module or ""
            found += [full if (full := f"{base}.{alias.name}") in MODULES else base for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if is_ours(alias.name)]
    return tuple(found)


# --- what a layer is made of


@pytest.mark.parametrize("module", in_layer("scrm"))
def test_scrm_needs_sqlalchemy_the_standard_library_and_pure_libraries(module: str) -> None:
    tops = {imported.split(".")[0] for imported in imports(module)}
    assert tops <= {"scrm", "__future__", *PURE_LIBRARIES, *sys.stdlib_module_names}
    assert "asyncio" not in tops


@pytest.mark.parametrize("module", in_layer("bot.nlu", "bot.cards"))
def test_understanding_and_cards_have_no_session(module: str) -> None:
    assert not any(inside(imported, ("sqlalchemy", "scrm.db", "asyncio")) for imported in imports(module))


@pytest.mark.parametrize("module", in_layer("scrm", "bot.nlu", "bot.cards", "bot.pictures", "bot.handlers"))
def test_the_core_is_synchronous_and_has_no_clock_of_its_own(module: str) -> None:
    for node in ast.walk(tree(module)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{module}:{node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today") and module not in REAL_CLOCK:
            called_on_type = isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date", "dt")
            assert not called_on_type, f"{module}:{node.lineno} reads the clock"


REAL_CLOCK = {
    "bot.nlu.published": "a row of `understand` without a time was said just now",
    "scrm.audit": "rows that no turn of anybody writes are stamped all the same",
    "bot.handlers.people": "readings of the directory are spaced out like retries, which keep the real clock",
}


@everywhere
def test_only_platforms_touch_the_network(module: str) -> None:
    if inside(module, MAY_USE_NETWORK):
        return
    assert not [imported for imported in imports(module) if inside(imported, tuple(NETWORK))]


@everywhere
def test_only_the_config_reads_the_environment(module: str) -> None:
    if module == "bot.config":
        return
    for node in ast.walk(tree(module)):
        used = node.attr if isinstance(node, ast.Attribute) else ""
        assert used not in ("environ", "getenv", "environb"), f"{module}:{getattr(node, 'lineno', 0)}"


@pytest.mark.parametrize("module", in_layer("bot.handlers"))
def test_handlers_have_no_sql_no_json_and_no_platform(module: str) -> None:
    assert not any(inside(imported, ("json", "bot.platforms", "bot.tables")) for imported in imports(module))
    sql = [imported for imported in imports(module) if inside(imported, ("sqlalchemy",))]
    assert set(sql) <= {"sqlalchemy.orm"}, "a handler passes the session on"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "session":
            assert node.attr in ("flush", "get", "get_one"), f"{module}:{node.lineno} session.{node.attr}"


@pytest.mark.parametrize("module", in_layer("bot.handlers", "scrm"))
def test_business_does_not_ask_which_platform_it_is(module: str) -> None:
    """Being an external contact of WeCom is business (客户联系); how messages travel is not."""
    names = [
        (line, text)
        for line, text in strings(module)
        if re.search(r"wecom_(app|bot)|dingtalk_(stream|http)|qyapi|oapi|task_id|outTrackId", text)
    ]
    assert not names, names


# --- words


@everywhere
def test_chinese_is_written_where_it_belongs(module: str) -> None:
    if inside(module, MAY_SPEAK_CHINESE):
        return
    of_errors = _lines_of_error_classes(module)
    found = [
        (line, text[:40])
        for line, text in strings(module)
        if CHINESE.search(RANGE.sub("", text)) and line not in of_errors
    ]
    assert bool(found) == (module in CHINESE_FOR_A_REASON), f"{module}: {found[:5]}"


def _lines_of_error_classes(module: str) -> set[int]:
    """A domain error carries its own sentence."""
    lines: set[int] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ClassDef) and node.name in _error_names():
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


@cache
def _error_names() -> frozenset[str]:
    """Classes that descend from an exception, in any module."""
    classes = [node for module in MODULES for node in ast.walk(tree(module)) if isinstance(node, ast.ClassDef)]
    known = {"Exception", "ValueError"}
    while True:
        more = {node.name for node in classes if any(ast.unparse(base).split(".")[-1] in known for base in node.bases)}
        if more <= known:
            return frozenset(known)
        known |= more


# --- size


@everywhere
def test_no_file_is_longer_than_a_reader_can_hold(module: str) -> None:
    if module in LONG:
        return
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= MAX_LINES


# Lists, not code: one entry after the other, in one place on purpose.
LONG = {"bot.commands", "migrations.versions.0001_initial"}


@everywhere
def test_functions_fit_on_a_screen(module: str) -> None:
    if module == "migrations.versions.0001_initial":
        return
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 60, f"{module}.{node.name} has {length} lines"
