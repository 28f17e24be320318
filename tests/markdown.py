"""Finds the fenced blocks of a Markdown text and the commands in them. Runs nothing."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[^\s`]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """
    A fenced block.

    Args:
        language: The word after the fence, empty where there is none.
        text: What stands between the fences.
        line: Line of the opening fence.
    """

    language: str
    text: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a text, in order; one that is never closed reaches to the end."""
    opened: re.Match[str] | None = None
    start, lines = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), None], 1):
        if opened is None:
            opened = FENCE.match(line or "")
            start, lines = number, []
        elif line is None or line.strip() == opened["fence"]:
            yield Block(opened["language"], "\n".join(lines) + "\n", start)
            opened = None
        else:
            lines.append(line.removeprefix(opened["indent"]))


def commands(script: str) -> Iterator[str]:
    """The commands of a shell script, one by one: a line with what it needs to be complete."""
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        if pending.strip() and is_complete(pending):
            if not all(part.lstrip().startswith("#") for part in pending.strip().splitlines()):
                yield pending.strip()
            pending = ""
    if pending.strip():
        yield pending.strip()


def is_complete(script: str) -> bool:
    """Whether the shell would not wait for another line."""
    if script.rstrip("\n").endswith("\\"):
        return False
    checked = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
    return checked.returncode == 0 and not checked.stderr
