"""
Reads Postman collections (v2.0 and v2.1) with saved responses: each saved response with its request is an exchange.

Source:
    The collection format's JSON Schemas v2.0.0 and v2.1.0. Scripts and pre-request code are not run.
"""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from flowproof.exchange import Headers, header

from .exchanges import Message, RecordedExchange, Recording, RecordingError, checked_url

__all__ = ["recording_of_collection"]

FIX = "Export the collection again, as Collection v2.1."
VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
DEEPEST = 50  # folders in folders
MOST_REFERENCES = 10  # of one variable to the next
BOUNDARY = "recorded-form"
LANGUAGES = {"json": "application/json", "xml": "application/xml", "html": "text/html", "text": "text/plain"}


def recording_of_collection(name: str, collection: Mapping[str, Any]) -> Recording:
    """
    The recording in a collection.

    Raises:
        RecordingError: It is of another version, or cannot be read.
    """
    version = str(collection["info"].get("schema", ""))
    if "/v2." not in version:
        raise RecordingError(f"{name} is a Postman collection of another version than 2.", FIX)
    exchanges: list[RecordedExchange] = []
    left_out: Counter[str] = Counter()
    try:
        variables = _variables(collection.get("variable") or [])
        for item, auth in _items(collection, None, 0):
            saved = item.get("response") or []
            left_out["requests without a saved response"] += not saved
            for response in saved:
                number = len(exchanges) + 1
                exchanges.append(_exchange(number, response, item["request"], auth, variables))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else "cannot be read"
        raise RecordingError(f"Saved response {len(exchanges) + 1} of {name} {what}.", FIX) from error
    notes = tuple(f"{times} {why}" for why, times in left_out.items() if times)
    return Recording(name, "Postman", tuple(exchanges), notes)


def _items(group: Mapping[str, Any], auth: Any, depth: int) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """The requests of a collection, those of its folders too, in order, each with the `auth` that it inherits."""
    auth = group.get("auth") or auth
    for each in group.get("item") or []:
        if "item" in each:
            if depth >= DEEPEST:
                raise ValueError("depth")
            yield from _items(each, auth, depth + 1)
        elif "request" in each:
            own = each["request"].get("auth") if isinstance(each["request"], Mapping) else None
            yield each, own or auth


def _variables(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(each.get("key") or each.get("id")): str(each.get("value") or "") for each in listed}


def _exchange(
    number: int, response: Mapping[str, Any], request: Any, auth: Any, variables: Mapping[str, str]
) -> RecordedExchange:
    sent = response.get("originalRequest") or request
    if isinstance(sent, str):  # (a request may be its URL alone)
        sent = {"method": "GET", "url": sent}
    headers = _headers(sent.get("header"), variables)
    headers = (*headers, *_credentials(sent.get("auth") or auth, headers, variables))
    body, media_type = _body(sent.get("body") or {}, variables)
    if media_type and header(headers, "content-type") is None:
        headers = (*headers, ("Content-Type", media_type))
    answered = _headers(response.get("header"), {})
    language = LANGUAGES.get(str(response.get("_postman_previewlanguage") or ""))
    if language and header(answered, "content-type") is None:
        answered = (*answered, ("Content-Type", language))
    content = response.get("body")
    return RecordedExchange(
        number=number,
        at=_moment(header(answered, "date")),
        method=str(sent.get("method") or "GET").upper(),
        url=checked_url(_url(sent["url"], variables)),
        request=Message(headers, body),
        status=int(response["code"]),
        response=Message(answered, str(content or "").encode("utf-8", "surrogatepass")),
    )


