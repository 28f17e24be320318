"""What the journal keeps of a request that came in or a webhook that went out: bodies bounded, headers redacted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from flowproof.conformance import Finding
from flowproof.exchange import Headers, header
from flowproof.kernel.faults.plan import FaultPlan
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.provider import Provider
from flowproof.kernel.webhooks.model import Delivery, DeliveryResult
from flowproof.redaction.bodies import shown_body
from flowproof.redaction.known_secrets import SHORTEST_SECRET
from flowproof.redaction.marks import REDACTED
from flowproof.redaction.named_parameters import ParameterRedactor
from flowproof.redaction.sensitive_names import is_shown_header

__all__ = ["InboundExchange", "JournalEntry", "WebhookAttempt", "compact", "redact_finding", "secrets_sent", "summary"]

LONGEST_BODY = 64 * 1024
SUMMARIZED = ("id", "number", "started_at", "duration_ms", "direction", "provider", "operation", "requirement")


class JournalEntry(Protocol):
    """An exchange as it happened, which is rendered when somebody reads the journal."""

    @property
    def is_refused(self) -> bool:
        """Whether the provider refused the request."""

    def to_json(self) -> dict[str, Any]:
        """The entry without its identity; secrets of credentials are still in it."""

    def brief(self) -> dict[str, Any]:
        """The members of :meth:`to_json` that a list shows, without headers and bodies, which take time."""


class InboundExchange(NamedTuple):
    """
    A request to a mock and its answer.

    Args:
        provider: Whose mock.
        redactor: Takes the provider's secret parameters out.
        operation: The contract's, where it has one.
        wire: As it came.
        path: Below the provider's base URL.
        answer: As it went.
        findings: Why it was refused, or in what the answer differs from the contract.
        note: A longer explanation.
        faults: The plans that hit it.
    """

    provider: Provider
    redactor: ParameterRedactor
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

    def to_json(self) -> dict[str, Any]:
        redactor, wire, answer, brief = self.redactor, self.wire, self.answer, self.brief()
        query = brief["request"]["query"]
        url = f"{wire.client_scheme}://{wire.header('host') or 'localhost'}{wire.path}"
        return {
            **brief,
            "request": {
                **brief["request"],
                "url": f"{url}?{query}" if query else url,
                "headers": _headers(wire.headers, redactor.header),
                "body": _redacted_body(wire.body, wire.header("content-type"), redactor),
            },
            "response": {
                **brief["response"],
                "headers": _headers(answer.headers, redactor.header),
                "body": _redacted_body(answer.body, header(answer.headers, "content-type"), redactor),
            },
            "findings": [asdict(redact_finding(each, redactor)) for each in self.findings],
            "explanation": self.note,
            "faults": [plan.to_json() for plan in self.faults],
        }

    def brief(self) -> dict[str, Any]:
        query = self.redactor.parameters(self.wire.query)
        return {
            "direction": "in",
            "provider": self.provider.slug,
            "operation": self.operation,
            "request": {"method": self.wire.method, "path": self.path, "query": query},
            "response": {"status": self.answer.status},
            "requirement": self.answer.requirement,
            "faults": [{"id": plan.id} for plan in self.faults],
        }


class WebhookAttempt(NamedTuple):
    """
    One attempt to deliver a webhook and the receiver's answer; its status is 0 where there was none.

    Args:
        provider: Whose webhook.
        delivery: What was to be delivered.
        headers: As sent.
        sent: The result.
    """

    provider: Provider
    delivery: Delivery
    headers: Headers
    sent: DeliveryResult

    @property
    def is_refused(self) -> bool:
        """Never: it is not the provider who refuses it."""
        return False

    def to_json(self) -> dict[str, Any]:
        redact, webhook, sent, brief = self.provider.redact_header, self.delivery.webhook, self.sent, self.brief()
        url, _, _ = _split_url(webhook.url)
        return {
            **brief,
            "request": {
                **brief["request"],
                "url": url,
                "headers": _headers(self.headers, redact),
                "body": _body(webhook.body),
            },
            "response": {
                **brief["response"],
                "headers": _headers(sent.headers, redact),
                "body": _body(sent.body),
            },
            "findings": [],
            "explanation": sent.error,
            "delivery": self.delivery.id,
        }

    def brief(self) -> dict[str, Any]:
        webhook, changed = self.delivery.webhook, self.delivery.adversary.changed()
        _, path, query = _split_url(webhook.url)
        return {
            "direction": "out",
            "provider": self.provider.slug,
            "operation": f"webhook:{webhook.event}",
            "request": {"method": webhook.method, "path": path, "query": query},
            "response": {"status": self.sent.status},
            "requirement": None,
            "faults": [{"id": "adversary", **changed}] if changed else [],
        }


def summary(entry: Mapping[str, Any], *, is_refused: bool) -> dict[str, Any]:
    """What a list shows of an entry."""
    request = entry["request"]
    return {
        **{name: entry[name] for name in SUMMARIZED},
        "method": request["method"],
        "path": f"{request['path']}?{request['query']}" if request["query"] else request["path"],
        "status": entry["response"]["status"],
        "refused": is_refused,
        "faults": [each["id"] for each in entry["faults"]],
    }


def compact(data: bytes) -> bytes:
    """The same bytes in as much memory as they take; orjson leaves them in a buffer of up to several times that."""
    return bytes(memoryview(data))


def redact_finding(finding: Finding, redactor: ParameterRedactor) -> Finding:
    """A finding that does not repeat what came in the place of a secret."""
    got = redactor.found(finding.pointer, finding.got)
    return finding if got == finding.got else replace(finding, got=got)


def secrets_sent(provider: Provider, headers: Headers) -> frozenset[str]:
    """The values that no journal shows among a webhook's headers, whole and by word: a receiver may repeat them."""
    hidden = [value for name, value in headers if provider.redact_header(name.lower(), value) != value]
    return frozenset(word for value in hidden for word in (value, *value.split()) if len(word) >= SHORTEST_SECRET)


def _split_url(address: str) -> tuple[str, str, str]:
    """A webhook's URL as it may be shown, its path and its query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address, address, ""
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{REDACTED}@{host}" if at else host).geturl(), parts.path or "/", parts.query


def _redacted_body(data: bytes, content_type: str | None, redactor: ParameterRedactor) -> dict[str, Any]:
    """A body without secret parameters. It is cut before they are looked for, which takes longer than the request."""
    return _body(redactor.body(data[:LONGEST_BODY], content_type), size=len(data))


def _body(data: bytes, *, size: int | None = None) -> dict[str, Any]:
    """A body, cut after 64 KiB, with its true size where it was changed or cut before."""
    true_size = len(data) if size is None else size
    shown = shown_body(data, most=LONGEST_BODY, is_cut=true_size > LONGEST_BODY)
    text = {"base64": shown.base64} if shown.text is None else {"text": shown.text}
    return {"size": true_size, **text, **({"truncated": True} if shown.truncated else {})}


def _headers(headers: Headers, redact: Callable[[str, str], str]) -> list[list[str]]:
    return [[name, _header(name.lower(), value, redact)] for name, value in headers]


def _header(name: str, value: str, redact: Callable[[str, str], str]) -> str:
    """A header's value as the provider redacts it; of any other header only if its name is known to be harmless."""
    shown = redact(name, value)
    return shown if shown != value or is_shown_header(name) or not value else REDACTED
