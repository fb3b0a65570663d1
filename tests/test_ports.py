"""A port that cannot be had is one sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_run_on_a_busy_port_says_so_before_any_company_starts(tmp_path: Path) -> None:
    config = tmp_path / "acme.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config.write_text(
            f"""
[company]
key = "acme"
name = "示例科技"
[server]
port = {taken.getsockname()[1]}
[database]
url = "sqlite:///{tmp_path / "acme.db"}"
[wecom.bot]
bot_id = "aib1"
secret = "s"
url = "ws://127.0.0.1:1/ws"
""",
            encoding="utf-8",
        )
        ran = subprocess.run(
            [sys.executable, "-m", "bot", "run", "-c", str(config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ran.returncode == 4
    assert ran.stderr.splitlines() == [
        "端口用不了：被别的程序占着。停掉那个程序，或者换一个端口（server.port，演示用 --port）。"
    ]
    assert not (tmp_path / "acme.db").exists()  # nothing was done for the company


def test_the_demo_on_a_busy_port_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "bot", "demo", "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
    assert ran.returncode == 4
    assert "端口用不了" in ran.stderr
    assert "Traceback" not in ran.stderr
