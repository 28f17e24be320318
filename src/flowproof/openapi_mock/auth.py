"""Who asks, by the security schemes of the document. One credential of a workspace fits every scheme."""

import base64
from collections.abc import Callable, Iterator, Mapping
from http.cookies import CookieError, SimpleCookie
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, hex_id
from flowproof.openapi.security import Scheme

from .model import Model
from .refusals import Unauthenticated

__all__ = ["make_authenticate", "make_presented_key", "make_redact_header", "mint"]


def mint(rng: Random, _seed: Mapping[str, Any]) -> tuple[Credential, ...]:
    """A token, which is a secret itself, and a password for basic authentication."""
    key = hex_id(rng, 32)
    return (Credential(key, secrets={"token": key, "secret": hex_id(rng, 32)}),)


def make_presented_key(model: Model) -> Callable[[ProviderRequest], str | None]:
    """The function that finds the key of the credential which a request presents."""
    schemes = tuple(model.schemes.values())

    def presented_key(request: ProviderRequest) -> str | None:
        return next((key for each in schemes if (key := _presented(each, request)[0])), None)

    return presented_key


def make_authenticate(model: Model) -> Callable[[ProviderRequest, ProviderContext], str | None]:
    """The function that lets a request in, or raises `Unauthenticated`."""

    def authenticate(request: ProviderRequest, context: ProviderContext) -> str | None:
        match = model.contract.operations.find(request.method, request.path)
        operation = match.operation if match is not None else None
        alternatives = model.security.get(operation.id, ()) if operation is not None else ()
        if not alternatives:
            return None
        for names in alternatives:
            keys = [_known(model.schemes[name], request, context) for name in sorted(names)]
            if all(keys):
                return keys[0]
        expected = " or ".join(" and ".join(sorted(names)) for names in alternatives)
        where = Finding("request.headers", "/authorization", f"a credential for {expected}", "none that is known")
        raise Unauthenticated([where])

    return authenticate


def _known(scheme: Scheme, request: ProviderRequest, context: ProviderContext) -> str | None:
    """The key that a scheme finds in a request, where the workspace knows it."""
    key, password = _presented(scheme, request)
    credential = context.credential(key) if key else None
    if credential is None or (scheme.kind == "basic" and password not in (credential.secrets["secret"], "")):
        return None
    return key


def _presented(scheme: Scheme, request: ProviderRequest) -> tuple[str, str]:
    """Key and password that a request presents to a scheme; empty where it presents none."""
    match scheme.kind:
        case "bearer":
            name, _, token = (request.header("authorization") or "").partition(" ")
            return (token.strip(), "") if token and name.lower() != "basic" else (name if not token else "", "")
        case "basic":
            return _basic(request.header("authorization") or "")
        case "header":
            return request.header(scheme.parameter) or "", ""
        case "query":
            return dict(parse_qsl(request.wire.query)).get(scheme.parameter, ""), ""
        case "cookie":
            return dict(_cookies(request.header("cookie") or "")).get(scheme.parameter, ""), ""


def _basic(header: str) -> tuple[str, str]:
    name, _, encoded = header.partition(" ")
    if name.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def _cookies(header: str) -> Iterator[tuple[str, str]]:
    try:
        yield from ((name, each.value) for name, each in SimpleCookie(header).items())
    except CookieError:
        return


def make_redact_header(model: Model) -> Callable[[str, str], str]:
    """The function that hides the headers which a scheme reads."""
    secret = {each.parameter.lower() for each in model.schemes.values() if each.kind == "header"}

    def redact_header(name: str, value: str) -> str:
        return "[hidden]" if name.lower() in secret else value

    return redact_header
