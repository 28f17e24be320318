"""Where the project's files stand, which of them count, and which providers it has. Reads; knows no rule."""

import os
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
BUILT = frozenset({"__pycache__", "build", "dist", "node_modules", "reports"})
PLACES = ("mocks", "contracts", "suites", "fixtures")


def files(*below: str) -> list[Path]:
    """Every file and link that git tracks, or would if it were added, below these folders or of these patterns."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    if not (ROOT / ".git").exists():
        return _without_git(below)
    listed = subprocess.run([*command, "--", *below], cwd=ROOT, env=inherited, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in sorted(set(listed.decode().split("\0")) - {""}))
    return [path for path in paths if path.is_symlink() or path.is_file()]


def _without_git(below: tuple[str, ...]) -> list[Path]:
    """The same in a copy without its history, where everything counts that is not hidden and not built."""
    found = []
    for folder, inner, names in os.walk(ROOT):
        built = {each for each in inner if each in BUILT or each.startswith(".") or each.endswith(".egg-info")}
        inner[:] = [each for each in inner if each not in built]
        found += [Path(folder, each) for each in names]
        found += [Path(folder, each) for each in inner if Path(folder, each).is_symlink()]
    wanted = [(name(path), path) for path in sorted(found)]
    return [path for named, path in wanted if not below or any(_is_meant(named, each) for each in below)]


def _is_meant(named: str, pattern: str) -> bool:
    return named.startswith(f"{pattern}/") or fnmatch(named, pattern)


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


def yaml_file(name: str) -> Any:
    """What a YAML file of the checkout says."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """A path as a report prints it."""
    return path.relative_to(ROOT).as_posix()
