"""
Under which host names a server answers.

A page of another site that a browser on this machine shows can have the name of its own host lead to loopback (DNS
rebinding). Its requests then carry that name, and are refused. A server that other machines reach has other guards: a
token, and credentials that are not known everywhere.
"""

import re
from collections.abc import Iterable

from flowproof.loopback import is_loopback

__all__ = ["HostNames"]

PORT = re.compile(r":\d*$", re.ASCII)
MOST_KNOWN = 1000


class HostNames:
    """
    The names under which a server answers.

    Args:
        providers: Hosts of the real providers, which a proxy or hosts file leads here.
        allowed: Further names that the user allows.
        any_name: Answer under every name.
    """

    def __init__(self, providers: Iterable[str] = (), allowed: Iterable[str] = (), *, any_name: bool = False) -> None:
        self._allowed = frozenset(each.lower().strip("[]") for each in allowed)
        self._providers = frozenset(providers)
        self._any_name = any_name
        self._known: set[str] = set()  # headers that were accepted, as they came

    def accepts(self, header: str | None) -> bool:
        """Whether a request with that Host header is answered; a browser always sends one."""
        if header in self._known or self._any_name or not header:
            return True
        is_accepted = self.is_provider(header) or self.is_own(header)
        if is_accepted and len(self._known) < MOST_KNOWN:
            self._known.add(header)
        return is_accepted

    def is_provider(self, header: str) -> bool:
        """Whether a Host header names a provider's own host."""
        return PORT.sub("", header).lower() in self._providers

    def is_own(self, header: str) -> bool:
        """Whether a Host header names this machine's loopback, or a name that the user allows."""
        name = PORT.sub("", header).lower()
        return is_loopback(name) or name.strip("[]") in self._allowed
