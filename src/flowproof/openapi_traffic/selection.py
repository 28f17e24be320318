"""Which exchanges of a recording are the API's: those of one origin, without the pages and pictures of a site."""

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from flowproof.recording import RecordedExchange, Recording, RecordingError
from flowproof.recording.selection import Selection, below

__all__ = ["select_api"]

MOUNTED = re.compile(r"api|rest|v\d+(?:[._]\d+)*|\d{4}-\d\d(?:-\d\d)?", re.IGNORECASE)
OF_A_SITE = (
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "image/",
    "font/",
    "audio/",
    "video/",
)
WORKSPACE = 3  # segments of `/w/{workspace}/{provider}`, below which a mock of ours serves a provider


def select_api(recording: Recording, base_url: str | None = None) -> tuple[Selection, int]:
    """
    The exchanges of an API, and how many beside them load pages, scripts and pictures.

    Args:
        recording: Of whatever hosts.
        base_url: Where the paths begin; by default at the origin with the most JSON, behind segments such as
            `/api/v1` that all paths have.

    Raises:
        RecordingError: There are none.
    """
    listed = [one for one in recording.exchanges if base_url is not None or not _is_of_a_site(one)]
    base = base_url.rstrip("/") if base_url is not None else _base_of_most(listed)
    found = tuple(each for each in (below(base, one) for one in listed) if each is not None)
    if not found:
        raise RecordingError(
            f"{recording.name} has no request of an API{' below the --base-url' if base_url is not None else ''}.",
            "Name the --base-url under which it was recorded.",
        )
    skipped = len(recording.exchanges) - len(listed)
    return Selection(base, found, len(listed) - len(found)), skipped


def _is_of_a_site(exchange: RecordedExchange) -> bool:
    return exchange.method == "GET" and exchange.response.media_type.startswith(OF_A_SITE)


def _base_of_most(listed: Sequence[RecordedExchange]) -> str:
    """The origin with the most JSON, and the segments behind it below which an API is mounted."""
    found: Counter[str] = Counter()
    for each in listed:
        is_json = bool(each.response.body) and each.response.media_type.endswith(("/json", "+json"))
        found[_origin(each.url)] += 1 + len(listed) * is_json
    origin = max(found, key=lambda each: found[each], default="")
    of_it = (below(origin, one) for one in listed)
    paths = [each.path.split("/")[1:] for each in of_it if each is not None]
    return "/".join([origin, *_mounted(paths)])


def _origin(url: str) -> str:
    """Scheme and host; a variable of a collection may stand in their place."""
    parts = urlsplit(url)
    if parts.scheme and parts.netloc:
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return url.partition("/")[0]


def _mounted(paths: Sequence[Sequence[str]]) -> Sequence[str]:
    """The first segments that all paths share and that say where the API is, such as `api` and `v2`."""
    if paths and all(len(each) > WORKSPACE and each[0] == "w" and each[:3] == paths[0][:3] for each in paths):
        return paths[0][:WORKSPACE]
    shared: list[str] = []
    while paths and all(len(each) > len(shared) + 1 for each in paths):
        segment = paths[0][len(shared)]
        if not MOUNTED.fullmatch(segment) or any(each[len(shared)] != segment for each in paths):
            break
        shared.append(segment)
    return shared
