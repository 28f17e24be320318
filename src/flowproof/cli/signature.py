"""Diagnoses the signature of a request by its provider's own scheme, without a server. The secret is never shown."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import click

from flowproof.conformance import Contract, load_contract
from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers, header
from flowproof.kernel import Credential, Provider, ProviderRequest
from flowproof.kernel.http.request import WireRequest
from flowproof.providers import find_providers

__all__ = ["diagnose_signature"]

SECRET = "FLOWPROOF_SECRET"  # noqa: S105 (the name of a variable)


def diagnose_signature(
    provider: str,
    *,
    signature: str | None,
    token: str | None,
    method: str,
    url: str | None,
    headers: Sequence[str],
    body: str | None,
) -> str:
    """
    Why the signature of a request is not right, or that it is.

    Raises:
        ConfigurationError: The pieces do not make a signed request.
    """
    (found,) = find_providers([provider])
    if found.diagnose is None:
        raise ConfigurationError(
            f"{found.title} signs nothing.", "Ask a server instead: flowproof explain EXCHANGE-ID."
        )
    if url is None:
        raise ConfigurationError("The request has no URL.", "Give it with --url, as it was sent.")
    request = _request(found, method, url, _signed(found, _headers(headers), signature, token), _body(body))
    key = token or found.presented_key(request)
    if key is None:
        raise ConfigurationError(
            "The request presents no token.", "Give --token and --signature, or the header as it was sent."
        )
    secret = os.environ.get(SECRET) or click.prompt(f"Secret of {key}", hide_input=True, err=True)
    return found.diagnose(request, _credential(found, key, secret))


def _request(provider: Provider, method: str, url: str, headers: Headers, body: bytes) -> ProviderRequest:
    split = urlsplit(url)
    if split.netloc and header(headers, "host") is None:
        headers = (*headers, ("host", split.netloc))
    path = split.path or "/"
    mount = _mount(provider.slug, path)
    wire = WireRequest(method, path, split.query, headers, body, scheme=split.scheme or "http")
    return ProviderRequest(wire, mount, path.removeprefix(mount) or "/")


def _mount(slug: str, path: str) -> str:
    """What a mock server takes off the front: ``/acme``, ``/w/{workspace}/acme``, or nothing at a sandbox."""
    steps = path.split("/")
    for mount in [steps[:4]] if steps[1:2] == ["w"] else [steps[:2]]:
        if mount[-1] == slug:
            return "/".join(mount)
    return ""


def _headers(lines: Sequence[str]) -> Headers:
    pieces = [each.partition(":") for each in lines]
    if not all(colon and name.strip() for name, colon, _ in pieces):
        raise ConfigurationError("A header has no name or no colon.", "Write --header 'NAME: VALUE'.")
    return tuple((name.strip().lower(), value.strip()) for name, _, value in pieces)


def _signed(provider: Provider, headers: Headers, signature: str | None, token: str | None) -> Headers:
    """The headers with the one that carries the signature, which is named by the contract's security scheme."""
    if signature is None:
        return headers
    name = _header_of_signature(load_contract(provider.slug, provider.contract))
    if name is None or token is None:
        missing = "no --token" if name else "a scheme whose header the contract does not name"
        raise ConfigurationError(
            f"--signature was given with {missing}.", "Give the header that carries it with --header instead."
        )
    if header(headers, name) is not None:
        raise ConfigurationError(f"--signature and the header {name} were both given.", "Give one of them.")
    return (*headers, (name, f"{token}:{signature}"))


def _header_of_signature(contract: Contract) -> str | None:
    schemes = contract.document.get("components", {}).get("securitySchemes", {}).values()
    return next((str(each["name"]).lower() for each in schemes if each.get("in") == "header"), None)


def _body(text: str | None) -> bytes:
    if text is None or not text.startswith("@"):
        return (text or "").encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{text[1:]} cannot be read: {error.strerror}.", "Name the file with the body as sent."
        ) from error


def _credential(provider: Provider, key: str, secret: str) -> Credential:
    """A credential with the same parts as the provider's own, with the user's token and secret in it."""
    minted = provider.mint(Random(0), provider.seed)[0]
    return replace(minted, key=key, secrets=dict.fromkeys(minted.secrets, secret))
