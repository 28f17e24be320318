"""Documented examples as data, and their replay: `fixtures/case.schema.json` describes them. Knows no provider."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from flowproof.exchange import Exchange
from flowproof.json_pointer import pointer_steps
from flowproof.plurals import counted

if TYPE_CHECKING:
    import requests

__all__ = [
    "Case",
    "CaseRequest",
    "Reply",
    "Send",
    "body_of",
    "case_of",
    "differences",
    "exchange_of",
    "filled",
    "prepare",
    "read_cases",
    "replay",
    "send",
    "value_at",
]

TIMEOUT_S = 30.0
OF_PATH = "/:@!$&'()*+,;=-._~"  # what stands in a path as it is
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Json = Any


@dataclass(frozen=True, slots=True)
class Case:
    """
    One documented example.

    Args:
        provider: Slug.
        id: Name of its file without the ending.
        title: What it shows.
        requirements: Ids of the requirements that it proves.
        clock: Where the workspace's clock stands still.
        steps: Requests with the answers expected, as in the file.
        anywhere: Whether it can be replayed on any account at any time.
        notes: What the recording of a recorded case has beside its steps, and what of it is not compared.
    """

    provider: str
    id: str
    title: str
    requirements: tuple[str, ...]
    clock: str
    steps: tuple[Mapping[str, Json], ...] = field(repr=False)
    anywhere: bool = False
    notes: tuple[str, ...] = ()

    def needs(self) -> str:
        """Why it cannot be replayed on a target that nobody controls, such as ``moves the clock on``."""
        if any(step.get("advance_s") for step in self.steps):
            return f"replays a documented example that moves the clock on from {self.clock}"
        if DATE.search(json.dumps(self.steps)):
            return f"replays a documented example whose dates hold at {self.clock} only"
        return "replays a documented example on the account of its document"


@dataclass(frozen=True, slots=True)
class CaseRequest:
    """
    One request of a case, ready to be signed and sent.

    Args:
        method: HTTP method.
        path: Below the provider's base URL.
        query: Names and values of the query string.
        headers: Sent over those that the signature adds.
        body: None where there is none.
        is_signed: Whether credentials are added.
        role: Whose credentials these are.
        without: Names of headers, in lower case, that are not sent although credentials or a body would add them.
    """

    method: str
    path: str
    query: Mapping[str, str | list[str]]
    headers: Mapping[str, str]
    body: bytes | None
    is_signed: bool
    role: str = "default"
    without: frozenset[str] = frozenset()


class Reply(Protocol):
    """What a replay reads of an answer."""

    @property
    def status_code(self) -> int:
        """Status code."""

    @property
    def content(self) -> bytes:
        """Body."""


Send = Callable[[CaseRequest], Reply]


def read_cases(provider: str, fixtures: Traversable | None = None) -> tuple[Case, ...]:
    """
    The cases of a provider, in the order of their names.

    Args:
        provider: Slug.
        fixtures: Folder of its fixtures; by default the folder of that slug in this package's fixtures.
    """
    place = fixtures if fixtures is not None else files("flowproof.fixtures").joinpath(provider)
    folder = place.joinpath("cases")
    if not folder.is_dir():
        return ()
    found = sorted((each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name)
    return tuple(case_of(provider, json.loads(each.read_text(encoding="utf-8"))) for each in found)


def case_of(provider: str, value: Mapping[str, Json]) -> Case:
    """A case from the value of its file."""
    steps, requirements = tuple(value["steps"]), tuple(value["requirements"])
    anywhere = bool(value.get("anywhere", False))
    notes = tuple(value.get("notes", ()))
    return Case(provider, value["id"], value["title"], requirements, value["clock"], steps, anywhere, notes)


def replay(case: Case, *, send: Send, advance: Callable[[float], object], whole: bool = True) -> str | None:
    """
    Send a case's requests and compare the answers.

    Args:
        case: The example; the clock stands where it says.
        send: Signs where it is asked to, and sends.
        advance: Moves the clock on by so many seconds.
        whole: Whether an answer may have no more members than expected, and no other words: not so on a server that
            somebody else has written, where the documents leave that open.

    Returns:
        Where the first answer that is not the expected one differs, for people; None where all are.
    """
    saved: dict[str, Json] = {}
    for number, step in enumerate(case.steps, start=1):
        if step.get("advance_s"):
            advance(step["advance_s"])
        request = prepare(step["request"], saved)
        reply = send(request)
        expect = filled(step["expect"], saved)
        found = list(_unexpected(expect if whole else {"status": expect["status"]}, reply))
        if found:
            shown = reply.content.decode(errors="replace")
            return "\n".join(
                [
                    f"case {case.id}, step {number}, {request.method} {request.path}:",
                    *found,
                    f"the whole answer: {shown}",
                ]
            )
        for name, pointer in step.get("save", {}).items():
            saved[name] = value_at(json.loads(reply.content), pointer)
    return None


def prepare(described: Mapping[str, Json], saved: Mapping[str, Json]) -> CaseRequest:
    """
    A step's request.

    Args:
        described: As in the file.
        saved: Values of earlier answers, by name.
    """
    return CaseRequest(
        method=described["method"],
        path=filled(described["path"], {name: quote(str(value), safe=OF_PATH) for name, value in saved.items()}),
        query=filled(described.get("query", {}), saved),
        headers={name: _header(filled(value, saved)) for name, value in described.get("headers", {}).items()},
        body=_body(described, saved),
        is_signed=described.get("sign", True),
        role=described.get("role", "default"),
        without=frozenset(described.get("without", ())),
    )


def _header(value: Json) -> str:
    """A header's value; that of an object with `$basic` is a user and a password as RFC 7617 has them."""
    if isinstance(value, Mapping):
        return f"Basic {base64.b64encode(value['$basic'].encode()).decode()}"
    return str(value)


