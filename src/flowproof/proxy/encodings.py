"""What stands in a body behind its content encodings, for those who read it; what is forwarded stays as it is."""

import gzip
import zlib
from collections.abc import Callable, Mapping

from flowproof.exchange import Headers, header

__all__ = ["decoded"]


def decoded(headers: Headers, body: bytes) -> bytes | None:
    """A body without its content encodings; None where one of them is not known, or the body is broken."""
    names = (header(headers, "content-encoding") or "").split(",")
    for name in reversed([each.strip().lower() for each in names if each.strip()]):
        decode = _DECODERS.get(name)
        if decode is None:
            return None
        try:
            body = decode(body)
        except (OSError, EOFError, zlib.error):
            return None
    return body


def _inflate(body: bytes) -> bytes:
    """``deflate``: with the header of zlib, as RFC 9110 says, or without, as some send it."""
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)


_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "x-gzip": gzip.decompress,
    "deflate": _inflate,
    "identity": lambda body: body,
}
