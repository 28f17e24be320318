"""Where the project's files stand, which of them count, and which providers it has. Reads; knows no rule."""

import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("mocks", "contracts", "suites", "fixtures")


def files(*below: str) -> list[Path]:
    """Every file and link that git tracks, or would if it were added, below these folders."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    listed = subprocess.run([*command, "--", *below], cwd=ROOT, env=inherited, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in sorted(set(listed.decode().split("\0")) - {""}))
    return [path for path in paths if path.is_symlink() or path.is_file()]


def modules(*below: str) -> list[Path]:
    """Every Python file below these folders."""
    return [path for path in files(*below) if path.suffix == ".py"]


def slugs(place: str) -> list[str]:
    """The providers that have a folder in mocks, contracts, suites or fixtures."""
    return sorted({path.relative_to(ROOT).parts[1] for path in files(place) if len(path.relative_to(ROOT).parts) > 2})


def every_slug() -> list[str]:
    """The providers that have a folder anywhere."""
    return sorted({slug for place in PLACES for slug in slugs(place)})


def settings() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """A path as a report prints it."""
    return path.relative_to(ROOT).as_posix()
