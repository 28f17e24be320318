"""
The events of a certification run, in order, one JSON object a line.

They are the only record of a run: every report is a view of them, and an interrupted run is resumed from them. Whoever
writes an event redacts it first.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from flowproof.errors import ConfigurationError

__all__ = [
    "Body",
    "CleanedUp",
    "Connection",
    "Created",
    "Event",
    "Exchanged",
    "FindingRecord",
    "Message",
    "Operator",
    "Planned",
    "Recognised",
    "Request",
    "Response",
    "RunFinished",
    "RunStarted",
    "TargetInfo",
    "TestFinished",
    "Timestamp",
    "Verdict",
    "dump",
    "read_events",
]

Verdict = Literal["PASS", "FAIL", "ERROR", "SKIP", "OMIT"]
TargetKind = Literal["mock", "loopback", "sandbox"]
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone."""


class TargetInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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

    def __str__(self) -> str:
        return self.name if self.name == self.kind else f"{self.name} ({self.kind})"


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Who ran the suite, in the operator's own words: nobody has checked them.

    Args:
        organisation: Such as `Acme Ltd`.
        contact: Whom to ask: a name, an e-mail address.
        client: The integration that the run is for.
        client_version: Its version.
    """

    organisation: str = ""
    contact: str = ""
    client: str = ""
    client_version: str = ""


class Connection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    How the target was reached.

    Args:
        certificate: SHA-256, in hex, of the TLS certificate that the server showed, in DER; empty without TLS.
        proxy: URL of the proxy that stood between, without user and password; empty where none did.
        authorities: File of the certificate authorities that the environment names; empty where it names none.
    """

    certificate: str = ""
    proxy: str = ""
    authorities: str = ""


class RunStarted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="run_started"):
    """
    A run begins, or is resumed.

    Args:
        run: Random id of the run; the same when it is resumed.
        at: Aware, UTC.
        provider: Slug.
        target: What it runs against.
        suite_version: Version of Flowproof.
        suite_digest: SHA-256, in hex, over the files of suite, contract and fixtures.
        versions: Of Python and of the suite's dependencies, by name.
        permissions: What the target permits, one sentence each.
        resumed: Whether there are events of an earlier part before this one.
        profile_digest: SHA-256, in hex, of the profile's file; empty for the mock.
        selection: Which tests were chosen, in words; empty for all of the suite.
        suite_tests: The tests that the files of the suite define, without parameters, read from their source.
        controlled: Whether the run controls its target's workspace; else it is a stranger there, also on our own mock.
        operator: Who ran it.
        connection: How the target was reached.
        changed_files: Files of the installed suite that are not those of its wheel.
    """

    run: str
    at: Timestamp
    provider: str
    target: TargetInfo
    suite_version: str
    suite_digest: str
    versions: dict[str, str]
    permissions: tuple[str, ...] = ()
    resumed: bool = False
    profile_digest: str = ""
    selection: str = ""
    suite_tests: tuple[str, ...] = ()
    controlled: bool = False
    operator: Operator = Operator()
    connection: Connection = Connection()
    changed_files: tuple[str, ...] = ()


class Recognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="recognised"):
    """
    A response shows that the target is a mock of ours: from here on its kind is `mock`, whatever `RunStarted` says.

    Args:
        how: Such as `an answer has the header Flowproof-Exchange`.
    """

    how: str


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="planned"):
    """
    A test that the run is about to start.

    Args:
        test: Node id of pytest, from the suite's folder on.
        sentence: The first paragraph of its docstring.
        requirements: Ids that it is marked with.
        needs_control: Whether it needs a control API (clock, faults), so that it can run only on a mock.
    """

    test: str
    sentence: str
    requirements: tuple[str, ...]
    needs_control: bool


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A body: its size as sent, and its text, or base64 where it is not text; cut where it is long."""

    size: int
    text: str | None = None
    base64: str | None = None
    truncated: bool = False


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The common fields of request and response."""

    headers: tuple[tuple[str, str], ...]
    body: Body


