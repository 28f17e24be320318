"""Sessions that change the requests of a reference client before they are sent."""

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter

__all__ = ["RetryWithout", "changing_session"]

Change = Callable[[requests.PreparedRequest], None]


class _Changing(HTTPAdapter):
    def __init__(self, change: Change) -> None:
        super().__init__()
        self._change = change

    def send(self, request: requests.PreparedRequest, *arguments: Any, **settings: Any) -> requests.Response:
        self._change(request)
        return super().send(request, *arguments, **settings)


def changing_session(change: Change) -> requests.Session:
    """A session that changes every request."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", _Changing(change))
    return session


class RetryWithout:
    """
    Removes headers from all but the first request: a retry that loses what the session had added.

    Args:
        headers: Names.
        below: Only requests with this in their URL count.
    """

    def __init__(self, *headers: str, below: str = "") -> None:
        self._headers = headers
        self._below = below
        self._is_retry = False

    def __call__(self, request: requests.PreparedRequest) -> None:
        if self._below not in str(request.url):
            return
        if self._is_retry:
            for name in self._headers:
                request.headers.pop(name, None)
        self._is_retry = True
