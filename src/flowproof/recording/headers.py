"""Which headers of a recorded request are credentials, and which belong to the request, by the contract."""

from collections.abc import Iterator, Mapping
from typing import Any

from flowproof.conformance import Contract, Operation
from flowproof.exchange import Headers

__all__ = ["credential_headers", "kept_headers"]

# What a script or a library adds whatever it requests. (A browser that goes to a page asks for text/html.)
USUAL_ACCEPT = ("*/*", "application/json")
ALWAYS_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})


def credential_headers(contract: Contract) -> frozenset[str]:
    """Names of headers with credentials, in lower case: those of the contract's security schemes, and usual ones."""
    schemes = contract.document.get("components", {}).get("securitySchemes", {}).values()
    named = (each["name"].lower() for each in schemes if each.get("type") == "apiKey" and each.get("in") == "header")
    return ALWAYS_CREDENTIALS | frozenset(named)


def kept_headers(headers: Headers, operation: Operation | None, contract: Contract) -> Iterator[tuple[str, str]]:
    """The headers that make the request what it is: documented parameters, and what it sends and accepts."""
    documented = _documented(operation, contract.document) - credential_headers(contract)
    for name, value in headers:
        lower, media_type = name.lower(), value.partition(";")[0].strip().lower()
        is_accept = lower == "accept" and not media_type.startswith(USUAL_ACCEPT)
        is_content_type = lower == "content-type" and media_type != "application/json"
        if lower in documented or is_accept or is_content_type:
            yield name, value


def _documented(operation: Operation | None, document: Mapping[str, Any]) -> frozenset[str]:
    """Names of the header parameters of an operation, in lower case."""
    if operation is None:
        return frozenset()
    item = document["paths"][operation.path]
    listed = [*item.get("parameters", ()), *item[operation.method.lower()].get("parameters", ())]
    found = (_resolved(each, document) for each in listed)
    return frozenset(str(each["name"]).lower() for each in found if each.get("in") == "header")


def _resolved(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = parameter.get("$ref", "")
    if not reference.startswith("#/components/parameters/"):
        return parameter
    found: Mapping[str, Any] = document["components"]["parameters"][reference.rpartition("/")[2]]
    return found
