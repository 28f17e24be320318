"""Names of operations and schemas, from paths and methods."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from .templates import camel_case, singular

__all__ = ["Names"]

ON_ITEM: Mapping[str, str] = MappingProxyType(
    {"GET": "read", "PUT": "replace", "PATCH": "change", "POST": "update", "DELETE": "remove"}
)
ON_COLLECTION: Mapping[str, str] = MappingProxyType(
    {"GET": "list", "POST": "create", "PUT": "replaceAll", "PATCH": "changeAll", "DELETE": "removeAll"}
)
ITEM = re.compile(r"(?P<collection>/.*[^/}])/\{[^{}/]+\}")


class Names:
    """
    The names of one document.

    Args:
        operations: Path and method of each, in order.
    """

    def __init__(self, operations: Iterable[tuple[str, str]]) -> None:
        listed = list(operations)
        paths = dict.fromkeys(path for path, _ in listed)
        self._collections = {found["collection"] for path in paths if (found := ITEM.fullmatch(path))}
        self._operations: dict[tuple[str, str], str] = {}
        taken: set[str] = set()
        for path, method in listed:
            choices = [self._short(path, method), self._long(path, method)]
            name = next((each for each in choices if each not in taken), choices[-1])
            number, free = 1, name
            while free in taken:
                number += 1
                free = f"{name}{number}"
            taken.add(free)
            self._operations[path, method] = free

    def operation(self, path: str, method: str) -> str:
        """The `operationId`."""
        return self._operations[path, method]

    def collection(self, path: str) -> str:
        """The collection that a path is, or whose record it is; empty where there is none."""
        found = ITEM.fullmatch(path)
        return found["collection"] if found else (path if path in self._collections else "")

    def request(self, path: str, method: str) -> str:
        """Name of the schema of a request."""
        return f"{_capital(self.operation(path, method))}Request"

    def response(self, path: str, method: str, status: int) -> str:
        """Name of the schema of an answer; records and errors have one of their own."""
        if status >= 400:
            return "Error"
        is_record = self.collection(path) and (path not in self._collections or method == "POST")
        return _capital(_thing(path)) if is_record else f"{_capital(self.operation(path, method))}Response"

    def _short(self, path: str, method: str) -> str:
        if ITEM.fullmatch(path):
            return f"{ON_ITEM[method]}{_capital(_thing(path))}"
        if path in self._collections:
            last = camel_case(_literals(path)[-1]) if method == "GET" else _thing(path)
            return f"{ON_COLLECTION[method]}{_capital(last)}"
        return self._long(path, method)

    def _long(self, path: str, method: str) -> str:
        words = "".join(_capital(camel_case(each)) for each in _literals(path))
        return f"{method.lower()}{words or 'Root'}{'ById' if path.endswith('}') else ''}"


def _literals(path: str) -> list[str]:
    return [each for each in path.split("/") if each and not each.startswith("{")]


def _thing(path: str) -> str:
    """One of what the path's last collection holds."""
    literals = _literals(path)
    return camel_case(singular(literals[-1])) if literals else "root"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
