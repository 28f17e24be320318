"""
How a request is signed, as a value, and whether a signature verifies. Knows no provider, no framework and no clock.

A provider's ``auth.py`` states its scheme and asks::

    SCHEME = SigningScheme(("method", "path", "timestamp"), " ", "sha1", "hex", "/api", ("raw", "decoded"))

    def verifies(request: SignedRequest, key: Key) -> bool:
        return verify(SCHEME, request, key)
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from flowproof.errors import ConfigurationError

if TYPE_CHECKING:
    from .http.request import ProviderRequest

__all__ = ["Key", "SignedRequest", "SigningScheme", "encode", "messages", "sign", "string_to_sign", "verify"]

PARTS = frozenset({"method", "path", "timestamp", "body"})
ENCODINGS = frozenset({"hex", "base64"})
PATH_FORMS = frozenset({"raw", "decoded", "mounted", "mounted_decoded"})
DIGESTS = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_"))


@dataclass(frozen=True, slots=True)
class SigningScheme:
    """
    What a provider signs and how the signature is written. Vary it with `dataclasses.replace`.

    Args:
        parts: Of ``method``, ``path``, ``timestamp`` and ``body``, in the order in which they are signed.
        separator: Between the parts, may be empty.
        digest: Name of the HMAC's hash in `hashlib`, such as ``sha1``.
        encoding: ``hex`` (lower case) or ``base64`` (standard alphabet, padded).
        base_path: The beginning of every signed path, such as ``/api``; only a diagnosis needs it.
        path_forms: Forms of the path that verify, the canonical one first: ``raw`` (as sent), ``decoded`` (percent
            escapes resolved), ``mounted`` and ``mounted_decoded`` (the same behind the prefix the server took off).

    Raises:
        ConfigurationError: A field names something that is not listed here.
    """

    parts: tuple[str, ...]
    separator: str
    digest: str
    encoding: str
    base_path: str = ""
    path_forms: tuple[str, ...] = ("raw",)

    def __post_init__(self) -> None:
        _check("part", self.parts, PARTS)
        _check("digest", (self.digest,), DIGESTS)
        _check("encoding", (self.encoding,), ENCODINGS)
        _check("path form", self.path_forms, PATH_FORMS)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """
    What came over the wire, as far as a signature can depend on it.

    Args:
        method: As sent.
        path: Percent-encoded as sent, below the mount, base path included, without the query.
        query: Without the question mark, as sent.
        mount: Prefix that the server took off before routing, such as ``/w/{workspace}/{provider}``; empty when none.
        headers: Names and values, in the order sent.
        body: Bytes as sent.
        token: The public half of the credential, as presented.
        signature: As presented.
        timestamp: As presented; an opaque string.
        date_header: Name of the header that the timestamp came from.
    """

    method: str
    path: str
    query: str
    mount: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    token: str
    signature: str
    timestamp: str
    date_header: str

    @classmethod
    def of(cls, request: "ProviderRequest", *, token: str, signature: str, timestamp: str, date_header: str) -> Self:
        """The parts of a request that can be signed, with what its headers present."""
        return cls(
            method=request.method,
            path=request.path,
            query=request.wire.query,
            mount=request.mount,
            headers=request.wire.headers,
            body=request.body,
            token=token,
            signature=signature,
            timestamp=timestamp,
            date_header=date_header,
        )


class Key:
    """A secret prepared for one digest: keyed once, copied for each message. Its repr does not show the secret."""

    __slots__ = ("_keyed", "digest")

    def __init__(self, secret: bytes, digest: str) -> None:
        _check("digest", (digest,), DIGESTS)
        self.digest = digest
        self._keyed = hmac.new(secret, digestmod=digest)

    def __repr__(self) -> str:
        return f"Key(digest={self.digest!r})"

    def mac(self, message: bytes) -> bytes:
        """The HMAC of the message, as bytes."""
        keyed = self._keyed.copy()
        keyed.update(message)
        return keyed.digest()


def string_to_sign(scheme: SigningScheme, request: SignedRequest) -> bytes:
    """The bytes that a client should have signed, with the path in its canonical form."""
    return next(messages(scheme, request))


def messages(scheme: SigningScheme, request: SignedRequest) -> Iterator[bytes]:
    """The distinct messages that verify, one for each accepted form of the path."""
    seen: list[bytes] = []
    for form in scheme.path_forms:
        message = _join(scheme, request, _path(request, form))
        if message not in seen:
            seen.append(message)
            yield message


def sign(scheme: SigningScheme, message: bytes, key: Key | bytes) -> str:
    """
    The signature of a message, written as the scheme says.

    Raises:
        ConfigurationError: The key was prepared for another digest.
    """
    if isinstance(key, bytes):
        return encode(scheme, hmac.digest(key, message, scheme.digest))
    _check("digest of the key", (key.digest,), frozenset({scheme.digest}))
    return encode(scheme, key.mac(message))


def verify(scheme: SigningScheme, request: SignedRequest, key: Key | bytes) -> bool:
    """Whether the presented signature is right for one of the accepted forms, each compared in constant time."""
    presented = request.signature.encode("ascii", "backslashreplace")
    return any(
        hmac.compare_digest(sign(scheme, message, key).encode("ascii"), presented)
        for message in messages(scheme, request)
    )


def encode(scheme: SigningScheme, mac: bytes) -> str:
    """Digest bytes as the scheme writes them."""
    return mac.hex() if scheme.encoding == "hex" else base64.b64encode(mac).decode("ascii")


def _join(scheme: SigningScheme, request: SignedRequest, path: str) -> bytes:
    """The parts as bytes, in order; text is UTF-8, and bytes that are no UTF-8 stay as they are."""
    texts = {"method": request.method, "path": path, "timestamp": request.timestamp}
    return scheme.separator.encode().join(
        [request.body if part == "body" else texts[part].encode("utf-8", "surrogateescape") for part in scheme.parts]
    )


def _path(request: SignedRequest, form: str) -> str:
    path = request.mount + request.path if form.startswith("mounted") else request.path
    return unquote(path, errors="surrogateescape") if form.endswith("decoded") else path


def _check(what: str, names: tuple[str, ...], known: frozenset[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ConfigurationError(
            f"unknown {what} in a signing scheme: {', '.join(map(repr, unknown)) or 'none given'}.",
            f"Use one of {', '.join(sorted(known))}.",
        )
