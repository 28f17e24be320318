"""
The page that a browser shows at the server's root: static files, which know the control API alone.

No file holds anything of a workspace. The modules build the document from values, never from markup, so nothing that a
request brought can become an element; the policy below forbids it to the browser as well.
"""

import hashlib
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files

from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.response import WireResponse

__all__ = ["page_file", "prefers_html"]

TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
TOKENS = "tokens.css"  # which the report of a run has, too
NAME = re.compile(r"[a-z_]+\.(\w+)", re.ASCII)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
    ("Vary", "Accept"),
)


def prefers_html(accept: str | None) -> bool:
    """Whether an Accept header is that of a browser that opens a page: it names HTML, and no program does."""
    ranges = (each.partition(";")[0].strip().lower() for each in (accept or "").split(","))
    return "text/html" in ranges


def page_file(name: str, *, known: str | None) -> WireResponse:
    """
    The answer to a request for a file of the page.

    Args:
        name: Such as ``page.css``.
        known: The If-None-Match header.
    """
    answer = _file(name)
    etag = dict(answer.headers).get("ETag")
    if (
        etag is not None
        and known is not None
        and etag in (each.strip().removeprefix("W/") for each in known.split(","))
    ):
        return replace(answer, status=304, body=b"")
    return answer


@cache
def _read(name: str) -> bytes | None:
    file = files("flowproof").joinpath(name if name == TOKENS else f"kernel/page/files/{name}")
    return file.read_bytes() if file.is_file() else None


def _file(name: str) -> WireResponse:
    form = NAME.fullmatch(name)
    kind = TYPES.get(form[1]) if form else None
    data = _read(name) if kind else None
    if kind is None or data is None:
        return problem(404, "Not found", f"The page has no file {name}.")
    etag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    return WireResponse(200, data, (("Content-Type", kind), ("ETag", etag), *HEADERS))
