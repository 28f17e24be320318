"""The provider's published rate limits per address; off unless the seed data's settings turn them on."""

from datetime import timedelta

from flowproof.conformance import Finding
from flowproof.kernel import ProviderContext, ProviderRequest
from flowproof.kernel.time.clock import microseconds

from .auth import is_authenticated
from .errors import TooManyRequests
from .models import SeedData

__all__ = ["admit"]


def admit(request: ProviderRequest, context: ProviderContext) -> None:
    """
    Count a request.

    Raises:
        TooManyRequests: Its address has sent as many as it may in the last second or minute.

    Source:
        Observed: guides-rate-limiting, "20 req/s per IP authenticated; 3 req/min per IP unauthenticated". That the time
        slides, rather than starting anew with each second, is inferred.
    """
    limits = SeedData(context.seed).settings.rate_limits
    if limits is None:
        return
    if is_authenticated(request, context):
        kind, most, span = "authenticated", limits["authenticated_per_s"], timedelta(seconds=1)
    else:
        kind, most, span = "unauthenticated", limits["unauthenticated_per_min"], timedelta(minutes=1)
    key, now_us = f"{kind}/{request.wire.peer}", microseconds(context.now)
    since = now_us - span // timedelta(microseconds=1)
    recent = [each for each in context.state.get("asked", key) or () if each > since]
    if len(recent) >= most:
        expected = f"at most {most} {kind} requests in {span.total_seconds():g} s"
        raise TooManyRequests([Finding("request", "", expected, f"{len(recent) + 1}", f"otter.rate.{kind}", "rule")])
    context.state.put("asked", key, [*recent, now_us])
