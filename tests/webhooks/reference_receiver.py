"""
A receiver of webhooks that does everything right, and several that each do one thing wrong.

It shares no code with the mock: the signature is checked by its own hand. A receiver is a function of what came, for
``Inbox(answers=receiver)``.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowproof.inbox import InboxResponse, Received

__all__ = ["WRONG", "ParcelVerifier", "ReferenceReceiver", "wrong_receiver"]

TOLERANCE_S = 300
FIELDS = {"id", "event", "at", "parcel"}


@dataclass(frozen=True)
class ParcelVerifier:
    """
    Checks ``t=<seconds>,v1=<hex>``: HMAC-SHA256 over ``<seconds>.<exact body>``, no older than five minutes.

    Args:
        secret: Shared with the sender.
        now: The time.
    """

    secret: str = field(repr=False)
    now: Callable[[], datetime]

    def __call__(self, received: Received) -> bool:
        return self.is_signed(received, received.body) and self.is_fresh(received)

    def is_signed(self, received: Received, body: bytes) -> bool:
        """Whether the signature is that of a body."""
        parts = self.parts(received)
        message = f"{parts.get('t', '')}.".encode() + body
        digest = hmac.new(self.secret.encode(), message, hashlib.sha256).hexdigest()
        return hmac.compare_digest(digest, parts.get("v1", ""))

    def is_fresh(self, received: Received) -> bool:
        """Whether it was signed just now."""
        return abs(self.now().timestamp() - int(self.parts(received).get("t", "0"))) <= TOLERANCE_S

    def parts(self, received: Received) -> Mapping[str, str]:
        """The parts of the header."""
        pairs = (each.partition("=") for each in (received.header("Parcels-Signature") or "").split(","))
        return {name: value for name, _, value in pairs}


@dataclass
class ReferenceReceiver:
    """
    Verifies over the exact bytes, acts once an event id, and takes what it does not know without acting on it.

    Args:
        verify: Whether a request is genuine.
    """

    verify: Callable[[Received], bool]
    acted: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def __call__(self, received: Received) -> int | InboxResponse:
        if not self.verify(received):
            return 401
        event = json.loads(received.body)
        if self.is_known(event):
            return 200
        if event["event"] not in ("parcel.sent", "parcel.lost"):
            return self.ignore(event)
        return self.act(event)

    def is_known(self, event: Mapping[str, Any]) -> bool:
        """Whether it had that event before; a real receiver keeps the ids in the transaction of what it does."""
        return event["id"] in self.known

    def ignore(self, event: Mapping[str, Any]) -> int | InboxResponse:
        """Nothing to do, and nothing wrong."""
        self.ignored.append(event["id"])
        return 202

    def act(self, event: Mapping[str, Any]) -> int | InboxResponse:
        """What the event is for."""
        self.known.add(event["id"])
        self.acted.append(event["id"])
        return 200


class AcceptsForged(ReferenceReceiver):
    """Forgets to look at the signature."""

    def __call__(self, received: Received) -> int | InboxResponse:
        return self.act(json.loads(received.body))


class AcceptsOld(ReferenceReceiver):
    """Does not look at the timestamp."""

    def __call__(self, received: Received) -> int | InboxResponse:
        verifier = self.verify
        assert isinstance(verifier, ParcelVerifier)
        return 200 if verifier.is_signed(received, received.body) else 401


class VerifiesItsOwnJson(ReferenceReceiver):
    """Signs what it would have written instead of the bytes that came."""

    def __call__(self, received: Received) -> int | InboxResponse:
        verifier = self.verify
        assert isinstance(verifier, ParcelVerifier)
        return 200 if verifier.is_signed(received, json.dumps(json.loads(received.body)).encode()) else 401


class ChokesOnExtraField(ReferenceReceiver):
    """Takes no field that it does not know."""

    def act(self, event: Mapping[str, Any]) -> int | InboxResponse:
        return super().act(event) if set(event) == FIELDS else 422


class ChokesOnUnknownEvent(ReferenceReceiver):
    """Takes no event that it does not know."""

    def ignore(self, event: Mapping[str, Any]) -> int | InboxResponse:
        return 400


class RefusesTwice(ReferenceReceiver):
    """Takes an event that comes again for an error, so that it comes again and again."""

    def is_known(self, event: Mapping[str, Any]) -> bool:
        if super().is_known(event):
            raise LookupError("had it already")
        return False


class ActsTwice(ReferenceReceiver):
    """Forgets what it has done; only its own state shows it."""

    def is_known(self, event: Mapping[str, Any]) -> bool:
        return False


class Crashes(ReferenceReceiver):
    """Answers nobody."""

    def __call__(self, received: Received) -> int | InboxResponse:
        return InboxResponse(None)


WRONG = (
    AcceptsForged,
    AcceptsOld,
    VerifiesItsOwnJson,
    ChokesOnExtraField,
    ChokesOnUnknownEvent,
    RefusesTwice,
    ActsTwice,
    Crashes,
)


def wrong_receiver(name: str, verify: Callable[[Received], bool]) -> ReferenceReceiver:
    """One of the wrong ones, by its name."""
    return next(kind for kind in WRONG if kind.__name__ == name)(verify)
