"""The texts of a request by their place: header, path, query, body. Knows no mutant."""

import base64
import binascii
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from flowproof.exchange import Headers
from flowproof.kernel.hooks import Inputs
from flowproof.kernel.http.request import ProviderRequest

__all__ = ["Likeness", "Place", "header_texts", "input_texts", "normal_form", "strings", "with_headers", "with_inputs"]

Place = tuple[str, ...]
"""``header``, ``path`` or ``query`` with a name; ``body`` with the names of properties, ``*`` for every entry."""

Likeness = Literal["case", "blanks", "composed"]
"""In what two texts may differ and still be alike."""

OF_TRANSPORT = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
NORMAL: Mapping[Likeness, Callable[[str], str]] = MappingProxyType(
    {
        "case": str.casefold,
        "blanks": lambda text: "".join(text.split()),
        "composed": lambda text: unicodedata.normalize("NFC", text),
    }
)


def normal_form(text: str, likeness: Likeness) -> str:
    """What all texts have in common that are alike; of Basic credentials, id and secret count."""
    scheme, _, encoded = text.partition(" ")
    if scheme.lower() == "basic" and encoded:
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return text
    return NORMAL[likeness](text)


def header_texts(request: ProviderRequest) -> Iterator[tuple[Place, str]]:
    """The headers that a provider may look at."""
    return ((("header", name), value) for name, value in request.wire.headers if name not in OF_TRANSPORT)


def with_headers(request: ProviderRequest, change: Callable[[Place, str], str]) -> ProviderRequest:
    """The request with those headers changed."""
    headers: Headers = tuple(
        (name, value if name in OF_TRANSPORT else change(("header", name), value))
        for name, value in request.wire.headers
    )
    if headers == request.wire.headers:
        return request
    return ProviderRequest(request.wire._replace(headers=headers), request.mount, request.path)


def input_texts(inputs: Inputs) -> Iterator[tuple[Place, str]]:
    """The texts of path, query and body."""
    yield from ((("path", name), value) for name, value in inputs.match.path_parameters.items())
    yield from ((("query", name), value) for name, value in _query(inputs.request))
    yield from _texts(inputs.json, ("body",))


def with_inputs(inputs: Inputs, change: Callable[[Place, str], str]) -> Inputs:
    """The same with those texts changed."""
    parameters = {name: change(("path", name), value) for name, value in inputs.match.path_parameters.items()}
    query = [(name, change(("query", name), value)) for name, value in _query(inputs.request)]
    request = inputs.request
    if query != _query(request):
        request = ProviderRequest(request.wire._replace(query=urlencode(query)), request.mount, request.path)
    match = replace(inputs.match, path_parameters=parameters)
    return Inputs(request, match, _changed(inputs.json, ("body",), change))


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of members left out."""
    return (text for _, text in _texts(value, ()))


def _query(request: ProviderRequest) -> list[tuple[str, str]]:
    return parse_qsl(request.wire.query, keep_blank_values=True)


def _texts(value: Any, here: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield here, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _texts(each, (*here, name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, (*here, "*"))


def _changed(value: Any, here: Place, change: Callable[[Place, str], str]) -> Any:
    if isinstance(value, str):
        return change(here, value)
    if isinstance(value, dict):
        return {name: _changed(each, (*here, name), change) for name, each in value.items()}
    if isinstance(value, list):
        return [_changed(each, (*here, "*"), change) for each in value]
    return value
