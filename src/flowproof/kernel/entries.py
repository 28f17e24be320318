"""What the journal keeps of a request that came in or a webhook that went out: bodies bounded, headers scrubbed."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from flowproof.conformance import Finding
from flowproof.exchange import Headers, header

from .provider import Provider
from .refusals import Answer
from .request import ProviderRequest
from .scrubbing import Scrubber
from .webhooks import Delivery, Sent

__all__ = ["inbound", "outbound", "secrets_sent"]

LONGEST_BODY = 64 * 1024
SHORTEST_SECRET = 8  # a shorter word, such as Bearer, would eat our own words


def inbound(
    *,
    provider: Provider,
    scrub: Scrubber,
    operation: str | None,
    request: ProviderRequest,
    answer: Answer,
    findings: Iterable[Finding],
    note: str,
    faults: Sequence[Any],
) -> dict[str, Any]:
    """A request to a mock and its answer."""
    query = scrub.parameters(request.wire.query)
    url = f"{request.wire.scheme}://{request.header('host') or 'localhost'}{request.wire.path}"
    return {
        "direction": "in",
        "provider": provider.slug,
        "operation": operation,
        "request": {
            "method": request.method,
            "url": f"{url}?{query}" if query else url,
            "path": request.path,
            "query": query,
            "headers": shown_headers(request.wire.headers, scrub.header),
            "body": shown_body(scrub.body(request.body, request.header("content-type"))),
        },
        "response": {
            "status": answer.status,
            "headers": shown_headers(answer.headers, scrub.header),
            "body": shown_body(scrub.body(answer.body, header(answer.headers, "content-type"))),
        },
        "requirement": answer.requirement,
        "findings": [asdict(scrub.finding(finding)) for finding in findings],
        "explanation": note,
        "faults": list(faults),
    }


def outbound(provider: Provider, delivery: Delivery, headers: Headers, sent: Sent) -> dict[str, Any]:
    """One attempt to deliver a webhook and the receiver's answer; its status is 0 where there was none."""
    scrub, webhook = provider.scrub_header, delivery.webhook
    url, path, query = _parted(webhook.url)
    return {
        "direction": "out",
        "provider": provider.slug,
        "operation": f"webhook:{webhook.event}",
        "request": {
            "method": webhook.method,
            "url": url,
            "path": path,
            "query": query,
            "headers": shown_headers(headers, scrub),
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
        "faults": [{"id": "adversary", **delivery.adversary.changed()}] if delivery.adversary.changed() else [],
        "delivery": delivery.id,
    }


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
