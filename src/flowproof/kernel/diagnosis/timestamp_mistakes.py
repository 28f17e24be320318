"""The usual mistakes in signing a timestamp: another source, another format, another moment, what stands around it."""

import functools
from collections.abc import Callable, Iterator
from urllib.parse import quote

from flowproof.kernel.signing import SignedRequest

from . import instants
from .candidates import ALONE, COMMON, RARE, USUAL, Candidate, Edit, SigningMistake, set_edit

__all__ = ["timestamp_edits"]

Rewrite = Callable[[str], str | None]

MINUTE_MS = 60_000
# Time zones beside those of whole hours, in minutes: Newfoundland, Iran, Afghanistan, India, Nepal, Burma, Australia.
ODD_ZONES = (150, 210, 270, 330, 345, 390, 570, 630)
ZONES = sorted({60 * hours for hours in range(1, 15)} | set(ODD_ZONES))
SECONDS = range(1, 11)
MILLISECONDS = range(1, 51)  # between two readings of one clock
RARE_FORMS = ("micro", "nano", "basic", "minute", "alone", "asctime", "fraction", "+0000")
CHANGES: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("timestamp_quoted", "in double quotes", '"{}"'.format),
    ("timestamp_quoted", "in single quotes", "'{}'".format),
    ("timestamp_blank", "with a blank before it", " {}".format),
    ("timestamp_blank", "with a blank after it", "{} ".format),
    ("timestamp_blank", "with blanks around it", " {} ".format),
    ("timestamp_blank", "without the blanks around it", str.strip),
    ("timestamp_escaped", "percent-encoded", lambda text: quote(text, safe="", errors="surrogateescape")),
    ("timestamp_lower", "in lower case", str.lower),
)


def timestamp_edits(request: SignedRequest) -> Iterator[Edit]:
    """Its source first, then its moment and its format, then what stands around it; so that two of them add up."""
    name = request.date_header
    fix = f"Sign the very characters that are sent in {name}."
    yield from _sources(request, fix)
    yield from _moments(name)
    rewritten = functools.cache(_rewritten)
    for form in instants.FORMATS:
        text = f"the timestamp is signed as {form}"
        yield _edit("timestamp_format", text, fix, functools.partial(rewritten, form), _format_often(form))
    for code, how, change in CHANGES:
        yield _edit(code, f"the timestamp is signed {how}", fix, change, RARE)


def _edit(code: str, text: str, fix: str, change: Rewrite, often: int) -> Edit:
    def make(candidate: Candidate) -> Candidate | None:
        timestamp = change(candidate.timestamp)
        is_same = timestamp is None or timestamp == candidate.timestamp
        return None if is_same else candidate._replace(timestamp=str(timestamp))

    return Edit("timestamp", SigningMistake(code, text, fix), make, often)


def _sources(request: SignedRequest, fix: str) -> Iterator[Edit]:
    """The values of other headers that are dates."""
    name, seen = request.date_header, {request.timestamp}
    for other, value in request.headers:
        dated = any(word in other.lower() for word in ("date", "time")) or instants.parse(value) is not None
        if dated and other.lower() != name.lower() and value not in seen:
            seen.add(value)
            text = f"the timestamp is taken from the {other} header, expected {name}"
            often = COMMON if other.lower() == "date" else USUAL
            yield set_edit("timestamp", "timestamp_source", text, fix, often=often, timestamp=value)


def _moments(name: str) -> Iterator[Edit]:
    """Another moment than the one that is sent: a local time, or a clock that was read twice."""
    twice = f"Read the clock once: sign those characters, and send them in {name}."
    read = functools.cache(instants.parse)
    written = functools.cache(instants.form_of)

    def move(text: str, by_ms: int) -> str | None:
        instant, form = read(text), written(text)
        if instant is None or form is None or (by_ms % 1000 and len(instant.fraction) < 3):
            return None
        try:
            return instants.write(instants.later(instant, by_ms), form)
        except OverflowError:
            return None

    for minutes in ZONES:
        amount = f"{minutes / 60:g} h" if minutes % 60 == 0 or minutes % 30 == 0 else f"{minutes // 60} h 45 min"
        often = USUAL if minutes == 60 else RARE
        for by_ms, side in ((minutes * MINUTE_MS, "later"), (-minutes * MINUTE_MS, "earlier")):
            text = f"the signed timestamp is {amount} {side} than the one that is sent: a local time, and one of UTC"
            yield _edit("timestamp_zone", text, twice, functools.partial(move, by_ms=by_ms), often)
    for unit, size_ms, numbers in (("s", 1000, SECONDS), ("ms", 1, MILLISECONDS)):
        for number in numbers:
            often = USUAL if unit == "s" and number == 1 else RARE if unit == "s" else ALONE
            for sign, side in ((1, "later"), (-1, "earlier")):
                text = f"the signed timestamp is {number} {unit} {side} than the one that is sent"
                change = functools.partial(move, by_ms=sign * number * size_ms)
                yield _edit("timestamp_moment", text, twice, change, often)


def _format_often(form: str) -> int:
    if form in {"Unix seconds", "ISO 8601 with Z", "RFC 1123 GMT"}:
        return COMMON
    is_rare = any(
        word in form for word in ("micro", "nano", "basic", "minute", "alone", "asctime", "fraction", "+0000")
    )
    return RARE if is_rare else USUAL


def _rewritten(form: str, timestamp: str) -> str | None:
    instant = instants.parse(timestamp)
    return None if instant is None else instants.write(instant, form)
