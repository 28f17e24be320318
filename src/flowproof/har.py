"""Exchanges as an HTTP Archive (HAR 1.2), which browsers and proxies can open. Knows neither journal nor report."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["har"]

STATED = frozenset({"started_at", "duration_ms", "request", "response"})


def har(entries: Iterable[Mapping[str, Any]], *, creator_version: str) -> dict[str, Any]:
    """
    The archive of exchanges. What HAR has no name for stands under ``_flowproof``.

    Args:
        entries: Each with ``started_at``, ``duration_ms``, ``request`` and ``response``.
        creator_version: Version of Flowproof.

    Source:
        The HAR 1.2 specification; -1 is its word for a size or time that is not known.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Flowproof", "version": creator_version},
            "entries": [_entry(entry) for entry in entries],
        }
    }


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "startedDateTime": entry["started_at"],
        "time": entry["duration_ms"],
        "request": _request(entry["request"]),
        "response": _response(entry["response"]),
        "cache": {},
        "timings": {"send": 0, "wait": entry["duration_ms"], "receive": 0},
        "_flowproof": {key: value for key, value in entry.items() if key not in STATED},
    }


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    query = parse_qsl(request["query"], keep_blank_values=True)
    shown: dict[str, Any] = {
        "method": request["method"],
        "url": request["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request["headers"]),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": request["body"]["size"],
    }
    if request["body"]["size"]:
        text = _text(request["body"])
        own = {"_encoding": text.pop("encoding")} if "encoding" in text else {}
        shown["postData"] = {"mimeType": _value(request["headers"], "content-type"), **text, **own}
    return shown


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": response["status"],
        "statusText": _reason(response["status"]),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(response["headers"]),
        "content": {
            "size": response["body"]["size"],
            "mimeType": _value(response["headers"], "content-type"),
            **_text(response["body"]),
        },
        "redirectURL": _value(response["headers"], "location"),
        "headersSize": -1,
        "bodySize": response["body"]["size"],
    }


def _text(body: Mapping[str, Any]) -> dict[str, str]:
    return {"text": body["base64"], "encoding": "base64"} if "base64" in body else {"text": body.get("text", "")}


def _pairs(pairs: Iterable[Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _value(headers: Iterable[Any], wanted: str) -> str:
    """The first header of that name, in lower case; empty where there is none."""
    return next((value for name, value in headers if name.lower() == wanted), "")


def _reason(status: int) -> str:
    """The phrase of a status; empty for one that has none, and for a connection that was broken before an answer."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
