"""A request as a shell command, with secrets as variables: `-H 'Authorization: Bearer '"$TOKEN"`."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from flowproof.redaction.marks import MARK

__all__ = ["curl"]

# Headers that curl writes itself.
CURLS_OWN = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})


def curl(method: str, url: str, headers: Iterable[Sequence[str]], *, text: str | None, has_body: bool) -> str:
    """
    The command, one line for each part.

    Args:
        method: As sent.
        url: With its query.
        headers: Names and values.
        text: The body; None where it is not text or was cut, and is then read from the file `body`.
        has_body: Whether there is a body.
    """
    return " \\\n  ".join(_parts(method, url, headers, text=text, has_body=has_body))


def _parts(
    method: str, url: str, headers: Iterable[Sequence[str]], *, text: str | None, has_body: bool
) -> Iterator[str]:
    yield f"curl -X {_quoted(method)} {_quoted(url)}"
    for name, value in headers:
        if name.lower() not in CURLS_OWN:
            yield f"-H {_quoted(f'{name}: {value}' if value else f'{name};')}"
    if has_body:
        yield f"--data-raw {_quoted(text)}" if text is not None else "--data-binary @body"


def _quoted(text: str) -> str:
    """Quote a word for the shell; a redaction mark becomes a variable of the same name."""
    pieces = MARK.split(text)  # texts and names of marks alternate
    words = [shlex.quote(each) if at % 2 == 0 else f'"${each}"' for at, each in enumerate(pieces) if each]
    return "".join(words) or "''"
