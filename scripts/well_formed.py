"""Parses TOML, YAML and JSON files and lists those that do not parse."""

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
    errors = [text for path in paths if path.is_file() and (text := parse_error(path))]
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


def parse_error(path: Path) -> str | None:
    """What is wrong with a file, in one line, or None."""
    try:
        PARSERS[path.suffix](path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError) as error:
        return f"{path}: {' '.join(str(error).split())}"
    return None


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
