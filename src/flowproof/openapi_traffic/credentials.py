"""How recorded requests proved who sent them, as security schemes. Their values are never kept."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from flowproof.exchange import header
from flowproof.recording.exchanges import Message
from flowproof.recording.selection import ProviderExchange
from flowproof.redaction.sensitive_names import is_secret_name, is_shown_header, looks_issued

__all__ = ["credential_header_names", "is_credential_parameter", "read_credentials"]

Schemes = Mapping[str, Mapping[str, Any]]
WORDS = ("apikey", "api-key", "token", "secret", "auth", "signature", "credential", "password")


def read_credentials(exchanges: Sequence[ProviderExchange]) -> tuple[Schemes, list[frozenset[str]]]:
    """
    The security schemes by name, and which of them each request used.

    A cookie is one only where nothing else is: most of a browser's cookies let nobody in.
    """
    found: dict[str, Mapping[str, Any]] = {}
    used = []
    for each in exchanges:
        presented = dict(_presented(each))
        found |= presented
        used.append(frozenset(presented))
    if not found:
        for index, each in enumerate(exchanges):
            presented = dict(_cookies(each.exchange.request))
            found |= presented
            used[index] = frozenset(presented)
    if not found:
        found |= dict(_demanded(exchanges))
    return found, used


def credential_header_names(exchanges: Sequence[ProviderExchange]) -> frozenset[str]:
    """Names of headers that are credentials, in lower case."""
    names = (name for each in exchanges for name, _ in each.exchange.request.headers)
    return frozenset(name.lower() for name in names if _is_credential(name))


def is_credential_parameter(name: str, value: str) -> bool:
    """Whether a parameter of a query is a credential."""
    return is_secret_name(name) or (any(each in name.lower() for each in WORDS) and looks_issued(value))


def _is_credential(name: str) -> bool:
    lower = name.lower()
    is_named = is_secret_name(name) or any(each in lower for each in WORDS)
    return is_named and lower != "cookie" and not is_shown_header(name)


def _presented(each: ProviderExchange) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in each.exchange.request.headers:
        if name.lower() == "authorization":
            yield _authorization(value)
        elif _is_credential(name):
            yield _scheme_name(name), {"type": "apiKey", "in": "header", "name": name}
    for name, value in parse_qsl(each.query, keep_blank_values=True):
        if is_credential_parameter(name, value):
            yield _scheme_name(name), {"type": "apiKey", "in": "query", "name": name}


def _authorization(value: str) -> tuple[str, Mapping[str, Any]]:
    kind, _, rest = value.partition(" ")
    if rest and kind.lower() == "basic":
        return "basic", {"type": "http", "scheme": "basic"}
    if rest and kind.lower() == "bearer":
        return "bearer", {"type": "http", "scheme": "bearer"}
    return "authorization", {"type": "apiKey", "in": "header", "name": "Authorization"}


def _cookies(request: Message) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The first cookie that looks like a session's."""
    for pair in (request.header("cookie") or "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name and (is_secret_name(name) or "sess" in name.lower() or (looks_issued(value) and "sid" in name.lower())):
            yield _scheme_name(name), {"type": "apiKey", "in": "cookie", "name": name}
            return


def _demanded(exchanges: Sequence[ProviderExchange]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What an answer 401 asks for, where the recording has lost the headers that had it."""
    for each in exchanges:
        asked = header(each.exchange.response.headers, "www-authenticate") if each.exchange.status == 401 else None
        if asked:
            yield _authorization(f"{asked.partition(' ')[0]} …")


def _scheme_name(name: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in name).strip("_") or "key"
