"""What we build on: declared and used, bounded, and under licences that fit; without a network (see CONTRIBUTING for pip-audit)."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
TEST = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]
LINT = [Requirement(line) for line in PROJECT["optional-dependencies"]["lint"]]
PRODUCT = ("bot", "scrm", "scheduler", "migrations", "emulator")

# Declared, imported nowhere, and why.
NOT_IMPORTED = {
    "pytest-timeout": "a plugin", "pytest-aiohttp": "a plugin",
    "dingtalk-stream": "a judge of the emulator, in a process of its own",
    "wecom-aibot-python-sdk": "a judge of the emulator, in a process of its own",
}  # fmt: skip
# No ceiling: an old version of these is the greater danger, or the number is a date, or the interface we use is tiny.
NO_CEILING = {
    "cryptography": "security fixes come as major versions",
    "chinesecalendar": "the holidays of a year are published with a new version",
    "python-stdnum": "the rules of company ids change with the law; one function is used",
    "structlog": "the number is a year", "uvloop": "its interface is asyncio's", "msgspec": "before 1.0 any number may break",
    "prometheus-client": "before 1.0 any number may break", "python-calamine": "before 1.0 any number may break",
    "rich": "a progress bar and coloured text",
}  # fmt: skip
PERMISSIVE = re.compile(
    r"\b(MIT(-0)?|MIT License|BSD(-[23]-Clause)?|BSD License|Apache([- ]2\.0)?|Apache Software License|ISC|PSF-2\.0|Python Software Foundation License)\b"
)
# Not permissive, and why it may be here.
OTHER_LICENCES = {
    "psycopg": "LGPL: a library used unchanged, installed from its own package",
    "psycopg-binary": "LGPL: the same",
    "python-stdnum": "LGPL: a library used unchanged, installed from its own package",
    "certifi": "MPL: a list of certificates, unchanged",
}
FORBIDDEN = re.compile(r"AGPL|Affero|SSPL|Commons Clause|BUSL|Business Source|[Pp]roprietary")


def imported(packages: tuple[str, ...]) -> set[str]:
    """The top names of everything imported that is neither ours nor the standard library's."""
    names: set[str] = set()
    for path in (path for package in packages for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module)
    ours = {path.stem for path in (ROOT / "tests").rglob("*.py")} | {path.name for path in ROOT.iterdir()}
    return {name.split(".")[0] for name in names} - ours - set(sys.stdlib_module_names)


@cache
def distributions() -> dict[str, list[str]]:
    """Which distributions bring a top name."""
    return {
        top: [canonicalize_name(name) for name in names] for top, names in metadata.packages_distributions().items()
    }


def declared(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def licence(name: str) -> str:
    """What a distribution says of its licence, in all the places it may say it."""
    about = metadata.metadata(name)
    of_classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    return "; ".join([about.get("License-Expression") or "", (about.get("License") or "")[:60], *of_classifiers])


@cache
def closure() -> frozenset[str]:
    """Everything a user gets with the program."""
    seen: set[str] = set()
    waiting = list(RUNTIME)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = [*requirement.extras, ""]
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        try:
            further = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        if name not in seen:
            seen.add(name)
            parsed = [Requirement(line) for line in further]
            waiting += [
                one for one in parsed
                if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
            ]  # fmt: skip
    return frozenset(seen)


@pytest.mark.parametrize(
    ("packages", "requirements"), [(PRODUCT, RUNTIME), (("tests",), RUNTIME + TEST)], ids=["product", "tests"]
)
def test_what_is_imported_is_declared(packages: tuple[str, ...], requirements: list[Requirement]) -> None:
    known = declared(requirements)
    missing = {top for top in imported(packages) if not known & set(distributions().get(top, []))}
    assert missing == set()


def test_what_is_declared_is_used() -> None:
    used = {name for top in imported((*PRODUCT, "tests")) for name in distributions().get(top, [])}
    unused = declared(RUNTIME + TEST) - used
    assert unused == set(NOT_IMPORTED), "declare only what is imported, or write down why"


@pytest.mark.parametrize("requirement", RUNTIME + TEST + LINT, ids=lambda requirement: requirement.name)
def test_versions_have_a_floor_and_what_is_installed_is_above_it(requirement: Requirement) -> None:
    operators = {clause.operator for clause in requirement.specifier}
    if requirement.name != "types-openpyxl":
        assert operators & {">=", "==", "~="}, "no floor"
    assert not requirement.url, "only from the registry"
    if requirement.marker is None or requirement.marker.evaluate():
        assert requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)


def test_versions_have_a_ceiling_or_a_reason() -> None:
    open_ended = {
        canonicalize_name(requirement.name)
        for requirement in RUNTIME
        if not {clause.operator for clause in requirement.specifier} & {"<", "<=", "==", "~="}
    }
    assert open_ended == set(NO_CEILING)


def test_licences_fit() -> None:
    found = {name: licence(name) for name in closure()}
    assert len(found) > len(RUNTIME)
    assert not {name: text for name, text in found.items() if FORBIDDEN.search(text)}
    others = {
        name for name, text in found.items() if not PERMISSIVE.search(text) or re.search(r"GPL|MPL|Mozilla", text)
    }
    assert others <= set(OTHER_LICENCES), {name: found[name] for name in others - set(OTHER_LICENCES)}


@pytest.mark.parametrize(
    "text", ["AGPL-3.0-only", "GNU Affero General Public License v3", "Other/Proprietary License", "SSPL-1.0"]
)
def test_a_licence_that_does_not_fit_is_seen(text: str) -> None:
    assert FORBIDDEN.search(text)
    assert not PERMISSIVE.search(text)
