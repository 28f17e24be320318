"""Errands of the Web Push library of npm: installed once a checkout, each in a process of its own."""

import fcntl
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["install", "run"]

HERE = Path(__file__).resolve().parent
DECIDING = ("package.json", "package-lock.json", ".npmrc")
INSTALL_TIMEOUT_S = 300
RUN_TIMEOUT_S = 60


def install() -> None:
    """Have ``npm ci`` install what the lockfile says, unless it is there; of several processes only one does so."""
    with (HERE / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = HERE / "node_modules" / ".stamp"
        wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in DECIDING)).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
            return
        _done(["npm", "ci", "--ignore-scripts"], "", INSTALL_TIMEOUT_S)
        stamp.write_text(wanted, encoding="ascii")


def run(errand: str, **given: Any) -> Any:
    """What came of an errand of ``web_push.mjs``."""
    told = json.dumps({"errand": errand, **given})
    return json.loads(_done(["node", "web_push.mjs"], told, RUN_TIMEOUT_S))


def _done(command: list[str], given: str, timeout_s: float) -> str:
    done = subprocess.run(
        command, cwd=HERE, input=given, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with code {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout
