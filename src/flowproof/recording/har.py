"""
Reads HTTP Archives (HAR 1.2): of Chrome, Firefox, mitmproxy, Charles, and of `flowproof journal --har`.

Source:
    The HAR 1.2 specification. Bodies of requests in base64 (`_encoding`) are ours; HTTP/2's pseudo-headers, which
    Chrome lists, are no headers.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flowproof.exchange import Headers

from .exchanges import Message, RecordedExchange, Recording, RecordingError

__all__ = ["recording_of_archive"]

FIX = "Export it again: as HAR 1.2 with the contents of the responses."
JOURNAL_LIMIT = 64 * 1024  # bytes of a body that our journal keeps
SENT = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH"})


def recording_of_archive(name: str, log: Any) -> Recording:
    """
    The recording in the `log` of an archive.

    Raises:
        RecordingError: It is no archive, or a body of a request is no UTF-8.
    """
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise RecordingError(f"{name} is no HTTP Archive: its log has no entries.", FIX)
    left_out: Counter[str] = Counter()
    exchanges = []
    for number, entry in enumerate(entries, start=1):
        try:
            why = _unfit(entry)
            if why is not None:
                left_out[why] += 1
                continue
            exchanges.append(_exchange(number, entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"cannot be read ({type(error).__name__})"
            raise RecordingError(f"Entry {number} of {name} {what}.", FIX) from error
    creator = log.get("creator")
    program = str(creator.get("name", "")) if isinstance(creator, Mapping) else ""
    # (entries of several pages need not be in the order in which they began)
    exchanges.sort(key=lambda each: each.at or datetime.min.replace(tzinfo=UTC))
    notes = tuple(f"{times} {why}" for why, times in left_out.items())
    return Recording(name, program or "an unnamed program", tuple(exchanges), notes)


def _unfit(entry: Mapping[str, Any]) -> str | None:
    """Why an entry is no request of a client that can be sent again; None where it is one."""
    own = entry.get("_flowproof")
    if isinstance(own, Mapping) and own.get("direction") == "out":
        return "webhooks, which the provider sends"
    if isinstance(own, Mapping) and own.get("faults"):
        return "exchanges that a fault plan hit"
    if entry["response"]["status"] in {0, -1, 304}:
        return "requests without an answer of their own (blocked, broken off, or from a cache)"
    method = str(entry["request"]["method"]).upper()
    return None if method in SENT else f"{method} requests"


def _exchange(number: int, entry: Mapping[str, Any]) -> RecordedExchange:
    request, response = entry["request"], entry["response"]
    own = entry.get("_flowproof")
    cited = own.get("requirement") if isinstance(own, Mapping) else None
    return RecordedExchange(
        number=number,
        at=_moment(entry.get("startedDateTime")),
        method=str(request["method"]).upper(),
        url=str(request["url"]),
        request=_sent(request),
        status=int(response["status"]),
        response=Message(_headers(response["headers"]), _answered(response)),
        requirement=cited if isinstance(cited, str) else None,
    )


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _headers(pairs: Iterable[Mapping[str, Any]]) -> Headers:
    found = ((str(each["name"]), str(each["value"])) for each in pairs)
    return tuple((name, value) for name, value in found if not name.startswith(":"))


def _sent(request: Mapping[str, Any]) -> Message:
    headers = _headers(request["headers"])
    posted = request.get("postData") or {}
    text, pairs = posted.get("text"), posted.get("params") or []
    if not text and pairs:
        text = urlencode([(each["name"], each.get("value", "")) for each in pairs])
    message = Message(headers, _kept(_bytes(str(text or ""), posted.get("_encoding")), request.get("bodySize")))
    if message.body and not message.media_type and posted.get("mimeType"):
        return Message((*headers, ("Content-Type", str(posted["mimeType"]))), message.body)
    return message


def _answered(response: Mapping[str, Any]) -> bytes | None:
    """The body of a response; None where the program has not kept it, as Chrome does for large ones."""
    content = response.get("content") or {}
    text, size = content.get("text"), content.get("size")
    if text is None:
        return None if isinstance(size, int) and size > 0 else b""
    return _kept(_bytes(str(text), content.get("encoding")), size)


def _bytes(text: str, encoding: Any) -> bytes:
    if encoding != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error


def _kept(body: bytes, size: Any) -> bytes | None:
    """The body; None where it was cut off. A redacted body has another size, but is not as long as our limit."""
    is_cut = isinstance(size, int) and size > JOURNAL_LIMIT and len(body) <= JOURNAL_LIMIT < size
    return None if is_cut else body
