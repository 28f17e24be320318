"""
Why a request is refused: errors that a rule or a station raises, and that a provider renders in its own words.

    Refusal                    the root: carries findings, and through them requirement ids
    ├── BodyTooLarge           more bytes than the server takes
    ├── MalformedBody          no JSON, or JSON that no two parsers read alike
    ├── WrongContentType       a body of a media type that the operation does not take
    ├── NoSuchRoute            no operation has that path
    ├── MethodNotAllowed       the path exists, the method does not
    ├── ContractBroken         parameters or body are not valid by the contract
    ├── FaultInjected          a fault plan answers in the provider's place
    │   └── UnreadableRequest  the bytes that came are no HTTP, or more than the server reads
    └── BrokenMock             the mock itself failed: our bug, answered as the provider's own 500
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flowproof.conformance import MOST_FINDINGS, Finding
from flowproof.errors import FlowproofError
from flowproof.exchange import Headers

__all__ = [
    "BodyTooLarge",
    "BrokenMock",
    "ContractBroken",
    "FaultInjected",
    "MalformedBody",
    "MethodNotAllowed",
    "NoSuchRoute",
    "Refusal",
    "UnreadableRequest",
    "WrongContentType",
]

MOST_SHOWN = 10  # findings in a line of the log


@dataclass(eq=False)
class Refusal(FlowproofError):
    """
    A request is refused.

    Args:
        findings: What was expected and what came, the decisive one first.
        note: A longer explanation for people, without secrets; where it takes work, as the diagnosis of a signature
            does, a function that makes it on demand.
        afterwards: Called although the request is refused, for example to revoke what was misused. Everything else that
            the request did is rolled back.
        wants_page: The client asks for HTML, as a browser does; set by the kernel.
        rng_key: What random parts of a response, such as a session id, are drawn from; set by the kernel.
        operation: Id of the contract's operation that the request is to, empty where there is none; set by the kernel.
    """

    findings: Sequence[Finding] = ()
    note: str | Callable[[], str] = ""
    afterwards: Callable[[], object] | None = None
    rng_key: str = field(default="", init=False)
    operation: str = field(default="", init=False)
    wants_page: bool = field(default=False, init=False)

    def __str__(self) -> str:
        first = "; ".join(str(finding) for finding in self.findings[:MOST_SHOWN])
        more = len(self.findings) - MOST_SHOWN
        at_least = "at least " if len(self.findings) >= MOST_FINDINGS else ""
        return f"{first}; and {at_least}{more} more" if more > 0 else first or type(self).__name__


@dataclass(eq=False)
class BodyTooLarge(Refusal):
    """The body has more bytes than the server takes; ``limit`` in bytes."""

    limit: int = 0


@dataclass(eq=False)
class MalformedBody(Refusal):
    """The body is no JSON, or JSON that no two parsers read alike."""


@dataclass(eq=False)
class WrongContentType(Refusal):
    """The body is of a media type that the operation does not take."""


@dataclass(eq=False)
class NoSuchRoute(Refusal):
    """No operation has that path."""


@dataclass(eq=False)
class MethodNotAllowed(Refusal):
    """The path exists, but not with that method. The kernel adds the header ``Allow`` to every 405."""


@dataclass(eq=False)
class ContractBroken(Refusal):
    """Parameters or body are not valid by the contract of the operation."""


@dataclass(eq=False)
class FaultInjected(Refusal):
    """A fault plan answers in the provider's place; ``retry_after_s`` only where it asks for that header."""

    status: int = 500
    retry_after_s: int | None = None

    @property
    def headers(self) -> Headers:
        """The headers of a JSON answer, with ``Retry-After`` where the plan asks for it."""
        retry_after = () if self.retry_after_s is None else (("Retry-After", str(self.retry_after_s)),)
        return (("Content-Type", "application/json"), *retry_after)


@dataclass(eq=False)
class UnreadableRequest(FaultInjected):
    """The bytes that came are no HTTP, or more than the server reads. Rendered as an injected error of that status."""


@dataclass(eq=False)
class BrokenMock(Refusal):
    """The mock itself failed."""
