"""The line of a JSON pointer in a JSON or YAML text."""

from functools import lru_cache
from typing import Any

import yaml

__all__ = ["line_of"]


@lru_cache(maxsize=32)
def _composed(contents: bytes) -> Any:
    """The tree of the text's nodes with their marks; JSON is read as the YAML that it is, too."""
    return yaml.compose(contents, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def line_of(contents: bytes, pointer: str) -> int:
    """The line, from 1, where the pointer's key stands; that of the nearest known place above where there is none."""
    try:
        node = _composed(contents)
    except (yaml.YAMLError, RecursionError):  # JSON that no YAML reader takes, such as one with tabs
        return 1
    line = 0
    for step in pointer.split("/")[1:]:
        found = _step(node, step.replace("~1", "/").replace("~0", "~"))
        if found is None:
            break
        line, node = found
    return line + 1


def _step(node: Any, step: str) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        element = node.value[int(step)]
        return element.start_mark.line, element
    return None
