"""What the journal keeps of a request that came in or a webhook that went out: bodies bounded, headers scrubbed."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from flowproof.conformance import Finding
from flowproof.exchange import Headers, header
from flowproof.kernel.faults.plans import FaultPlan
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.provider import Provider
from flowproof.kernel.scrubbing import Scrubber
from flowproof.kernel.webhooks.model import Delivery, DeliveryResult

__all__ = ["Entry", "Inbound", "Outbound", "compact", "secrets_sent"]

LONGEST_BODY = 64 * 1024
SHORTEST_SECRET = 8  # a shorter word, such as Bearer, would eat our own words


class Entry(Protocol):
    """An exchange as it happened, of which the journal's entry is made when that is asked for."""

    @property
    def is_refused(self) -> bool:
        """Whether the provider refused the request."""

    def told(self) -> dict[str, Any]:
        """The entry without its identity, and before any secret is taken out."""


class Inbound(NamedTuple):
    """
    A request to a mock and its answer.

    Args:
        provider: Whose mock.
        scrub: Takes the provider's secret parameters out.
        operation: The contract's, where it has one.
        wire: As it came.
        path: Below the provider's base URL.
        answer: As it went.
        findings: Why it was refused, or in what the answer differs from the contract.
        note: A longer explanation.
        faults: The plans that hit it.
    """

    provider: Provider
    scrub: Scrubber
    operation: str | None
    wire: WireRequest
    path: str
    answer: WireResponse
    findings: tuple[Finding, ...]
    note: str
    faults: Sequence[FaultPlan]

    @property
    def is_refused(self) -> bool:
        """Whether a requirement was cited, something was found, or the status says so."""
        answer = self.answer
        return answer.requirement is not None or bool(self.findings) or answer.status >= HTTPStatus.BAD_REQUEST

    @property
    def is_short(self) -> bool:
        """Whether the journal shows its bodies whole."""
        return max(len(self.wire.body), len(self.answer.body)) <= LONGEST_BODY

    def told(self) -> dict[str, Any]:
        """The entry without its identity."""
        scrub, wire, answer = self.scrub, self.wire, self.answer
        query = scrub.parameters(wire.query)
        url = f"{wire.scheme}://{wire.header('host') or 'localhost'}{wire.path}"
        return {
            "direction": "in",
            "provider": self.provider.slug,
            "operation": self.operation,
            "request": {
                "method": wire.method,
                "url": f"{url}?{query}" if query else url,
                "path": self.path,
                "query": query,
                "headers": shown_headers(wire.headers, scrub.header),
                "body": shown_body(scrub.body(wire.body, wire.header("content-type"))),
            },
            "response": {
                "status": answer.status,
                "headers": shown_headers(answer.headers, scrub.header),
                "body": shown_body(scrub.body(answer.body, header(answer.headers, "content-type"))),
            },
            "requirement": answer.requirement,
            "findings": [asdict(scrub.finding(finding)) for finding in self.findings],
            "explanation": self.note,
            "faults": [plan.to_json() for plan in self.faults],
        }


class Outbound(NamedTuple):
    """
    One attempt to deliver a webhook and the receiver's answer; its status is 0 where there was none.

    Args:
        provider: Whose webhook.
        delivery: What was to be delivered.
        headers: As sent.
        sent: What came of it.
    """

    provider: Provider
    delivery: Delivery
    headers: Headers
    sent: DeliveryResult

    @property
    def is_refused(self) -> bool:
        """Never: it is not the provider who refuses it."""
        return False

    def told(self) -> dict[str, Any]:
        """The entry without its identity."""
        scrub, webhook, sent = self.provider.scrub_header, self.delivery.webhook, self.sent
        url, path, query = _parted(webhook.url)
        changed = self.delivery.adversary.changed()
        return {
            "direction": "out",
            "provider": self.provider.slug,
            "operation": f"webhook:{webhook.event}",
            "request": {
                "method": webhook.method,
                "url": url,
                "path": path,
                "query": query,
                "headers": shown_headers(self.headers, scrub),
                "body": shown_body(webhook.body),
            },
            "response": {
                "status": sent.status,
                "headers": shown_headers(sent.headers, scrub),
                "body": shown_body(sent.body),
            },
            "requirement": None,
            "findings": [],
            "explanation": sent.error,
            "faults": [{"id": "adversary", **changed}] if changed else [],
            "delivery": self.delivery.id,
        }


def compact(text: bytes) -> bytes:
    """The same bytes in as much memory as they take; orjson leaves them in a buffer of up to several times that."""
    return bytes(memoryview(text))


def secrets_sent(provider: Provider, headers: Headers) -> frozenset[str]:
    """The values that no journal shows among a webhook's headers, whole and by word: a receiver may repeat them."""
    hidden = [value for name, value in headers if provider.scrub_header(name.lower(), value) != value]
    return frozenset(word for value in hidden for word in (value, *value.split()) if len(word) >= SHORTEST_SECRET)


def _parted(url: str) -> tuple[str, str, str]:
    """A webhook's URL as it may be shown, its path and its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, url, ""
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"[redacted]@{host}" if at else host).geturl(), parts.path or "/", parts.query


def shown_body(body: bytes) -> dict[str, Any]:
    """A body as the journal keeps it: text where it is UTF-8, else base64; cut after 64 KiB, with its true size."""
    kept = body[:LONGEST_BODY]
    shown: dict[str, Any] = {"size": len(body)}
    try:
        shown["text"] = kept.decode() if len(kept) == len(body) else kept.decode(errors="ignore")
    except UnicodeDecodeError:
        shown["base64"] = base64.b64encode(kept).decode()
    return shown if len(kept) == len(body) else {**shown, "truncated": True}


def shown_headers(headers: Headers, scrub: Callable[[str, str], str]) -> list[list[str]]:
    """Headers as the journal keeps them."""
    return [[name, scrub(name.lower(), value)] for name, value in headers]
