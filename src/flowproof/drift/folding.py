"""
Folds what differs from call to call and means nothing by it: times, ids, tokens, the target's own address.

A folded value keeps who it is within one case: the id that a creation answered is the same `id 1` where it is read.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

__all__ = ["ACCOUNT", "EITHER", "OF_ACCOUNT", "RULES", "Folder", "account_name"]

RULES: Sequence[tuple[str, re.Pattern[str]]] = (
    ("time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("jwt", re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")),
    ("id", re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9a-fA-F])")),
)
"""What is folded wherever it stands in a text, the first rule that fits."""

ACCOUNT = frozenset({"client_id", "client_secret", "redirect_uri"})
"""Parameters by which a request names its account (RFC 6749). Each target has its own; a case has names in braces."""

OF_ACCOUNT = "account_"
"""What the name of a part of a credential begins with in a recorded case."""

NO_NAME = re.compile(r"[^a-z0-9]+")
SECRET = re.compile(r"token|secret|password|signature|\bcode\b", re.IGNORECASE)
EITHER = re.compile("|".join(f"(?P<{name}>{rule.pattern})" for name, rule in RULES))


def account_name(role: str, part: str) -> str:
    """The name that a recorded case has for a part of a role's credentials, such as `account_default_key`."""
    return f"{OF_ACCOUNT}{NO_NAME.sub('_', f'{role}_{part}'.lower()).strip('_')}"


class Folder:
    """
    Folds the answers of one target to one case.

    Args:
        base_url: Of the target; its address in an answer is folded too.
        volatile: Names of members whose values are folded whatever they are.
    """

    def __init__(self, base_url: str, volatile: frozenset[str] = frozenset()) -> None:
        parts = urlsplit(base_url)
        self._addresses = tuple(each for each in (base_url, f"{parts.scheme}://{parts.netloc}", parts.netloc) if each)
        self._volatile = volatile
        self._known: dict[tuple[str, str], str] = {}

    def json(self, value: Any, name: str = "") -> Any:
        """A JSON value with every volatile part of it folded."""
        if name in self._volatile:
            return f"<{name}>"
        if isinstance(value, str):
            return self.text(value, name)
        if isinstance(value, list):
            return [self.json(each) for each in value]
        if isinstance(value, Mapping):
            return {self.text(key): self.json(each, key) for key, each in value.items()}
        return value

    def text(self, text: str, name: str = "") -> str:
        """A text with every volatile part of it folded; under a name that means a secret, all of it."""
        if text and SECRET.search(name):
            return f"<{name}>"
        for address in self._addresses:
            text = text.replace(address, "<target>")
        return EITHER.sub(lambda found: self._folded(str(found.lastgroup), found[0]), text)

    def _folded(self, kind: str, text: str) -> str:
        if kind == "time":
            return "<time>"  # (which of two times is the same depends on how fast a target is)
        number = sum(each == kind for each, _ in self._known) + 1
        return self._known.setdefault((kind, text), f"<{kind} {number}>")
