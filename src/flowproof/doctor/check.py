"""One thing that the doctor looked at."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Check", "State", "not_checked", "ok", "warning", "wrong"]

State = Literal["ok", "warning", "wrong", "not checked"]


@dataclass(frozen=True, slots=True)
class Check:
    """
    What was found.

    Args:
        name: What was looked at, in a word or two.
        state: `wrong` keeps a run from meaning anything; a `warning` may.
        what: What is so, in one sentence, without a secret.
        fix: How to put it right, in one sentence; empty where nothing is wrong.
    """

    name: str
    state: State
    what: str
    fix: str = ""


def ok(name: str, what: str) -> Check:
    return Check(name, "ok", what)


def warning(name: str, what: str, fix: str) -> Check:
    return Check(name, "warning", what, fix)


def wrong(name: str, what: str, fix: str) -> Check:
    return Check(name, "wrong", what, fix)


def not_checked(name: str, why: str) -> Check:
    return Check(name, "not checked", why)
