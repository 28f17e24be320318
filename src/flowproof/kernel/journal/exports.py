"""An exchange of a journal in forms that others use: a shell command, and a documented example of a contract."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conformance import Contract
from flowproof.curl import curl
from flowproof.redaction.marks import REDACTED, mark

__all__ = ["case_of", "curl_of"]

NOT_A_WORD = re.compile(r"[^A-Z0-9]+")
# Headers that the sender of a case writes itself.
SENDERS_OWN = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"}
)
JSON = "application/json"


def curl_of(entry: Mapping[str, Any]) -> str:
    """
    The command that sends an exchange's request again.

    What the journal hides becomes a variable of the shell, named for its header; in URL and body it is ``$SECRET``.
    """
    request = entry["request"]
    body = request["body"]
    text = None if body.get("truncated") or "text" not in body else _with_variables(body["text"], "SECRET")
    headers = [(name, _with_variables(value, name)) for name, value in request["headers"]]
    url = _with_variables(request["url"], "SECRET")
    return curl(request["method"], url, headers, text=text, has_body=body["size"] > 0)


def case_of(entry: Mapping[str, Any], contract: Contract) -> dict[str, Any]:
    """
    The file that ``fixtures/{provider}/cases`` would hold of an exchange.

    Values that the provider draws, such as ids, are those of this exchange: whoever keeps the case gives them a
    ``$match``.
    """
    request, response = entry["request"], entry["response"]
    name = entry["operation"] or "unknown_operation"
    outcome = "refused" if response["status"] >= 400 else "accepted"
    return {
        "id": f"{_snake(name)}_{outcome}_{entry['number']}",
        "title": f"{request['method']} {request['path']} is answered {response['status']}",
        "standing": "observed",
        "source": f"exchange {entry['id']} with the mock",
        "requirements": list(_requirements(entry, contract)),
        "clock": _instant(entry["started_at"]),
        "steps": [{"request": _request(request), "expect": {"status": response["status"], **_body(response)}}],
    }


def _requirements(entry: Mapping[str, Any], contract: Contract) -> Iterator[str]:
    """The one for which it was refused; else the first that concerns the operation."""
    if entry["requirement"] is not None:
        yield entry["requirement"]
        return
    concerned = (each.id for each in contract.requirements.values() if entry["operation"] in each.operations)
    yield from list(concerned)[:1]


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name: value for name, value in request["headers"] if _is_of_case(name.lower(), value)}
    query = dict(parse_qsl(request["query"], keep_blank_values=True))
    is_signed = any(REDACTED in value for _, value in request["headers"])
    return {
        "method": request["method"],
        "path": request["path"],
        **({"query": query} if query else {}),
        **({"headers": headers} if headers else {}),
        **({} if is_signed else {"sign": False}),
        **_body(request),
    }


def _is_of_case(name: str, value: str) -> bool:
    is_usual = name == "content-type" and value == JSON
    return REDACTED not in value and name not in SENDERS_OWN and not is_usual


def _body(message: Mapping[str, Any]) -> dict[str, Any]:
    """The member ``body`` with its JSON value; nothing where the body is not JSON, or was cut."""
    text = message["body"].get("text", "")
    try:
        return {} if message["body"].get("truncated") else {"body": json.loads(text)}
    except ValueError:
        return {}


def _instant(started_at: str) -> str:
    moment = datetime.fromisoformat(started_at).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def _with_variables(text: str, name: str) -> str:
    return text.replace(REDACTED, mark(NOT_A_WORD.sub("_", name.upper()).strip("_") or "SECRET"))
