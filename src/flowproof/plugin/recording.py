"""
Watches the exchanges of the clients that the fixtures make: each is checked against its contract in both directions.

Loaded with the first client, not with pytest: it brings `requests` and the contracts.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from flowproof.conformance import Contract, Finding, check, load_contract
from flowproof.exchange import Exchange

if TYPE_CHECKING:
    from .guard import Guard

__all__ = ["Recorder", "RecordingAdapter", "Seen", "exchange_of"]

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """
    An exchange, and what was found in it.

    Args:
        provider: Slug.
        url: Whole, as it was asked for.
        exchange: As it went over the wire.
        findings: Those that count for the test.
        at: When the request was sent; aware, UTC.
        duration_ms: Until the response was whole.
    """

    provider: str
    url: str
    exchange: Exchange
    findings: tuple[Finding, ...]
    at: datetime
    duration_ms: float


class Recorder:
    """
    The findings of one test at a time.

    The exchanges themselves are not kept: a property test may have very many.

    Args:
        adapter: Makes the transports that it watches.
    """

    def __init__(self, adapter: Callable[[], BaseAdapter]) -> None:
        self.adapter = adapter
        self.exchanges = 0
        self.lost = ""
        self.guard: Guard | None = None
        self.on_checked: Callable[[str, Contract, Exchange], None] | None = None
        self.on_exchange: Callable[[Seen], None] | None = None
        self._contracts: dict[str, Contract] = {}
        self._findings: Counter[tuple[str, Finding]] = Counter()
        self._set_aside: list[Finding] | None = None

    def begin(self) -> None:
        """A test starts: forget the one before."""
        self.exchanges = 0
        self.lost = ""
        self._findings.clear()
        self._set_aside = None
        if self.guard is not None:
            self.guard.omitted = ""

    def contract(self, provider: str) -> Contract:
        """The contract of a provider, loaded once."""
        if provider not in self._contracts:
            self._contracts[provider] = load_contract(provider)
        return self._contracts[provider]

    def record(self, provider: str, url: str, exchange: Exchange, at: datetime, duration_ms: float) -> None:
        """Check an exchange against its provider's contract; what the arguments are, `Seen` says."""
        self.exchanges += 1
        contract = self.contract(provider)
        if self.on_checked is not None:
            self.on_checked(provider, contract, exchange)
        found = check(contract, exchange)
        if self.on_exchange is not None:
            counted = found if self._set_aside is None else ()
            self.on_exchange(Seen(provider, url, exchange, counted, at, duration_ms))
        if self._set_aside is not None:
            self._set_aside.extend(found)
            return
        title = f"{provider} {exchange.method} {exchange.path} answered {exchange.status}"
        self._findings.update((title, finding) for finding in found)

    @contextmanager
    def set_aside(self) -> Iterator[list[Finding]]:
        """Findings that a test provokes on purpose: they go into the list, and do not fail the test."""
        before, mine = self._set_aside, list[Finding]()
        self._set_aside = mine
        try:
            yield mine
        finally:
            self._set_aside = before

    def report(self) -> str | None:
        """What differs from the contracts, for people; None where nothing does."""
        if not self._findings:
            return None
        total = len(self._findings)
        lines = [f"{total} difference{'s' if total > 1 else ''} from the contract in {self.exchanges} exchanges:"]
        for (title, finding), times in self._findings.most_common(MOST_SHOWN):
            lines += [f"  {title}{f' ({times} times)' if times > 1 else ''}", f"    {finding}"]
        return "\n".join([*lines, *([f"  … and {total - MOST_SHOWN} more"] if total > MOST_SHOWN else [])])


class RecordingAdapter(BaseAdapter):
    """
    A transport of `requests` that shows every whole exchange to a recorder.

    Args:
        recorder: Who is shown them.
        provider: Whose exchanges these are.
        base_url: What stands before the provider's own paths.
    """

    def __init__(self, recorder: Recorder, provider: str, base_url: str) -> None:
        super().__init__()
        self._adapter = recorder.adapter()
        self._recorder = recorder
        self._provider = provider
        self._prefix = urlsplit(base_url).path.rstrip("/")

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send as ever; an answer that breaks off raises here, and is no exchange."""
        guard, path = self._recorder.guard, urlsplit(request.url or "").path.removeprefix(self._prefix)

        def sent() -> tuple[requests.Response, Exchange]:
            response = self._adapter.send(request, stream, timeout, verify, cert, proxies)
            return response, exchange_of(request, response, self._prefix)

        at, began_s = datetime.now(UTC), time.perf_counter()
        try:
            if guard is None:
                response, exchange = sent()
            else:
                with guard.passing(self._provider, request.method or "", path) as passage:
                    at, began_s = datetime.now(UTC), time.perf_counter()
                    response, exchange = sent()
                    passage.exchange = exchange
        except requests.RequestException as error:
            self._recorder.lost = f"{request.method} {path}: {type(error).__name__}"
            raise
        duration_ms = (time.perf_counter() - began_s) * 1000
        self._recorder.record(self._provider, request.url or "", exchange, at, duration_ms)
        return response

    def close(self) -> None:
        """Close its connections."""
        self._adapter.close()


def exchange_of(request: requests.PreparedRequest, response: requests.Response, prefix: str = "") -> Exchange:
    """A request with its response, read to its end, as an exchange."""
    parts = urlsplit(request.url or "")
    body = request.body or b""
    return Exchange(
        method=request.method or "",
        path=parts.path.removeprefix(prefix),
        query=parts.query,
        request_headers=tuple((str(name), str(value)) for name, value in request.headers.items()),
        request_body=body.encode() if isinstance(body, str) else bytes(body),
        status=response.status_code,
        response_headers=tuple(response.headers.items()),
        response_body=response.content,
    )
