"""
Requests that get past the door: the documented examples of every provider, changed in a few places, then signed.

They go to a workspace of their own, whose credentials no other request of the attack changes.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

from flowproof.cases import CaseRequest, prepare, read_cases
from flowproof.providers import Kits
from flowproof.target import ControlClient, Site

__all__ = ["SignedRequests"]

WORKSPACE = "signed"
CLOCK = "2026-01-01T12:00:00Z"  # at which signed times of the cases are present
DAY_S = 86_400
RENEWED_EVERY = 2000  # requests: what they have created is deleted then
CHANGED = 0.7
MOST_CHANGES = 3

Draw = Callable[[Random], Any]


class SignedRequests:
    """
    Args:
        url: Of the server.
        providers: Slugs of its providers.
        draw: Draws a JSON value.
    """

    def __init__(self, url: str, providers: Mapping[str, Any], draw: Draw) -> None:
        self._url = url
        self._draw = draw
        self._kits = Kits()
        self._requests = {slug: _documented(slug) for slug in providers}
        self._sites: Mapping[str, Site] = {}
        self._left = 0

    def next(self, rng: Random) -> tuple[str, bytes]:
        """The slug of a provider, and the bytes of a request to it."""
        if not self._left:
            self._renew()
        self._left -= 1
        slug = rng.choice(sorted(self._requests))
        request = rng.choice(self._requests[slug])
        if rng.random() < CHANGED:
            request = self._changed(request, rng)
        site = self._sites[slug]
        headers = {**self._kits.find(slug).headers(site, request), **request.headers}
        return slug, _bytes(request, headers, urlsplit(site.url).path)

    def _renew(self) -> None:
        with closing(ControlClient(self._url)) as control:
            if self._sites:
                old = control.workspace(WORKSPACE)
                old.clock.advance(DAY_S)  # what was accepted is processed
                old.delete()
            made = control.make_workspace(id=WORKSPACE)
            made.clock.freeze(CLOCK)
            self._sites = {slug: made.site(slug) for slug in self._requests}
        self._left = RENEWED_EVERY

    def _changed(self, request: CaseRequest, rng: Random) -> CaseRequest:
        """A request of which a few members of the body, or of the query, have other values."""
        if request.query:
            name = rng.choice(sorted(request.query))
            request = replace(request, query={**request.query, name: str(self._draw(rng))})
        try:
            body = json.loads(request.body or b"")
        except ValueError:
            return request
        for _ in range(rng.randint(1, MOST_CHANGES)):
            _change(body, self._draw, rng)
        return replace(request, body=json.dumps(body).encode())


def _documented(slug: str) -> list[CaseRequest]:
    """The requests of a provider's cases that are authenticated, with names where values of earlier answers belong."""
    prepared = [prepare(step["request"], {}) for case in read_cases(slug) for step in case.steps]
    return [each for each in prepared if each.is_signed]


def _change(value: Any, draw: Draw, rng: Random) -> None:
    """Replace, add or remove one member, however deep."""
    inner = [each for each in _containers(value) if each]
    if not inner:
        return
    chosen = rng.choice(inner)
    place = rng.choice(sorted(chosen)) if isinstance(chosen, dict) else rng.randrange(len(chosen))
    if rng.random() < 0.2:
        del chosen[place]
    else:
        chosen[place] = draw(rng)


def _containers(value: Any) -> list[Any]:
    if not isinstance(value, dict | list):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(found for each in inner for found in _containers(each))]


def _bytes(request: CaseRequest, headers: Mapping[str, str], mount: str) -> bytes:
    body = request.body or b""
    named = {"Host": "localhost", "Content-Type": "application/json", **headers, "Content-Length": str(len(body))}
    query = urlencode(dict(request.query), doseq=True)
    target = f"{mount}{request.path}{'?' + query if query else ''}"
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
