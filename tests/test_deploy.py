"""What `deploy/` promises: units systemd accepts, with as little privilege as the page says, and a container without root."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
PROGRAM = "/opt/scrm-bot/.venv/bin/scrm-bot"


def directives(unit: Path) -> dict[str, str]:
    """The last value of each directive."""
    lines = [line for line in unit.read_text("utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_has_no_privilege_it_does_not_need(unit: Path) -> None:
    found = directives(unit)
    wanted = {
        "DynamicUser": "yes", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict",
        "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "UMask": "0077", "StateDirectoryMode": "0700",
        "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "MemoryDenyWriteExecute": "yes", "LimitCORE": "0",
    }  # fmt: skip
    assert {name: found.get(name) for name in wanted} == wanted
    assert "ReadWritePaths" not in found  # the state directory is all it may write
    assert found["ExecStart"].startswith(PROGRAM)
    assert not re.search(r"(?i)(secret|token|key)=\S", unit.read_text("utf-8"))


def test_the_service_has_time_to_finish_what_is_in_hand() -> None:
    found = directives(DEPLOY / "scrm-bot.service")
    assert int(found["TimeoutStopSec"]) >= 20
    assert (found["Restart"], found["KillSignal"]) == ("always", "SIGTERM")


def test_systemd_accepts_the_units_and_finds_them_tight(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("left out without systemd: no systemd-analyze on this machine")
    for unit in UNITS:
        # The program is not installed where the unit expects it; everything else is judged as it stands.
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    copies = [str(tmp_path / unit.name) for unit in UNITS]
    verified = _analyze("verify", *copies)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    judged = _analyze("security", "--offline=true", "--threshold=15", str(tmp_path / "scrm-bot.service"))
    assert judged.returncode == 0, judged.stdout  # an exposure of at most 1.5 of 10


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False, env={"SYSTEMD_COLORS": "0", "PATH": "/usr/bin:/bin"}
    )  # fmt: skip


def test_the_container_runs_without_root_on_a_read_only_root() -> None:
    image = (DEPLOY / "Dockerfile").read_text("utf-8")
    last_stage = image.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER (\d+):\1$", last_stage, re.MULTILINE)
    assert "HEALTHCHECK" in last_stage
    assert "ADD " not in image
    compose = (DEPLOY / "compose.yaml").read_text("utf-8")
    for line in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", '"127.0.0.1:8080:8080"'):
        assert line in compose


def test_the_image_has_every_package_of_the_program() -> None:
    copied = set(re.findall(r"^COPY (\w+) ", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    here = {path.parent.name for path in DEPLOY.parent.glob("*/__init__.py")}
    assert copied == here - {"tests", "benchmarks"}
