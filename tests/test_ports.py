"""A port that cannot be had is one sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demo_on_a_busy_port_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "bot", "demo", "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
    assert ran.returncode == 4
    assert "端口用不了" in ran.stderr
    assert "Traceback" not in ran.stderr
