"""Parses the TOML, YAML and JSON files it is given and names those that do not parse."""

import json
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

PARSERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {".json": json.loads, ".toml": tomllib.loads, ".yaml": yaml.safe_load, ".yml": yaml.safe_load}
)


def main(paths: list[Path]) -> int:
    """Exit code: 1 when a file does not parse."""
    complaints = [said for path in paths if path.is_file() and (said := complaint(path))]
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


def complaint(path: Path) -> str | None:
    """What is wrong with a file, in one line, or None."""
    try:
        PARSERS[path.suffix](path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        return f"{path}: {' '.join(str(error).split())}"
    return None


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