def _body(described: Mapping[str, Json], saved: Mapping[str, Json]) -> bytes | None:
    """The body of a step's request: JSON, a form's pairs, a text, or bytes; None where it has none."""
    if "body" in described:
        return json.dumps(filled(described["body"], saved)).encode()
    if "form" in described:
        return urlencode([tuple(pair) for pair in filled(described["form"], saved)]).encode()
    if "base64" in described:
        return base64.b64decode(described["base64"])
    return str(filled(described["text"], saved)).encode("utf-8", "surrogatepass") if "text" in described else None


def send(
    session: "requests.Session", url: str, request: CaseRequest, *, sign: Callable[[CaseRequest], Mapping[str, str]]
) -> "requests.Response":
    """
    Send a case's request, signed where the case says so; the case's own headers go over all others.

    Args:
        session: Sends; no redirect is followed.
        url: Base URL of the provider.
        request: What to send.
        sign: The headers that authenticate it.
    """
    headers = dict(sign(request)) if request.is_signed else {}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    headers = {name: value for name, value in headers.items() if name.lower() not in request.without}
    return session.request(
        request.method,
        url + request.path,
        params=dict(request.query),
        headers=headers | dict(request.headers),
        data=request.body,
        timeout=TIMEOUT_S,
        allow_redirects=False,
    )


def exchange_of(request: "requests.PreparedRequest", response: "requests.Response", prefix: str = "") -> Exchange:
    """A request with its response, read to its end, as an exchange."""
    parts = urlsplit(request.url or "")
    return Exchange(
        method=request.method or "",
        path=parts.path.removeprefix(prefix),
        query=parts.query,
        request_headers=tuple((str(name), str(value)) for name, value in request.headers.items()),
        request_body=body_of(request),
        status=response.status_code,
        response_headers=tuple(response.headers.items()),
        response_body=response.content,
    )


def body_of(request: "requests.PreparedRequest") -> bytes:
    """The body of a request that is ready to be sent."""
    body = request.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def filled(value: Json, saved: Mapping[str, Json]) -> Json:
    """
    The value with what was saved: its text for `{name}` in a text, itself for `{"$saved": "name"}`.

    Other braces stand for themselves.
    """
    if isinstance(value, str):
        return re.sub(r"\{([a-z_][a-z0-9_]*)\}", lambda found: str(saved.get(found[1], found[0])), value)
    if isinstance(value, list):
        return [filled(each, saved) for each in value]
    if isinstance(value, dict) and "$saved" in value:
        return saved.get(value["$saved"], value)
    if isinstance(value, dict) and "$match" not in value:
        return {name: filled(each, saved) for name, each in value.items()}
    return value


def _unexpected(expect: Mapping[str, Json], reply: Reply) -> Iterator[str]:
    if reply.status_code != expect["status"]:
        yield f"status: expected {expect['status']}, got {reply.status_code}"
    for kind in ("body", "contains"):
        if kind in expect:
            try:
                yield from differences(expect[kind], json.loads(reply.content), whole=kind == "body")
            except ValueError:
                yield "body: expected JSON"
    if "text" in expect:
        yield from differences(expect["text"], reply.content.decode(errors="replace"), whole=True)


def differences(expected: Json, got: Json, *, whole: bool, pointer: str = "") -> Iterator[str]:
    """
    Where a JSON value is not the expected one.

    Args:
        expected: May have `{"$match": "regex"}` for a text, `{"$any": true}` for any value.
        got: The value.
        whole: Whether an object may have no more members than expected.
        pointer: Where in the body both stand.
    """
    place = pointer or "body"
    if isinstance(expected, dict) and "$any" in expected:
        return
    if isinstance(expected, dict) and "$match" in expected:
        if not (isinstance(got, str) and re.search(expected["$match"], got)):
            yield f"{place}: expected text that matches {expected['$match']}, got {_shown(got)}"
    elif isinstance(expected, dict) and isinstance(got, dict):
        yield from _member_differences(expected, got, whole=whole, pointer=pointer)
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{place}: expected {counted(len(expected), 'entry', 'entries')}, got {len(got)}"
        for index, (each, mine) in enumerate(zip(expected, got, strict=False)):
            yield from differences(each, mine, whole=whole, pointer=f"{pointer}/{index}")
    elif expected != got or isinstance(expected, bool) is not isinstance(got, bool):
        yield f"{place}: expected {_shown(expected)}, got {_shown(got)}"


def _member_differences(
    expected: Mapping[str, Json], got: Mapping[str, Json], *, whole: bool, pointer: str
) -> Iterator[str]:
    for name, each in expected.items():
        if name in got:
            yield from differences(each, got[name], whole=whole, pointer=f"{pointer}/{name}")
        else:
            yield f"{pointer}/{name}: expected {_shown(each)}, got nothing"
    if whole:
        for name in sorted(set(got) - set(expected)):
            yield f"{pointer}/{name}: expected nothing, got {_shown(got[name])}"


def _shown(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def value_at(value: Json, pointer: str) -> Json:
    """
    The value at a JSON pointer.

    Raises:
        LookupError: There is none.
        TypeError: There is none, since what it would be in is neither object nor array.
        ValueError: There is none, since an array has no such index.
    """
    for key in pointer_steps(pointer):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
