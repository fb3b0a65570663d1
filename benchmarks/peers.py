"""Environments of their own for the libraries we are measured beside."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path


def environment(name: str, packages: tuple[str, ...]) -> Path:
    """The interpreter of an environment with these packages, made once and kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scrm-bot" / "peers" / name
    python = cache / "bin" / "python"
    marker = cache / "packages"
    wanted = "\n".join(packages)
    if not marker.exists() or marker.read_text(encoding="utf-8") != wanted:
        venv.create(cache, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, capture_output=True)
        marker.write_text(wanted, encoding="utf-8")
    return python
