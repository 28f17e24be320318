"""Sessions with OneFlow's own SDK for JavaScript: the calls to make, and their results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.interop import programs
from tests.interop.account import Account

__all__ = ["Attempt", "Call", "Sdk", "Session"]

ABSENT = object()


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One request as it went over the wire.

    Args:
        method: As sent.
        path: As sent, percent-encoded, with query.
        headers: By lower-case name.
        status: What was answered; None where no answer came.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    status: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """
    One call of the SDK.

    Args:
        name: The SDK's function.
        attempts: The requests it sent, retries included.
        returned: What its promise resolved to, or None.
        thrown: What its promise was rejected with (``kind``: ``AxiosError``, or ``object`` for a plain one), or None.
    """

    name: str
    attempts: Sequence[Attempt]
    returned: Any
    thrown: Any

    @property
    def statuses(self) -> list[int | None]:
        return [attempt.status for attempt in self.attempts]


@dataclass(frozen=True, slots=True)
class Session:
    sdk: str
    node: str
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Sdk:
    """
    The SDK, set up for an account.

    Args:
        base_url: Ends with ``/api``.
        token: What it presents.
        secret: What it signs with.
        retries: How often it tries again.
        hurry: Whether it does so at once; by default it waits as long as its authors think right.
    """

    base_url: str
    token: str
    secret: str
    retries: int = 3
    hurry: bool = False

    @classmethod
    def of(cls, account: Account, **settings: Any) -> "Sdk":
        """Set up for that account; ``settings`` are the arguments above."""
        return cls(**{"base_url": account.base_url, "token": account.token, "secret": account.secret, **settings})

    def validate(self, order: Mapping[str, Any]) -> Call:
        """``sdk.validateOrder()``, of an order built with the SDK."""
        return self._one({"call": "validateOrder", "order": order})

    def submit(self, order: Mapping[str, Any]) -> Call:
        """``sdk.submitOrder()``, of an order built with the SDK."""
        return self._one({"call": "submitOrder", "order": order})

    def request(self, method: str, path: str, data: Any = ABSENT) -> Call:
        """``sdk.request(method, path, data)``."""
        given = {} if data is ABSENT else {"data": data}
        return self._one({"call": "request", "method": method, "path": path, **given})

    def session(self, *calls: Mapping[str, Any]) -> Session:
        """Make calls, one after the other, with a new SDK."""
        request = {
            "baseUrl": self.base_url,
            "token": self.token,
            "secret": self.secret,
            "retries": self.retries,
            "hurry": self.hurry,
            "calls": calls,
        }
        output = json.loads(programs.ask("sdk_session.mjs", json.dumps(request)))
        return Session(output["sdk"], output["node"], [_call(each) for each in output["calls"]])

    def _one(self, call: Mapping[str, Any]) -> Call:
        return self.session(call).calls[0]


def _call(output: Mapping[str, Any]) -> Call:
    attempts = [Attempt(each["method"], each["path"], each["headers"], each["status"]) for each in output["attempts"]]
    return Call(output["name"], attempts, output.get("returned"), output.get("thrown"))
