"""A recording as a provider of a mock server, so that control API and page show a replay as they show a mock."""

from collections.abc import Iterable
from typing import Any

from flowproof.kernel import Provider
from flowproof.openapi.contract import contract_of
from flowproof.openapi_mock import openapi_provider

__all__ = ["SLUG", "recorded_provider"]

SLUG = "replay"
TITLE = "Recorded traffic, replayed"


def recorded_provider(requests: Iterable[tuple[str, str]]) -> Provider:
    """
    The provider of recorded requests: each method with its path is an operation of that name, such as `GET /jobs/7`.

    Args:
        requests: Methods and paths, percent-encoded.
    """
    paths: dict[str, dict[str, Any]] = {}
    for method, path in requests:
        paths.setdefault(path, {})[method.lower()] = {"operationId": f"{method} {path}", "responses": {"default": {}}}
    document = {"openapi": "3.1.0", "info": {"title": TITLE, "version": "1"}, "paths": paths}
    return openapi_provider(SLUG, contract_of(SLUG, document), title=TITLE)
