"""
Reads sessions of Charles in its own JSON (.chlsj): a list of transactions.

Source:
    Sessions of Charles 4 and 5 as programs in public repositories read them. A body is a text, or bytes in base64 under
    `encoded`; Charles has taken off the content encoding of both. A session in XML (.chlsx) or in the binary form
    (.chls) is exported again.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flowproof.exchange import Headers

from .exchanges import Message, RecordedExchange, Recording, RecordingError, checked_url

__all__ = ["is_charles_session", "recording_of_session"]

FIX = "Export the session again: as a JSON Session File, or as an HTTP Archive."
SENT = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})
USUAL_PORTS = {"http": 80, "https": 443}
COMPLETE = "COMPLETE"


def is_charles_session(document: Any) -> bool:
    """Whether a JSON value is a session: a list whose entries have a scheme, a host and a request."""
    first = document[0] if isinstance(document, list) and document else None
    return isinstance(first, Mapping) and {"scheme", "host", "request"} <= first.keys()


def recording_of_session(name: str, transactions: Sequence[Any]) -> Recording:
    """
    The recording in a session.

    Raises:
        RecordingError: A transaction cannot be read.
    """
    left_out: Counter[str] = Counter()
    exchanges = []
    for number, each in enumerate(transactions, start=1):
        try:
            why = _unfit(each)
            if why is not None:
                left_out[why] += 1
                continue
            exchanges.append(_exchange(number, each))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"cannot be read ({type(error).__name__})"
            raise RecordingError(f"Transaction {number} of {name} {what}.", FIX) from error
    exchanges.sort(key=lambda each: each.at or datetime.min.replace(tzinfo=UTC))
    notes = tuple(f"{times} {why}" for why, times in left_out.items())
    return Recording(name, "Charles", tuple(exchanges), notes)


def _unfit(transaction: Mapping[str, Any]) -> str | None:
    """Why a transaction is no exchange that can be sent again; None where it is one."""
    method = str(transaction["method"]).upper()
    if transaction.get("tunnel") or method == "CONNECT":
        return "tunnels, into which Charles did not look"
    if transaction.get("status") not in {None, COMPLETE} or not (transaction.get("response") or {}).get("status"):
        return "requests without an answer of their own (blocked, broken off, or from a cache)"
    return None if method in SENT else f"{method} requests"


def _exchange(number: int, transaction: Mapping[str, Any]) -> RecordedExchange:
    response = transaction["response"]
    return RecordedExchange(
        number=number,
        at=_moment((transaction.get("times") or {}).get("start")),
        method=str(transaction["method"]).upper(),
        url=checked_url(_url(transaction)),
        request=_message(transaction["request"]),
        status=int(response["status"]),
        response=_message(response),
    )


def _url(transaction: Mapping[str, Any]) -> str:
    scheme, port = str(transaction["scheme"]), transaction.get("actualPort") or transaction.get("port")
    authority = str(transaction["host"])
    if port and port != USUAL_PORTS.get(scheme):
        authority = f"{authority}:{port}"
    query = transaction.get("query")
    return f"{scheme}://{authority}{transaction.get('path') or '/'}{f'?{query}' if query else ''}"


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _message(part: Mapping[str, Any]) -> Message:
    headers = _headers(part)
    message = Message(headers, _body(part))
    if message.body and not message.media_type and part.get("mimeType"):
        return Message((*headers, ("Content-Type", str(part["mimeType"]))), message.body)
    return message


def _headers(part: Mapping[str, Any]) -> Headers:
    listed = (part.get("header") or {}).get("headers") or ()
    found = ((str(each["name"]), str(each.get("value") or "")) for each in listed)
    return tuple((name, value) for name, value in found if not name.startswith(":"))


def _body(part: Mapping[str, Any]) -> bytes | None:
    """The bytes of a body; None where the session has not kept it."""
    body, size = part.get("body") or {}, (part.get("sizes") or {}).get("body")
    if body.get("encoded"):
        try:
            return base64.b64decode(str(body["encoded"]), validate=True)
        except binascii.Error as error:
            raise ValueError("base64") from error
    text = body.get("text")
    if text is None and size:
        return None
    return str(text or "").encode("utf-8", "surrogatepass")