def _moment(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _headers(listed: Any, variables: Mapping[str, str]) -> Headers:
    """Enabled headers; a text has one a line."""
    if isinstance(listed, str):
        lines = (line.partition(":") for line in listed.splitlines() if ":" in line)
        return tuple((name.strip(), _resolved(value.strip(), variables)) for name, _, value in lines)
    shown = (each for each in listed or [] if isinstance(each, Mapping) and not each.get("disabled"))
    return tuple((str(each["key"]), _resolved(str(each.get("value") or ""), variables)) for each in shown)


def _body(body: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[bytes, str]:
    """The bytes of a body, and its media type where the mode says it."""
    match body.get("mode"):
        case None:
            return b"", ""
        case "raw":
            options = (body.get("options") or {}).get("raw") or {}
            text = _resolved(str(body.get("raw") or ""), variables)
            return text.encode("utf-8", "surrogatepass"), LANGUAGES.get(str(options.get("language")), "")
        case "urlencoded":
            listed = (each for each in body.get("urlencoded") or [] if not each.get("disabled"))
            pairs = [(str(each["key"]), _resolved(str(each.get("value") or ""), variables)) for each in listed]
            return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        case "graphql":
            return _graphql(body.get("graphql") or {}, variables), LANGUAGES["json"]
        case "formdata" if all(each.get("type") != "file" for each in body.get("formdata") or []):
            listed = (each for each in body.get("formdata") or [] if not each.get("disabled"))
            parts = (_part(str(each["key"]), _resolved(str(each.get("value") or ""), variables)) for each in listed)
            return f"{''.join(parts)}--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"
        case _:
            raise RecordingError(
                "A request of the collection has a body of a file, which a collection does not keep.",
                "Leave its saved response out of the collection.",
            )


def _graphql(value: Mapping[str, Any], variables: Mapping[str, str]) -> bytes:
    given = _resolved(str(value.get("variables") or "null"), variables)
    query = _resolved(str(value.get("query") or ""), variables)
    return json.dumps({"query": query, "variables": json.loads(given)}, ensure_ascii=False).encode()


def _part(name: str, value: str) -> str:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


def _credentials(auth: Any, headers: Headers, variables: Mapping[str, str]) -> Headers:
    """The header by which Postman adds credentials when it sends a request; none where it adds none, or has its own."""
    kind = auth.get("type") if isinstance(auth, Mapping) else None
    if kind in {None, "noauth"}:
        return ()
    listed = auth.get(kind) or {}
    values = listed if isinstance(listed, Mapping) else {str(each["key"]): each.get("value") for each in listed}
    known = {name: _resolved(str(value or ""), variables) for name, value in values.items()}
    name, value = "Authorization", f"{kind} credentials"
    if kind in {"bearer", "oauth2"}:
        value = f"Bearer {known.get('token' if kind == 'bearer' else 'accessToken', '')}"
    elif kind == "basic":
        pair = ":".join(known.get(each, "") for each in ("username", "password"))
        value = f"Basic {b64encode(pair.encode()).decode()}"
    elif kind == "apikey":
        name, value = known.get("key") or name, known.get("value", "")
        if known.get("in") == "query":
            return ()
    return () if header(headers, name) is not None else ((name, value),)


def _url(url: Any, variables: Mapping[str, str]) -> str:
    """The URL of a request, with the values of its path's variables such as `:id`."""
    if isinstance(url, str):
        return _resolved(url, variables)
    whole = _resolved(str(url.get("raw") or "") or _put_together(url), variables)
    of_path = {each: quote(value, safe="") for each, value in _variables(url.get("variable") or []).items()}
    return re.sub(r"(?<=/):(\w+)", lambda found: of_path.get(found[1]) or found[0], whole)


def _put_together(url: Mapping[str, Any]) -> str:
    """The URL of its parts: Postman writes the whole beside them, its SDK does not."""
    protocol, port = (str(url.get(each) or "") for each in ("protocol", "port"))
    segments = (each.get("value") if isinstance(each, Mapping) else each for each in _listed(url.get("path"), "/"))
    query = "&".join(
        f"{each.get('key') or ''}={each.get('value') or ''}"
        for each in url.get("query") or []
        if not each.get("disabled")
    )
    host = ".".join(_listed(url.get("host"), "."))
    origin = f"{protocol}{'://' if protocol else ''}{host}{':' if port else ''}{port}"
    return f"{origin}/{'/'.join(map(str, segments))}{'?' if query else ''}{query}"


def _listed(value: Any, separator: str) -> list[Any]:
    """What the format allows as a list and as one text."""
    return value.strip(separator).split(separator) if isinstance(value, str) else list(value or [])


def _resolved(text: str, variables: Mapping[str, str]) -> str:
    """A text with the values of variables, which may name others."""
    for _ in range(MOST_REFERENCES):
        resolved = VARIABLE.sub(lambda found: variables.get(found[1].strip()) or found[0], text)
        if resolved == text:
            break
        text = resolved
    return text
