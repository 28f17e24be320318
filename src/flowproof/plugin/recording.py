"""
Watches the exchanges of the clients that the fixtures make: each is checked against its contract in both directions.

Loaded with the first client, not with pytest: it brings `requests` and the contracts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from flowproof.conformance import Contract, Finding, check, load_contract
from flowproof.exchange import Exchange

__all__ = ["Recorder", "RecordingAdapter", "exchange_of"]

MOST_SHOWN = 20


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
        self.watched: Callable[[str, Contract, Exchange], None] | None = None
        self._contracts: dict[str, Contract] = {}
        self._findings: Counter[tuple[str, Finding]] = Counter()
        self._set_aside: list[Finding] | None = None

    def begin(self) -> None:
        """A test starts: forget the one before."""
        self.exchanges = 0
        self._findings.clear()
        self._set_aside = None

    def record(self, provider: str, exchange: Exchange) -> None:
        """Check an exchange against its provider's contract."""
        self.exchanges += 1
        if provider not in self._contracts:
            self._contracts[provider] = load_contract(provider)
        if self.watched is not None:
            self.watched(provider, self._contracts[provider], exchange)
        found = check(self._contracts[provider], exchange)
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
        response = self._adapter.send(request, stream, timeout, verify, cert, proxies)
        self._recorder.record(self._provider, exchange_of(request, response, self._prefix))
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
