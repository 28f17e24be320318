"""Calls of the Web Push library of npm, one after the other in one process of Node.js."""

import json
from pathlib import Path
from typing import Any

from tests.interop import programs

__all__ = ["install", "run"]

HERE = Path(__file__).resolve().parent


def install() -> None:
    """Install the packages of the lockfile."""
    programs.install(HERE)


def run(errand: str, **given: Any) -> Any:
    """The result of a call in ``web_push.mjs``."""
    return json.loads(programs.ask("integrations/web_push.mjs", json.dumps({"errand": errand, **given})))
