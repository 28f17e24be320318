"""The distribution in `distribution`, built as a wheel and installed beside this checkout's package."""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sessions import QUICK

collect_ignore = ["distribution"]  # its tests run where it is installed

SOURCES = Path(__file__).parent / "distribution"
COMPILED = shutil.ignore_patterns("__pycache__")
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Installation:
    """A virtual environment in which the distribution is installed, and a folder to run commands in."""

    python: Path
    folder: Path

    def command(self, module: str, *arguments: str) -> list[str]:
        """The command line of a module."""
        return [str(self.python), "-m", module, *arguments]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Variables beside those of this process, of which nobody's settings for Python, pytest or us are taken."""
        foreign = ("PYTHON", "PYTEST_", "FLOWPROOF_", "VIRTUAL_ENV")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**inherited, **QUICK, **variables}

    def make(self, target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A target of the distribution's own Makefile, run where its sources stand; nothing is installed again."""
        programs = self.folder / "bin"
        programs.mkdir()
        for each in ("flowproof", "pytest"):
            (programs / each).write_text(f'#!/bin/sh\nexec {self.python} -m {each} "$@"\n', encoding="utf-8")
            (programs / each).chmod(0o755)
        settings = (f"BIN={programs}", f"ARGS={' '.join(arguments)}", "--old-file=.venv/installed")
        return subprocess.run(
            ["make", "--silent", target, *settings],
            cwd=self.python.parents[2] / "sources",
            env=self.environment({"PYTHONDONTWRITEBYTECODE": "1"}),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )

    def run(self, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A module, run to its end."""
        return subprocess.run(
            self.command(module, *arguments),
            cwd=self.folder,
            env=self.environment(variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that has the distribution; workers of xdist share one."""
    return installed_once(tmp_path_factory, "outside", lambda folder: shutil.copytree(SOURCES, folder, ignore=COMPILED))


def installed_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """
    The interpreter of a virtual environment that has a distribution, made once for all workers of xdist.

    Args:
        tmp_path_factory: Where it is made.
        name: Of its folder.
        make: Writes the sources into a folder that does not exist yet.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            make(folder / "sources")
            install(build(folder), python)
            (folder / "done").touch()
    return python


def build(folder: Path) -> Path:
    """A wheel of the distribution whose sources are in the folder."""
    checked(sys.executable, "-m", "build", "--wheel", "--no-isolation", f"--outdir={folder}", str(folder / "sources"))
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, python: Path) -> None:
    """Install a wheel into a new virtual environment, which sees what is installed in this one."""
    checked(sys.executable, "-m", "venv", "--without-pip", str(python.parents[1]))
    mine = sysconfig.get_path("purelib")
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    (site / "this_checkout.pth").write_text(f"import site; site.addsitedir({mine!r})\n", encoding="utf-8")
    checked(
        sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", "--no-index", "--no-deps", str(wheel)
    )


def checked(*command: str) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def outside(environment: Path, tmp_path: Path) -> Installation:
    """The installed distribution, and an empty folder to run commands in."""
    return Installation(environment, tmp_path)
