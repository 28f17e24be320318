"""
Makes the virtual environment when it is missing, and updates it when it is stale. Needs nothing but Python and pip.

    python scripts/venv.py [FOLDER [EXTRA …]]

It is stale when what ``pyproject.toml`` asks to be installed has changed, when it lacks an extra that is asked for,
when it was made by another Python, and when the checkout has moved: the scripts in it name their interpreter by its
full path. One process works at a time, so that ``make serve`` and ``make test`` may both be the first command in a
fresh clone.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before the import of tomllib fails
    sys.exit("Flowproof needs Python 3.11 or newer: make PYTHON=python3.11")

import fcntl
import hashlib
import json
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STAMP = "flowproof-stamp"
EXTRAS = frozenset({"dev", "fuzz"})  # that every environment has


def main(venv: Path, extras: Set[str]) -> None:
    """
    Make or update a virtual environment in which this checkout is installed.

    Args:
        venv: The environment's folder.
        extras: Of pyproject.toml, beside those that every environment has.
    """
    with lock(venv.with_name(venv.name + ".lock")):
        with (ROOT / "pyproject.toml").open("rb") as file:
            settings = tomllib.load(file)
        required = fingerprint(settings)
        sound = is_sound(venv)
        known, *installed = (venv / STAMP).read_text().split() if sound and (venv / STAMP).is_file() else [""]
        wanted = EXTRAS | extras | set(installed)  # (what was asked for once is kept up to date)
        if known == required and wanted == set(installed):
            return
        if not sound:
            print_status(f"Making the virtual environment in {venv.name}, once, of about a hundred packages.")
            run(sys.executable, "-m", "venv", "--clear", str(venv))
        else:
            print_status(f"Updating the virtual environment in {venv.name}: other packages are asked for.")
        install(venv / "bin/python", settings, f"{ROOT}[{','.join(sorted(wanted))}]")
        (venv / STAMP).write_text(" ".join([required, *sorted(wanted)]) + "\n")


def install(python: Path, settings: Mapping[str, Any], requirement: str) -> None:
    """
    Install this checkout, with uv, which takes a tenth of pip's time.

    It is pip's turn where there is no uv for this machine, or where only pip knows the way to the packages: uv reads no
    settings of pip.
    """
    pip = (str(python), "-m", "pip", "install", "--quiet")
    uv = next(each for each in settings["project"]["optional-dependencies"]["dev"] if each.startswith("uv>"))
    quick = (str(python), "-m", "uv", "pip", "install", "--compile-bytecode", "--python", str(python))
    if output_of(*pip, uv).returncode or output_of(*quick, "--editable", requirement).returncode:
        run(*pip, "--editable", requirement)


def fingerprint(settings: Mapping[str, Any]) -> str:
    """What an installation depends on: the metadata in pyproject.toml, but not the settings of the tools."""
    metadata = [settings["build-system"], settings["project"], settings["tool"]["setuptools"]]
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest()


def is_sound(venv: Path) -> bool:
    """Whether it stands where it was made, by a Python of this version that is still there."""
    pip = venv / "bin/pip"
    if not pip.is_file() or f"{venv}/bin/python".encode() not in pip.read_bytes()[:1024]:
        return False
    question = "import pip, sys; print(sys.implementation.cache_tag)"
    answer = subprocess.run([venv / "bin/python", "-c", question], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == sys.implementation.cache_tag


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Wait until no other process works on the environment; the system releases the lock of a killed process."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print_status("Waiting for another make to finish the virtual environment.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def output_of(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command, with both its streams as one."""
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(*command: str) -> None:
    """Run a command whose output matters only when it fails."""
    done = output_of(*command)
    if done.returncode:
        sys.exit(f"{done.stdout}\nThis failed: {' '.join(command)}")


def print_status(sentence: str) -> None:
    """Print to stderr, since standard output belongs to the make target."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    folder, *further = sys.argv[1:] or [".venv"]
    main(ROOT / folder, frozenset(further))
