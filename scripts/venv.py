"""
Makes the virtual environment when it is missing, and updates it when it is stale. Needs nothing but Python and pip.

It is stale when what ``pyproject.toml`` asks to be installed has changed, when it was made by another Python, and when
the checkout has moved: the scripts in it name their interpreter by its full path. One process works at a time, so that
``make serve`` and ``make test`` may both be the first command in a fresh clone.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before the import of tomllib fails
    sys.exit("Flowproof needs Python 3.11 or newer: make PYTHON=python3.11")

import fcntl
import hashlib
import json
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAMP = "flowproof-stamp"


def main(venv: Path) -> None:
    """Make or update a virtual environment in which this checkout is installed."""
    with lock(venv.with_name(venv.name + ".lock")):
        required = fingerprint()
        stamp = venv / STAMP
        sound = is_sound(venv)
        if sound and stamp.is_file() and stamp.read_text() == required:
            return
        if not sound:
            print_status(f"Making the virtual environment in {venv.name}, once: about half a minute.")
            run(sys.executable, "-m", "venv", "--clear", str(venv))
        else:
            print_status(f"Updating the virtual environment in {venv.name}: pyproject.toml has changed.")
        run(str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[dev,fuzz]")
        stamp.write_text(required)


def fingerprint() -> str:
    """What an installation depends on: the metadata in pyproject.toml, but not the settings of the tools."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)
    metadata = [settings["build-system"], settings["project"], settings["tool"]["setuptools"]]
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest() + "\n"


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


def run(*command: str) -> None:
    """Run a command whose output matters only when it fails."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\nThis failed: {' '.join(command)}")


def print_status(sentence: str) -> None:
    """Print to stderr, since standard output belongs to the make target."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(ROOT / (sys.argv[1] if len(sys.argv) > 1 else ".venv"))
