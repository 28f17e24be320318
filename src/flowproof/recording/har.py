"""
Reads HTTP Archives (HAR 1.2): of Chrome, Firefox, mitmproxy, Charles, and of `flowproof journal --har`.

Source:
    The HAR 1.2 specification, and what Chromium 156, Firefox 153, mitmproxy 11 and Charles 4 write. Bodies of requests
    in base64 (`_encoding`) are ours; HTTP/2's pseudo-headers, which Chrome lists, are no headers.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flowproof.exchange import Headers, header

from . import own
from .exchanges import ControlCall, Message, RecordedExchange, Recording, RecordingError, checked_url

__all__ = ["recording_of_archive"]

FIX = "Export it again: as HAR 1.2 with the contents of the responses."
JOURNAL_LIMIT = 64 * 1024  # bytes of a body that our journal keeps
SENT = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
SWITCHING_PROTOCOLS = 101
LONGEST_SIZE = 12  # digits
LAST_OF_LATIN_1 = "\xff"


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
    exchanges: list[RecordedExchange] = []
    control: list[ControlCall] = []
    has_control = any(own.is_control(each) for each in entries)
    for number, entry in enumerate(entries, start=1):
        try:
            if own.is_control(entry):
                control.append(own.control_call(entry, _moment(entry.get("startedDateTime"))))
                continue
            why = own.unfit(entry, has_control=has_control) or _unfit(entry)
            if why is not None:
                left_out[why] += 1
                continue
            exchanges.append(_exchange(number, entry, tuple(control)))
            control.clear()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"cannot be read ({type(error).__name__})"
            raise RecordingError(f"Entry {number} of {name} {what}.", FIX) from error
    creator = log.get("creator")
    program = str(creator.get("name", "")) if isinstance(creator, Mapping) else ""
    if not any(map(own.is_ours, entries)):  # (ours are in order, and a mock's clock can be set back)
        # (entries of several pages need not be in the order in which they began)
        exchanges.sort(key=lambda each: each.at or datetime.min.replace(tzinfo=UTC))
    notes = tuple(f"{times} {why}" for why, times in left_out.items())
    return Recording(name, program or "an unnamed program", tuple(exchanges), notes, own.accounts_of(log))


def _unfit(entry: Mapping[str, Any]) -> str | None:
    """Why an entry is no request of a client that can be sent again; None where it is one."""
    method = str(entry["request"]["method"]).upper()
    status = (entry.get("response") or {}).get("status")
    if (status in {None, 0, -1, 304} and own.is_answered(entry)) or entry.get("_fromCache"):
        return "requests without an answer of their own (blocked, broken off, or from a cache)"
    if status == SWITCHING_PROTOCOLS:
        return "connections that became another protocol"
    return None if method in SENT else f"{method} requests"


def _exchange(number: int, entry: Mapping[str, Any], control: tuple[ControlCall, ...]) -> RecordedExchange:
    request, response = entry["request"], entry["response"]
    is_ours, is_head = own.is_ours(entry), str(request["method"]).upper() == "HEAD"
    cited = entry["_flowproof"].get("requirement") if is_ours else None
    return RecordedExchange(
        number=number,
        at=_moment(entry.get("startedDateTime")),
        method=str(request["method"]).upper(),
        url=checked_url(str(request["url"])),
        request=_sent(request, is_ours=is_ours),
        status=int(response["status"]),
        response=Message(_headers(response["headers"]), b"" if is_head else _answered(response)),
        requirement=cited if isinstance(cited, str) else None,
        refused_for=own.refused_for(entry),
        is_real_time=own.is_real_time(entry),
        is_answered=own.is_answered(entry),
        control=control,
    )


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _headers(pairs: Iterable[Mapping[str, Any]]) -> Headers:
    found = ((str(each["name"]), str(each["value"])) for each in pairs)
    return tuple((name, value) for name, value in found if not name.startswith(":"))


def _sent(request: Mapping[str, Any], *, is_ours: bool) -> Message:
    headers = _headers(request["headers"])
    posted = request.get("postData") or {}
    length = None if is_ours else _length(headers)  # (ours are redacted, and have other lengths)
    text = posted.get("text") or _form(posted.get("params") or [], length)
    body = _bytes(str(text or ""), posted.get("_encoding"), length)
    if not body and (_length(headers) or 0) > 0:
        return Message(headers, None)
    message = Message(headers, _kept(body, request.get("bodySize")), is_exact=posted.get("_encoding") == "base64")
    if message.media_type.startswith("multipart/") and length not in {None, len(body)}:
        return Message(headers, None)  # (its files are not kept)
    if message.body and not message.media_type and posted.get("mimeType"):
        return Message((*headers, ("Content-Type", str(posted["mimeType"]))), message.body)
    return message


def _form(pairs: Sequence[Mapping[str, Any]], length: int | None) -> str:
    """
    The text of a form that is kept as parameters.

    Charles keeps every body so that the client calls a form; one that is none, such as JSON, is the name of a single
    parameter.
    """
    first = str(pairs[0]["name"]) if len(pairs) == 1 and not pairs[0].get("value") else ""
    if first and len(first.encode("utf-8", "surrogatepass")) == length:
        return first
    return urlencode([(each["name"], each.get("value") or "") for each in pairs])


def _answered(response: Mapping[str, Any]) -> bytes | None:
    """The body of a response; None where the program has not kept it, as Chrome does where nobody has read it."""
    content = response.get("content") or {}
    text, size, length = content.get("text"), content.get("size"), _length(_headers(response["headers"]))
    if not text:
        return None if length or (text is None and size != 0) else b""
    body = _bytes(str(text), content.get("encoding"), length)
    return _kept(body if _is_utf8(body) else _bytes(str(text), content.get("encoding")), size)


def _length(headers: Headers) -> int | None:
    """What the header says; None where it says nothing."""
    value = header(headers, "content-length")
    return int(value) if value is not None and value.isdecimal() and len(value) <= LONGEST_SIZE else None


def _bytes(text: str, encoding: Any, length: int | None = None) -> bytes:
    """
    The bytes of a text.

    Firefox, Chromium and mitmproxy write each byte as a character of its own (Latin-1) where they do not know the
    encoding, and nothing but the length says that they did.
    """
    if encoding == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError("base64") from error
    body = text.encode("utf-8", "surrogatepass")
    if length is None or len(body) == length or len(text) != length or max(text, default="") > LAST_OF_LATIN_1:
        return body
    return text.encode("latin-1")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _kept(body: bytes, size: Any) -> bytes | None:
    """The body; None where it was cut off. A redacted body has another size, but is not as long as our limit."""
    is_cut = isinstance(size, int) and size > JOURNAL_LIMIT and len(body) <= JOURNAL_LIMIT < size
    return None if is_cut else body
