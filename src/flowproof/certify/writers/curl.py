"""A request as a shell command, with secrets as variables: `-H 'Authorization: Bearer '"$TOKEN"`."""

import shlex
from collections.abc import Iterator

from flowproof.certify.events import Request
from flowproof.redaction.marks import MARK

__all__ = ["curl"]

# Headers that curl writes itself.
CURLS_OWN = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})


def curl(request: Request) -> str:
    """The command, one line for each part. A body that is not text, or was cut, is read from the file `body`."""
    return " \\\n  ".join(_parts(request))


def _parts(request: Request) -> Iterator[str]:
    yield f"curl -X {_quoted(request.method)} {_quoted(request.url)}"
    for name, value in request.headers:
        if name.lower() not in CURLS_OWN:
            yield f"-H {_quoted(f'{name}: {value}' if value else f'{name};')}"
    if request.body.size:
        whole = request.body.text if not request.body.truncated else None
        yield f"--data-raw {_quoted(whole)}" if whole is not None else "--data-binary @body"


def _quoted(text: str) -> str:
    """Quote a word for the shell; a redaction mark becomes a variable of the same name."""
    pieces = MARK.split(text)  # texts and names of marks alternate
    words = [shlex.quote(each) if at % 2 == 0 else f'"${each}"' for at, each in enumerate(pieces) if each]
    return "".join(words) or "''"
