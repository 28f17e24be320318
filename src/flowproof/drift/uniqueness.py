"""Makes values unique that a provider takes only once, so that the same cases can be compared again and again."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import orjson

from flowproof.cases import CaseRequest

__all__ = ["UniqueValues"]


class UniqueValues:
    """
    The values of one comparison; the same value of a case becomes the same unique one on both targets.

    Args:
        names: Members of request bodies whose values a provider takes only once.
        suffix: Differs from one comparison to the next.
    """

    def __init__(self, names: Collection[str], suffix: str) -> None:
        self._names = names
        self._suffix = suffix
        self._known: dict[str, str] = {}

    def request(self, request: CaseRequest) -> CaseRequest:
        """The request with unique values in its body, and in its path and query where they are named again."""
        if not self._names:
            return request
        query = {name: self._known.get(value, value) for name, value in request.query.items()}
        path = "/".join(self._known.get(each, each) for each in request.path.split("/"))
        return replace(request, path=path, query=query, body=self._body(request.body))

    def _body(self, body: bytes | None) -> bytes | None:
        try:
            value = orjson.loads(body or b"")
        except orjson.JSONDecodeError:
            return body
        unique = self._value(value)
        return body if unique == value else json.dumps(unique, ensure_ascii=False).encode()

    def _value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, Mapping):
            return {each: self._value(inner, each) for each, inner in value.items()}
        if isinstance(value, list):
            return [self._value(each, name) for each in value]
        if name in self._names and isinstance(value, str) and value:
            return self._known.setdefault(value, f"{value}-{self._suffix}")
        return value
