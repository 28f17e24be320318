"""Which exchanges of a recording are a provider's, and below which base URL its contract's paths begin."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from flowproof.conformance import Contract

from .exchanges import ControlCall, RecordedExchange, Recording, RecordingError

__all__ = ["ProviderExchange", "Selection", "below", "select"]

MOST_PREFIXES = 12  # segments of a path before those of the contract


@dataclass(frozen=True, slots=True)
class ProviderExchange:
    """An exchange with its path below the provider's base URL and its query, both as sent."""

    exchange: RecordedExchange
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class Selection:
    """
    The provider's exchanges.

    Args:
        base_url: Under which they were recorded, without a slash at its end.
        exchanges: In their order.
        others: How many of the recording went elsewhere.
    """

    base_url: str
    exchanges: tuple[ProviderExchange, ...]
    others: int


def select(recording: Recording, contract: Contract, base_url: str | None = None) -> Selection:
    """
    The exchanges of a recording that are a contract's.

    Args:
        recording: Of whatever hosts.
        contract: Of the provider.
        base_url: Where the contract's paths begin; by default where most requests fit an operation.

    Raises:
        RecordingError: None is.
    """
    base = base_url.rstrip("/") if base_url is not None else _base_of_most(recording, contract)
    if base is None:
        raise RecordingError(
            f"{recording.name} is a recording of another provider: no request fits an operation of {contract.slug}.",
            "Name the provider that was recorded, or its --base-url.",
        )
    found = tuple(_below_with_control(base, recording))
    if not found:
        raise RecordingError(
            f"{recording.name} has no request below the --base-url.", "Name the one under which it was recorded."
        )
    return Selection(base, found, len(recording.exchanges) - len(found))


def _below_with_control(base: str, recording: Recording) -> Iterator[ProviderExchange]:
    """The provider's exchanges; what was done to a mock before those of other providers is done before the next one."""
    pending: tuple[ControlCall, ...] = ()
    for each in recording.exchanges:
        pending += each.control
        found = below(base, each)
        if found is not None:
            yield replace(found, exchange=replace(each, control=pending))
            pending = ()


def _base_of_most(recording: Recording, contract: Contract) -> str | None:
    """
    The base URL with the most requests that fit an operation; of equals that of a mock of ours, then the shortest.

    A mock's base URL ends with the provider's slug, so that requests count that fit none.
    """
    fitting: Counter[str] = Counter()
    for each in recording.exchanges:
        for base, path in _splits(each.url):
            fitting[base] += contract.operations.find(each.method, path) is not None
    own = f"/{contract.slug}"
    best = max(fitting, key=lambda base: (fitting[base], base.endswith(own), -len(base)), default=None)
    return best if best is not None and (fitting[best] or best.endswith(own)) else None


def _splits(url: str) -> Iterator[tuple[str, str]]:
    """Each way to part a URL into a base URL and the path below it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    origin = f"{parts.scheme}://{host}" if parts.scheme else ""
    segments = parts.path.split("/")
    for at in range(1, min(len(segments), MOST_PREFIXES + 1)):
        yield f"{origin}{'/'.join(segments[:at])}", f"/{'/'.join(segments[at:])}"


def below(base: str, exchange: RecordedExchange) -> ProviderExchange | None:
    """An exchange with its path below a base URL; None where it went elsewhere."""
    query = urlsplit(exchange.url).query
    for each, path in _splits(exchange.url):
        if each == base:
            return ProviderExchange(exchange, path, query)
    return None