class Request(Message, frozen=True, forbid_unknown_fields=True):
    """A request: method, whole URL, path below the provider's base URL, and query without its question mark."""

    method: str
    url: str
    path: str
    query: str


class Response(Message, frozen=True, forbid_unknown_fields=True):
    status: int


class FindingRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`flowproof.conformance.Finding` as data."""

    where: str
    pointer: str
    expected: str
    got: str
    requirement: str | None = None
    keyword: str = ""


class Exchanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="exchanged"):
    """
    An exchange of a test, kept as evidence.

    Args:
        id: Such as `x-17`; unique in the run.
        test: The test that made it.
        at: When the request was sent; aware, UTC.
        duration_ms: Until the whole response was received.
        operation: `operationId`, or None where the contract has none for it.
        findings: Differences from the contract that count for the test.
    """

    id: str
    test: str
    at: Timestamp
    duration_ms: float
    operation: str | None
    request: Request
    response: Response
    findings: tuple[FindingRecord, ...] = ()


class TestFinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="test_finished"):
    """
    A test ended.

    Args:
        verdict: PASS, FAIL (the target violated a requirement), ERROR (we or the network failed), SKIP (a precondition
            is missing) or OMIT (the target does not permit it).
        why: One sentence for any verdict but PASS.
        details: The test's output, redacted.
        exchanges: How many it made; only some of them are kept.
        violated: Requirements for which a FAIL counts; empty for those that the test is marked with. A difference from
            the contract counts for the requirement that the contract names there.
        lacks_control: Whether it was skipped because the target has no control API.
    """

    __test__ = False  # pytest collects no class of ours

    test: str
    at: Timestamp
    duration_ms: float
    verdict: Verdict
    why: str = ""
    details: str = ""
    exchanges: int = 0
    violated: tuple[str, ...] = ()
    lacks_control: bool = False


class Created(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="created"):
    """
    The run has created a resource on the target.

    Args:
        id: Such as `c-3`; unique in the run.
        test: The test that created it.
        operation: `operationId` that created it.
        what: The provider's id or reference.
        spent: Its cost in the provider's unit, such as `12.50 EUR`; empty where it is free or unknown.
    """

    id: str
    test: str
    operation: str
    what: str
    spent: str = ""


class CleanedUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="settled"):
    """
    The run has removed a resource that it had created, or has given up.

    Args:
        created: Id of the `Created` event.
        cleaned: Whether it was removed.
        how: Such as `cancelOrder answered 200`, or why it was not removed.
    """

    created: str
    cleaned: bool
    how: str


class RunFinished(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="event", tag="run_finished"):
    """
    The run is complete; a stream without this event was interrupted.

    Args:
        coverage: What the run exercised: kinds (`answers`, `branches`, `cases`, `requirements`) by name, each with
            its tests, as `flowproof contracts coverage` reads it.
        calls: How often each operation was called, by `operationId`; empty on a mock that the run controls.
        spent: What the calls cost, in the provider's unit; None where no response says it.
    """

    at: Timestamp
    coverage: dict[str, dict[str, list[str]]] = {}
    calls: dict[str, int] = {}
    spent: str | None = None


Event = RunStarted | Recognised | Planned | Exchanged | TestFinished | Created | CleanedUp | RunFinished

_ENCODER = msgspec.json.Encoder()


def dump(event: Event) -> bytes:
    """Encode an event as a line, with its line feed."""
    return _ENCODER.encode(event) + b"\n"


def read_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """
    Read lines that `dump` has written. A last line without a line feed, as an interrupted run leaves it, is ignored.

    Raises:
        ConfigurationError: A line is not an event.
    """
    decode: Any = msgspec.json.Decoder(Event).decode
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return
        try:
            yield decode(line)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"Line {number} of the events is none: {error}.", "Run anew.") from error
