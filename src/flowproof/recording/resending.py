"""A recorded request as a case sends it again: names for what is bound, placeholders for secrets, credentials anew."""

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flowproof.conformance import Contract
from flowproof.drift.folding import ACCOUNT

from .access import Access
from .binding import Bindings
from .headers import kept_headers
from .placeholders import Placeholders
from .selection import ProviderExchange
from .values import Leaf, RequestValues, changed

__all__ = ["Resending", "accepted_account"]

OF_SEGMENT = ":@!$&'()*+,;=-._~"  # what stands in a segment as it is
NAME_OF_PART = re.compile(r"[a-z]+(?:_[a-z]+)+")
NAMED = re.compile(r"%7B([a-z_][a-z0-9_]*)%7D")
TYPE = "Content-Type"


def accepted_account(exchanges: Sequence[ProviderExchange], requests: Sequence[RequestValues]) -> dict[str, str]:
    """The parameters that name an account and that the provider has accepted: a target has its own in their place."""
    accepted = (values for each, values in zip(exchanges, requests, strict=True) if each.exchange.status < 400)
    found = (leaf for values in accepted for leaf in values.leaves())
    return {leaf.names[-1]: leaf.value for leaf in found if leaf.names and leaf.names[-1] in ACCOUNT}


@dataclass(frozen=True, slots=True)
class Resending:
    """
    How the requests of one recording are sent again.

    Args:
        contract: Of the provider.
        bindings: Of the recording's values.
        placeholders: Of its secrets and personal data.
        access: Its credentials.
        account: Parameters by which requests name an account that is known by nothing else.
    """

    contract: Contract
    bindings: Bindings
    placeholders: Placeholders
    access: Access
    account: Mapping[str, str]

    def described(self, index: int, each: ProviderExchange, values: RequestValues) -> dict[str, Any]:
        """
        A request as a case has it.

        Args:
            index: Its place in the conversation.
            each: The request with its answer.
            values: Of the request.
        """
        sent = each.exchange.request
        request: dict[str, Any] = {"method": each.exchange.method, "path": self._path(index, each, values)}
        if values.query:
            request["query"] = _by_name((name, self._parameter(index, name, value)) for name, value in values.query)
        body = self._body(index, each, values)
        access = self.access.described(each.exchange, index)
        without = access.pop("without", [])
        if body and sent.header(TYPE) is None:
            without = sorted({*without, TYPE.lower()})
        headers = {**self._headers(index, each), **access.pop("headers", {})}
        if "text" in body and sent.header(TYPE) == "application/json":
            headers[TYPE] = "application/json"
        lost = access.pop("lost", "") or self._lost(each, values)
        return {
            **request,
            **access,
            **({"without": without} if without else {}),
            **({"headers": headers} if headers else {}),
            **({"lost": lost} if lost else body),
        }

    def leaf(self, index: int, leaf: Leaf) -> Any:
        """A value that is sent: the name of a bound or an account's one, else itself with names and placeholders."""
        if leaf.names and leaf.value is not None and self.account.get(leaf.names[-1]) == leaf.value:
            return f"{{{leaf.names[-1]}}}"
        filled = self.bindings.filled(leaf.value, index)
        is_whole = self.bindings.name_of(leaf.value, index) is not None
        return filled if is_whole else self.placeholders.value(leaf.names, filled)

    def set_up(self, index: int, leaf: Leaf) -> Any:
        """A value that sets up a mock, as :meth:`leaf`; the name of a part, such as `api_key`, is no secret."""
        is_name = isinstance(leaf.value, str) and NAME_OF_PART.fullmatch(leaf.value) is not None
        return leaf.value if is_name else self.leaf(index, leaf)

    def _lost(self, each: ProviderExchange, values: RequestValues) -> str:
        """Why the request cannot be sent again; empty where it can."""
        if values.body.kind == "unknown":
            return "the recording does not have the whole body of its request"
        if not values.is_whole:
            return "its query is no UTF-8, which a case cannot say"
        found = self.contract.operations.find(each.exchange.method, each.path)
        operation = found.operation if found is not None else None
        counts = [name for name, _ in kept_headers(each.exchange.request.headers, operation, self.contract)]
        counts += [name for name, _ in each.exchange.request.headers if name.lower() in self.access.headers]
        twice = [name for name, times in Counter(map(str.lower, counts)).items() if times > 1]
        return f"its request has {twice[0]} more than once, which a case cannot say" if twice else ""

    def _headers(self, index: int, each: ProviderExchange) -> dict[str, Any]:
        found = self.contract.operations.find(each.exchange.method, each.path)
        operation = found.operation if found is not None else None
        kept = kept_headers(each.exchange.request.headers, operation, self.contract)
        return {name: self._text(index, value) for name, value in kept}

    def _body(self, index: int, each: ProviderExchange, values: RequestValues) -> dict[str, Any]:
        body, sent = values.body, each.exchange.request
        if body.kind == "json":
            return {"body": changed(body.value, lambda leaf: self.leaf(index, leaf), self.placeholders.text)}
        if body.kind == "form":
            return {"form": [[name, self._parameter(index, name, value)] for name, value in body.value]}
        if body.kind == "text":
            return {"text": self._text(index, body.value)}
        if body.kind == "bytes":
            hidden = self.placeholders.text(body.value.decode("latin-1")).encode("latin-1")
            return {"base64": base64.b64encode(hidden).decode()}
        is_empty = body.kind == "none" and (sent.media_type or sent.header("content-length") == "0")
        return {"text": ""} if is_empty and each.exchange.method not in {"GET", "HEAD"} else {}

    def _text(self, index: int, text: str) -> str:
        return self.bindings.inside(self.placeholders.text(text), index)

    def _path(self, index: int, each: ProviderExchange, values: RequestValues) -> str:
        """The path with names and placeholders; a segment that the contract names literally stays."""
        before = self.contract.operations.find(each.exchange.method, each.path)
        parameters = set(before.path_parameters.values()) if before is not None else set(values.segments)
        segments = [
            self._parameter(index, "", segment) if segment in parameters else segment for segment in values.segments
        ]
        return NAMED.sub(r"{\1}", "".join(f"/{quote(segment, safe=OF_SEGMENT)}" for segment in segments))

    def _parameter(self, index: int, name: str, value: str) -> str:
        return str(self.leaf(index, Leaf("", (name,) if name else (), value)))


def _by_name(pairs: Iterator[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Parameters by name; the values of a name that occurs more than once as a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
