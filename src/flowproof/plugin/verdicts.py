"""
What a test's end says of the target: PASS, FAIL, ERROR, SKIP or OMIT, and why.

A network that broke is never the target's fault, and never counts for it either: the requirement was not judged.
"""

import unittest
from collections.abc import Iterator, Sequence

import requests
from _pytest.outcomes import Failed, Skipped

from flowproof.certify.events import Verdict
from flowproof.clients.errors import ClientError, UnexpectedAnswer, Unreachable
from flowproof.target import PreconditionMissing

from .evidence import NoEvidence
from .recording import NotPermitted

__all__ = ["judge"]

LONGEST = 300
NETWORK = (
    Unreachable,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    ConnectionError,
    TimeoutError,
)


def judge(
    raised: Sequence[BaseException],
    *,
    findings: str | None = None,
    omitted: str = "",
    lost: str = "",
    unanswered: str = "",
) -> tuple[Verdict, str]:
    """
    The verdict of a test, and the reason in one sentence; that of a PASS is empty.

    Args:
        raised: What ended its set-up, call and tear-down.
        findings: What its exchanges have against their contract.
        omitted: Why one of its requests was not sent.
        lost: What became of a request without an answer, though the test may have gone on.
        unanswered: The same of a request that was not answered later either.
    """
    parts = [part for each in raised for part in _parts(each)]
    if broken := next((cause for part in parts for cause in _causes(part) if isinstance(cause, NETWORK)), None):
        return "ERROR", f"the network broke: {_sentence(broken)}"
    if findings:
        return "FAIL", _line(findings)
    if omitted:
        return "OMIT", omitted
    if unanswered and all(isinstance(part, NoEvidence) for part in parts):
        return "ERROR", f"the network broke during the test: {unanswered}"
    judged = [(_verdict(part), part) for part in parts]
    for verdict in ("FAIL", "ERROR", "OMIT", "SKIP"):
        found = next((part for its, part in judged if its == verdict), None)
        if found is not None and verdict == "FAIL" and lost:
            return "ERROR", f"the network broke during the test: {lost}"
        if found is not None:
            return verdict, _sentence(found)
    return "PASS", ""


def _verdict(error: BaseException) -> Verdict:
    match error:
        case NotPermitted():
            return "OMIT"
        case Skipped() | unittest.SkipTest() | PreconditionMissing():
            return "SKIP"
        case AssertionError() | Failed() | UnexpectedAnswer() | requests.exceptions.InvalidJSONError():
            return "FAIL"
        case ClientError(status=status) if status is not None:
            return "FAIL"
        case _:
            return "ERROR"


def _parts(error: BaseException) -> Iterator[BaseException]:
    """An error, or those of which a group consists."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _parts(each)
    else:
        yield error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error with what it came from."""
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield from _parts(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _sentence(error: BaseException) -> str:
    if isinstance(error, Skipped | Failed):
        return _line(error.msg or type(error).__name__)
    text = _line(str(error))
    if isinstance(error, AssertionError):
        return text or "an assertion does not hold"
    return (
        text if isinstance(error, ClientError | NoEvidence | PreconditionMissing) else f"{type(error).__name__}: {text}"
    )


def _line(text: str) -> str:
    """The first lines of a text, as one."""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    joined = " ".join(lines[:3])
    return joined if len(joined) <= LONGEST else f"{joined[: LONGEST - 1]}…"
