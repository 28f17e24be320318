"""How a request proves who sends it: the security schemes of a document, and which of them each operation asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .normalize import operations_of
from .structure import Node, resolve

__all__ = ["Scheme", "read_schemes", "read_security"]

Kind = Literal["bearer", "basic", "header", "query", "cookie"]
Alternatives = Sequence[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Scheme:
    """
    A security scheme.

    Args:
        name: In the document.
        kind: Where the credential stands; tokens of OAuth 2 and OpenID Connect are bearer tokens.
        parameter: Name of the header, parameter or cookie.
    """

    name: str
    kind: Kind
    parameter: str = "Authorization"


def read_schemes(document: Mapping[str, Any]) -> Mapping[str, Scheme]:
    """The schemes of a document by name; mutual TLS is none that a mock can ask for."""
    components = document.get("components")
    described = components.get("securitySchemes") if isinstance(components, dict) else None
    found = {}
    for name, each in described.items() if isinstance(described, dict) else ():
        node = resolve(dict(document), each["$ref"]) if isinstance(each, dict) and "$ref" in each else each
        scheme = _scheme(name, node) if isinstance(node, dict) else None
        if scheme is not None:
            found[name] = scheme
    return found


def _scheme(name: str, node: Node) -> Scheme | None:
    match node.get("type"):
        case "http":
            return Scheme(name, "basic" if str(node.get("scheme", "")).lower() == "basic" else "bearer")
        case "apiKey":
            kinds: Mapping[Any, Kind] = {"header": "header", "query": "query", "cookie": "cookie"}
            kind = kinds.get(node.get("in"), "header")
            is_token = kind == "header" and str(node.get("name", "")).lower() == "authorization"
            return Scheme(name, "bearer") if is_token else Scheme(name, kind, str(node.get("name", name)))
        case "oauth2" | "openIdConnect":
            return Scheme(name, "bearer")
    return None


def read_security(document: Mapping[str, Any], schemes: Mapping[str, Scheme]) -> Mapping[str, Alternatives]:
    """
    What each operation asks for, by its id: one of several sets of schemes; nothing where anybody is let in.

    A set that names a scheme that is none here counts without it.
    """
    general = document.get("security", [])
    found: dict[str, Alternatives] = {}
    for _, _, _, operation in operations_of(dict(document)):
        asked = operation.get("security", general)
        sets = [frozenset(each) & set(schemes) for each in asked if isinstance(each, dict)]
        is_open = not sets or any(not each for each in sets)
        found[operation["operationId"]] = () if is_open else tuple(sets)
    return found
