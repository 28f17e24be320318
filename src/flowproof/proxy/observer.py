"""What an observer may decide before a request leaves, and what it learns of each exchange. Values and one protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from flowproof.exchange import Headers

__all__ = ["Answer", "Decision", "Observer", "Outcome", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """
    The head of a request as the client sent it.

    Args:
        method: As sent.
        target: Path and query, as sent.
        headers: Names and values in the order and the letter case in which they were sent.
    """

    method: str
    target: str
    headers: Headers

    @property
    def path(self) -> str:
        """Percent-encoded as sent, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """Without the question mark, as sent."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """
    A response that the proxy gives in place of the upstream's.

    Args:
        status: Its number.
        headers: Names and values; ``Content-Length`` is added.
        body: The bytes.
    """

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a request.

    Args:
        status: Of the response; 0 where none came.
        headers: Of the response, as they came.
        request_body: As the client sent it, up to the observer's limit.
        response_body: As the upstream sent it, with its encodings, up to the observer's limit.
        is_cut: Whether one of the bodies was longer than the limit.
        network_error: Why no whole response came, where the network or the upstream is to blame; else empty.
        client_error: Why the client did not take the response, or did not send its whole request; else empty.
        from_upstream: Whether the upstream answered, and not the proxy.
    """

    status: int = 0
    headers: Headers = ()
    request_body: bytes = b""
    response_body: bytes = b""
    is_cut: bool = False
    network_error: str = ""
    client_error: str = ""
    from_upstream: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """
    What happens to a request.

    Args:
        answer: Makes the response in place of the upstream's, given the request's whole body, or None to forward the
            request nevertheless; None to forward it as it comes.
        target: Path and query that the upstream gets; empty for those of the client.
        wait_s: How long the request is held up before it is forwarded.
        headers: That replace those of the same names, given the request's body; None to forward the client's own. A
            request with new headers is forwarded when its body has come whole.
        reset: Break the client's connection: ``before`` the request leaves, or ``after`` the upstream has answered.
        is_reset_by_close: Break it by a mere close, and not by a TCP reset.
        change_body: Makes the body that the client gets from the upstream's; None to stream it.
        cut_body: What part of the body the client gets before its connection breaks; None for all of it.
        trickle: Over how many seconds, and in how many pieces, the client gets the body; None for as fast as it comes.
        done: Called once, when the exchange is over.
    """

    answer: Callable[[bytes], Answer | None] | None = None
    target: str = ""
    wait_s: float = 0.0
    headers: Callable[[bytes], Headers] | None = None
    reset: str = ""
    is_reset_by_close: bool = False
    change_body: Callable[[bytes], bytes] | None = None
    cut_body: float | None = None
    trickle: tuple[float, int] | None = None
    done: Callable[[Outcome], None] = field(default=lambda _: None)

    @property
    def needs_whole_body(self) -> bool:
        """Whether the response has to be there before the client gets any of it."""
        return self.change_body is not None or self.cut_body is not None or self.trickle is not None


class Observer(Protocol):
    """Whom a proxy asks before it forwards a request. Called from several threads."""

    largest_body: int
    """How many bytes of a body it wants to see."""

    def decide(self, request: Request) -> Decision:
        """Decide what happens to a request. It may take its time: the request waits."""
