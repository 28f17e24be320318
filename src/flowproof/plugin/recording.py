"""
Watches the exchanges of the clients that the fixtures make: each is checked against its contract in both directions.

Who else looks at them, or holds requests back, registers with the recorder. Loaded with the first client, not with
pytest: it brings `requests` and the contracts.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from _pytest.outcomes import Skipped
from requests.adapters import BaseAdapter

from flowproof.cases import body_of, exchange_of
from flowproof.certify import guard
from flowproof.certify.addresses import is_below
from flowproof.certify.guard import Passage
from flowproof.conformance import Contract, Finding, check, load_contract
from flowproof.exchange import Exchange
from flowproof.plurals import counted
from flowproof.providers import Kits

__all__ = ["Gate", "NotPermitted", "RecordedExchange", "Recorder", "RecordingAdapter"]

MOST_SHOWN = 20


class NotPermitted(Skipped):
    """
    The target does not permit what a test asks for.

    A skip to pytest: Hypothesis lets that through at once, and no `except Exception` takes it for an answer.
    """


class Gate(Protocol):
    """Decides whether requests may leave, and when."""

    def passing(self, provider: str, method: str, path: str) -> AbstractContextManager[Passage]:
        """
        Let a request pass. The block sends it, and puts the exchange into the passage.

        Raises:
            NotPermitted: It may not pass.
            ConfigurationError: The target cannot be used.
        """


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """
    An exchange, and what was found in it.

    Args:
        provider: Slug.
        contract: The provider's.
        url: Whole, as it was asked for.
        exchange: As it went over the wire.
        findings: Those that count for the test.
        at: When the request was sent; aware, UTC.
        duration_ms: Until the response was whole.
        is_evidence: Whether it was with the target, and not with an address elsewhere.
    """

    provider: str
    contract: Contract
    url: str
    exchange: Exchange
    findings: tuple[Finding, ...]
    at: datetime
    duration_ms: float
    is_evidence: bool


class Recorder:
    """
    The findings of one test at a time.

    The exchanges themselves are not kept: a property test may have very many.

    Args:
        adapter: Makes the transports that it watches.
        kits: Say where the contracts are.
        listeners: Each is called with every exchange.
        make_gate: Makes what requests have to pass, given how contracts are found; None where everything may leave.
        named: Base URLs of the providers that are not mocked: only exchanges below them are evidence.
    """

    def __init__(
        self,
        adapter: Callable[[], BaseAdapter],
        kits: Kits,
        listeners: Sequence[Callable[[RecordedExchange], None]] = (),
        make_gate: Callable[[Callable[[str], Contract]], Gate] | None = None,
        named: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.adapter = adapter
        self.named = named
        self.exchanges = 0
        self.evidence = 0
        self.lost = ""
        self.omitted = ""
        self._unanswered: dict[tuple[str, str, bytes], str] = {}
        self._kits = kits
        self._listeners = listeners
        self._gate = make_gate(self.contract) if make_gate is not None else None
        self._contracts: dict[str, Contract] = {}
        self._findings: Counter[tuple[str, Finding]] = Counter()
        self._set_aside: list[Finding] | None = None

    def begin(self) -> None:
        """A test starts: forget the one before."""
        self.exchanges = 0
        self.evidence = 0
        self.lost = ""
        self.omitted = ""
        self._unanswered.clear()
        self._findings.clear()
        self._set_aside = None

    @property
    def unanswered(self) -> str:
        """A request of the test that got no answer, and was not answered when it was repeated; empty where all were."""
        return next(iter(self._unanswered.values()), "")

    @property
    def violated(self) -> tuple[str | None, ...]:
        """The requirements that the findings name; None among them where a finding names none."""
        return tuple(dict.fromkeys(finding.requirement for _, finding in self._findings))

    def contract(self, provider: str) -> Contract:
        """The contract of a provider, loaded once."""
        if provider not in self._contracts:
            self._contracts[provider] = load_contract(provider, self._kits.find(provider).contract_folder())
        return self._contracts[provider]

    @contextmanager
    def passing(self, provider: str, method: str, path: str) -> Iterator[Passage]:
        """Let a request pass the gate; why one of the current test was not sent is kept in `omitted`."""
        if self._gate is None:
            yield Passage()
            return
        try:
            with self._gate.passing(provider, method, path) as passage:
                yield passage
        except guard.NotPermitted as refused:
            self.omitted = self.omitted or str(refused)
            raise NotPermitted(str(refused)) from refused

    def lose(self, method: str, path: str, body: bytes, why: str) -> None:
        """Keep that a request got no whole answer."""
        self.lost = self._unanswered[method, path, body] = f"{method} {path}: {why}"

    def record(
        self, provider: str, url: str, exchange: Exchange, at: datetime, duration_ms: float, *, is_evidence: bool
    ) -> None:
        """Check an exchange against its provider's contract; `RecordedExchange` says what the arguments are."""
        self.exchanges += 1
        self.evidence += is_evidence
        self._unanswered.pop((exchange.method, exchange.path, exchange.request_body), None)
        contract = self.contract(provider)
        found = check(contract, exchange)
        counted = found if self._set_aside is None else ()
        recorded = RecordedExchange(provider, contract, url, exchange, counted, at, duration_ms, is_evidence)
        for listener in self._listeners:
            listener(recorded)
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
        lines = [f"{counted(total, 'difference')} from the contract in {counted(self.exchanges, 'exchange')}:"]
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
        self._base_url = recorder.named.get(provider, base_url)
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
        method, path = request.method or "", urlsplit(request.url or "").path.removeprefix(self._prefix)
        with self._recorder.passing(self._provider, method, path) as passage:
            at, began_s = datetime.now(UTC), time.perf_counter()
            try:
                response = self._adapter.send(request, stream, timeout, verify, cert, proxies)
                exchange = passage.exchange = exchange_of(request, response, self._prefix)
            except requests.RequestException as error:
                self._recorder.lose(method, path, body_of(request), type(error).__name__)
                raise
            duration_ms = (time.perf_counter() - began_s) * 1000
        url = request.url or ""
        is_evidence = is_below(url, self._base_url)
        self._recorder.record(self._provider, url, exchange, at, duration_ms, is_evidence=is_evidence)
        return response

    def close(self) -> None:
        self._adapter.close()
