"""How a provider delivers webhooks: what it signs, when it tries again, what its events look like."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flowproof.exchange import Headers
from flowproof.kernel.provider_context import ProviderContext
from flowproof.kernel.time.clock import later

from .adversary import Adversary
from .model import Webhook

__all__ = ["WebhookPolicy", "signed_headers"]


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """
    How a provider delivers.

    Args:
        sign: The headers that prove where a webhook comes from, over its exact bytes, at the context's moment; made
            anew for every attempt.
        sample: A webhook of an event with made-up content, to be sent to a URL, its id drawn from the context's
            ``rng``; raises ConfigurationError for an event that the provider does not have.
        unknown: The same webhook with an event that no document names, and an id of its own where events have ids;
            the webhook itself where it names no event.
        events: The names of its events.
        signature_headers: Which headers the adversary leaves out or falsifies, in lower case.
        retry_after_s: How long to wait after the first failure, the second …; after the last one it is given up.
        timeout_s: How long a receiver may take to answer.
        timestamped: Whether a receiver can tell an old webhook by its signature's timestamp.
    """

    sign: Callable[[Webhook, ProviderContext], Headers]
    sample: Callable[[ProviderContext, str, str], Webhook]
    unknown: Callable[[Webhook], Webhook]
    events: tuple[str, ...]
    signature_headers: frozenset[str] = frozenset()
    retry_after_s: tuple[float, ...] = (10, 60, 300, 1800, 7200, 21600, 86400)
    timeout_s: float = 10
    timestamped: bool = False


def signed_headers(webhook: Webhook, adversary: Adversary, policy: WebhookPolicy, context: ProviderContext) -> Headers:
    """All headers of one attempt, signed at the context's moment, and as wrong as the adversary wants it."""
    moment = replace(context, now=later(context.now, -adversary.old_timestamp_s))
    signed = adversary.falsified(policy.sign(webhook, moment), policy.signature_headers)
    return (("Content-Type", webhook.content_type), *webhook.headers, *signed)
