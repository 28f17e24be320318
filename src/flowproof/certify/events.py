"""
What happened in a certification run, one JSON object a line, in the order in which it happened.

The only record of a run: every report is a view of it, and a run that broke off goes on from it. What stands here has
been redacted by whoever wrote it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from flowproof.errors import ConfigurationError

__all__ = [
    "Body",
    "Created",
    "Event",
    "Exchanged",
    "Found",
    "Message",
    "Moment",
    "Planned",
    "Recognised",
    "Request",
    "Response",
    "RunFinished",
    "RunStarted",
    "Settled",
    "TargetShown",
    "TestFinished",
    "Verdict",
    "dump",
    "read_events",
]

Verdict = Literal["PASS", "FAIL", "ERROR", "SKIP", "OMIT"]
TargetKind = Literal["mock", "loopback", "sandbox"]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that says its zone."""


class TargetShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What the suite ran against.

    Args:
        name: For people: `mock`, or the profile's name.
        kind: `mock` for a mock of ours, however it was reached; `loopback` for another server on this machine.
        url: Base URL of the provider there, without user, password and query.
    """

    name: str
    kind: TargetKind
    url: str


class RunStarted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="run_started"):
    """
    A run begins, or goes on after it broke off.

    Args:
        run: Random id of the run; the same when it goes on.
        at: Aware, UTC.
        provider: Slug.
        target: What it runs against.
        suite_version: Version of Flowproof.
        suite_digest: SHA-256, in hex, over the files of suite, contract and fixtures.
        versions: Of Python and of what the suite stands on, by name.
        permissions: What the target permits, one sentence each.
        resumed: Whether events of an earlier part stand before this one.
        profile_digest: SHA-256, in hex, of the profile's file; empty for the mock.
        selection: Which tests were chosen, in words; empty for all of the suite.
    """

    run: str
    at: Moment
    provider: str
    target: TargetShown
    suite_version: str
    suite_digest: str
    versions: dict[str, str]
    permissions: tuple[str, ...] = ()
    resumed: bool = False
    profile_digest: str = ""
    selection: str = ""


class Recognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="recognised"):
    """
    The target has given itself away as a mock of ours: from here on its kind is `mock`, whatever `RunStarted` says.

    Args:
        how: Such as `an answer has the header Flowproof-Exchange`.
    """

    how: str


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="planned"):
    """
    A test that the run is about to do.

    Args:
        test: Node id of pytest, from the suite's folder on.
        sentence: The first paragraph of its docstring.
        requirements: Ids that it is marked with.
        needs_control: Whether it can only run where the clock, faults and the like can be set: on a mock.
    """

    test: str
    sentence: str
    requirements: tuple[str, ...]
    needs_control: bool


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A body: its size as sent, and its text, or base64 where it is no text; cut where it is long."""

    size: int
    text: str | None = None
    base64: str | None = None
    truncated: bool = False


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What request and response have in common."""

    headers: tuple[tuple[str, str], ...]
    body: Body


class Request(Message, frozen=True, forbid_unknown_fields=True):
    """A request: method, whole URL, path below the provider's base URL, and query without its question mark."""

    method: str
    url: str
    path: str
    query: str


class Response(Message, frozen=True, forbid_unknown_fields=True):
    """A response."""

    status: int


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding: `flowproof.conformance.Finding`, as data."""

    where: str
    pointer: str
    expected: str
    got: str
    requirement: str | None = None
    keyword: str = ""


class Exchanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="exchanged"):
    """
    One exchange of a test, kept as evidence.

    Args:
        id: Such as `x-17`; unique in the run.
        test: The test that made it.
        at: When the request was sent; aware, UTC.
        duration_ms: Until the response was whole.
        operation: `operationId`, or None where the contract has none for it.
        findings: Differences from the contract that count for the test.
    """

    id: str
    test: str
    at: Moment
    duration_ms: float
    operation: str | None
    request: Request
    response: Response
    findings: tuple[Found, ...] = ()


class TestFinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="test_finished"):
    """
    A test ended.

    Args:
        verdict: PASS, FAIL (the target broke a requirement), ERROR (we or the network broke), SKIP (a precondition is
            missing) or OMIT (the target does not permit it).
        why: For any verdict but PASS, in one sentence.
        details: What the test said, many lines, redacted.
        exchanges: How many it made; only some of them are kept.
    """

    __test__ = False  # pytest collects no class of ours

    test: str
    at: Moment
    duration_ms: float
    verdict: Verdict
    why: str = ""
    details: str = ""
    exchanges: int = 0


class Created(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="created"):
    """
    The run has created something on the target.

    Args:
        id: Such as `c-3`; unique in the run.
        test: The test that did.
        operation: `operationId` that created it.
        what: How the provider's people find it: its id, or its reference.
        spent: What it cost, in the provider's own unit, such as `12.50 EUR`; empty where it is free or not known.
    """

    id: str
    test: str
    operation: str
    what: str
    spent: str = ""


class Settled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="settled"):
    """
    What the run did about something that it had created.

    Args:
        created: Id of the `Created` event.
        cleaned: Whether it is gone.
        how: Such as `cancelOrder answered 200`, or why it is left.
    """

    created: str
    cleaned: bool
    how: str


class RunFinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="run_finished"):
    """
    The run came to its end; a stream without this event was broken off.

    Args:
        coverage: What the run exercised: kinds (`answers`, `branches`, `cases`, `requirements`) by name, each with
            its tests, as `flowproof contracts coverage` reads it.
    """

    at: Moment
    coverage: dict[str, dict[str, list[str]]] = {}


Event = RunStarted | Recognised | Planned | Exchanged | TestFinished | Created | Settled | RunFinished

_ENCODER = msgspec.json.Encoder()


def dump(event: Event) -> bytes:
    """An event as a line, with its line feed."""
    return _ENCODER.encode(event) + b"\n"


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """
    Read what `dump` has written. A last line without its line feed, as a broken-off run leaves it, is left out.

    Raises:
        ConfigurationError: A line is no event.
    """
    decode: Any = msgspec.json.Decoder(Event).decode
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            yield decode(line)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"Line {number} of the events is none: {error}.", "Run anew.") from error
