"""How long it takes from the command to the phones on the demo's page."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[1]
SECONDS = 180.0


async def first_screen(command: list[str], folder: Path, port: int) -> float:
    """Seconds until the page and the first picture of every phone are there."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdout=said, stderr=said, start_new_session=True
        )
        try:
            async with asyncio.timeout(SECONDS), aiohttp.ClientSession() as session:
                while not await _is_there(session, f"http://127.0.0.1:{port}"):
                    if process.returncode is not None:
                        said.seek(0)
                        raise RuntimeError(
                            f"{' '.join(command)} ended:\n{said.read().decode(errors='replace')[-2000:]}"
                        )
                    await asyncio.sleep(0.05)
            return time.perf_counter() - started
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGTERM)
            await process.wait()


async def _is_there(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/") as page, session.get(f"{url}/api/pictures") as pictures:
            return page.status == 200 and (await pictures.content.readline()).startswith(b"data:")
    except aiohttp.ClientError:
        return False


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def run(times: int = 3) -> list[float]:
    """`make demo` where everything is installed, several times."""
    found = []
    for _ in range(times):
        port = free_port()
        found.append(await first_screen(["make", "demo", f"PORT={port}"], ROOT, port))
    return found


async def run_fresh() -> float:
    """`make demo` on a fresh checkout: makes the environment and installs, from pip's cache as far as that goes."""
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.to_thread(check_out, Path(folder))
        port = free_port()
        python = getattr(sys, "_base_executable", sys.executable)
        return await first_screen(["make", "demo", f"PORT={port}", f"PYTHON={python}"], Path(folder), port)


def check_out(folder: Path) -> None:
    """The tracked files as they are now."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
