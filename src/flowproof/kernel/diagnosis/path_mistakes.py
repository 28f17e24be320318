"""The usual mistakes in signing a path: its escapes, its beginning, its end, and what stands around it."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

from flowproof.exchange import header
from flowproof.kernel.signing import SignedRequest, SigningScheme

from .candidates import COMMON, RARE, USUAL, Edit, SigningMistake

__all__ = ["path_edits"]

Change = Callable[[str], str]
UNESCAPED = "/!$&'()*+,;=:@~"  # what a path may hold unescaped (RFC 3986, pchar), with the slash


def path_edits(scheme: SigningScheme, request: SignedRequest) -> Iterator[Edit]:
    """The edits in the order in which they add up: escapes, case, base, slashes, mount, query, host."""
    yield from _escapes()
    yield _edit("path_lower", "the path is signed in lower case", "Sign the path as it is sent.", str.lower)
    yield from _base(scheme.base_path)
    yield from _slashes()
    yield from _mount(request.mount)
    yield from _query(request.query)
    yield from _host(request)


def _edit(code: str, text: str, fix: str, change: Change, *, often: int = USUAL) -> Edit:
    mistake = SigningMistake(code, text, fix)
    return Edit("path", mistake, lambda candidate: candidate._replace(path=change(candidate.path)), often)


def _escapes() -> Iterator[Edit]:
    fix = "Sign the path as it is sent, with its percent escapes."
    yield _edit("path_decoded", "the path is signed percent-decoded", fix, _decoded, often=COMMON)
    yield _edit("path_plus", "blanks of the path are signed as plus signs", fix, _plussed, often=RARE)
    text = "the path is signed decoded, its blanks as plus signs"
    yield _edit("path_plus", text, fix, lambda path: _decoded(path).replace(" ", "+"), often=RARE)
    text = "plus signs of the path are signed as blanks"
    yield _edit("path_plus", text, fix, lambda path: path.replace("+", " "), often=RARE)
    text = "the path is signed percent-encoded twice"
    yield _edit("path_double_encoded", text, fix, lambda path: _quoted(path, UNESCAPED))
    text = "the path is signed with escapes that were not sent"
    yield _edit("path_encoded", text, fix, lambda path: _quoted(_decoded(path), "/"), often=RARE)
    yield _edit("path_encoded", text, fix, lambda path: _quoted(_decoded(path), UNESCAPED), often=RARE)
    text = "the path is signed with its slashes escaped"
    yield _edit("path_encoded", text, fix, lambda path: _quoted(_decoded(path), ""), often=RARE)
    text = "the percent escapes of the path are signed in the other case"
    yield _edit("path_escape_case", text, fix, _escapes_swapped, often=RARE)


def _base(base: str) -> Iterator[Edit]:
    if not base.strip("/"):
        return
    fix = f"Sign the whole path, from {base} on."
    text = f"the path is signed without {base}"
    yield _edit("base_missing", text, fix, lambda path: path.removeprefix(base), often=COMMON)
    text = f"the path is signed with {base} twice"
    yield _edit("base_doubled", text, fix, lambda path: base + path)
    fix = "Sign the path as it is sent."
    text = f"the path is signed with a second slash after {base}"
    yield _edit("slash_doubled", text, fix, lambda path: path.replace(f"{base}/", f"{base}//", 1), often=RARE)


def _slashes() -> Iterator[Edit]:
    fix = "Sign the path as it is sent, slashes and all."
    text = "the path is signed with a trailing slash that was not sent"
    yield _edit("slash_added", text, fix, lambda path: path if path.endswith("/") else f"{path}/", often=COMMON)
    text = "the path is signed without its trailing slash"
    yield _edit("slash_removed", text, fix, lambda path: path.rstrip("/"), often=COMMON)
    text = "the path is signed without its leading slash"
    yield _edit("leading_slash_missing", text, fix, lambda path: path.removeprefix("/"))
    yield _edit("slash_doubled", "the path is signed with a second leading slash", fix, "/{}".format)


def _mount(mount: str) -> Iterator[Edit]:
    if not mount:
        return
    fix = f"Sign the provider's own path, without {mount}: only this server stands behind that prefix."
    yield _edit("mount_included", f"the path is signed with {mount}", fix, lambda path: mount + path, often=COMMON)
    yield _edit("mount_twice", f"the path is signed with {mount} twice", fix, lambda path: mount * 2 + path)
    segments = mount.strip("/").split("/")
    for start in range(1, len(segments)):
        for part in ("/" + "/".join(segments[start:]), "/" + "/".join(segments[:start])):
            text = f"the path is signed with {part}"
            yield _edit("mount_included", text, fix, lambda path, part=part: part + path, often=RARE)  # type: ignore[misc]  # bound


def _query(query: str) -> Iterator[Edit]:
    fix = "Sign the path alone, without the query."
    if query:
        text = "the query string is signed too"
        yield _edit("query_included", text, fix, lambda path: f"{path}?{query}", often=COMMON)
        text = "the query string is signed too, percent-decoded"
        yield _edit("query_included", text, fix, lambda path: f"{path}?{_decoded(query)}", often=RARE)
        pairs = "&".join(sorted(query.split("&")))
        yield _edit(
            "query_included", "the query string is signed too, sorted", fix, lambda path: f"{path}?{pairs}", often=RARE
        )
        text = "the query string is signed too, without its question mark"
        yield _edit("query_included", text, fix, lambda path: path + query, often=RARE)
    yield _edit("query_included", "a question mark is signed after the path", fix, "{}?".format, often=RARE)


def _host(request: SignedRequest) -> Iterator[Edit]:
    host = header(request.headers, "host")
    if not host:
        return
    fix = "Sign the path alone, without scheme and host."
    names = dict.fromkeys((host, re.sub(r":\d+$", "", host)))
    for origin in (f"{scheme}{name}" for scheme in ("https://", "http://", "", "//") for name in names):
        whole = "://" in origin
        often = USUAL if whole and origin.endswith(host) else RARE
        code, what = ("full_url", "the full URL") if whole else ("host_included", "the host with the path")
        for front in dict.fromkeys((request.mount, "")):
            text = f"{what} is signed, beginning with {origin}{front}"
            yield _edit(code, text, fix, lambda path, front=origin + front: front + path, often=often)  # type: ignore[misc]  # bound


def _plussed(path: str) -> str:
    return path.replace("%20", "+")


def _escapes_swapped(path: str) -> str:
    return re.sub("%..", lambda found: found[0].swapcase(), path)


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape")


def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")
