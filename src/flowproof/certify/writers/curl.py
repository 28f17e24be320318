"""A request as a command of the shell that repeats it, secrets as variables: `-H 'Authorization: Bearer '"$TOKEN"`."""

import shlex
from collections.abc import Iterator

from flowproof.certify.events import Request
from flowproof.redaction.marks import MARK

__all__ = ["curl"]

# curl writes these itself.
ITS_OWN = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})


def curl(request: Request) -> str:
    """The command, a line for each part. A body that is no text, or was cut, has to be put into the file `body`."""
    return " \\\n  ".join(_parts(request))


def _parts(request: Request) -> Iterator[str]:
    yield f"curl -X {_quoted(request.method)} {_quoted(request.url)}"
    for name, value in request.headers:
        if name.lower() not in ITS_OWN:
            yield f"-H {_quoted(f'{name}: {value}' if value else f'{name};')}"
    if request.body.size:
        whole = request.body.text if not request.body.truncated else None
        yield f"--data-raw {_quoted(whole)}" if whole is not None else "--data-binary @body"


def _quoted(text: str) -> str:
    """One word of the shell; what was taken out of it is a variable, which is named as its mark is."""
    pieces = MARK.split(text)  # texts, and between them the names of marks
    words = [shlex.quote(each) if at % 2 == 0 else f'"${each}"' for at, each in enumerate(pieces) if each]
    return "".join(words) or "''"
