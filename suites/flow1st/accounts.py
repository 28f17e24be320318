"""An account as its Admin Console shows it: balance, orders, configuration. Uses the control API."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from flowproof.target import Workspace

__all__ = ["Account"]

MOST = 10_000
TIMEOUT_S = 30.0


class Account:
    """
    One environment of a workspace.

    Args:
        workspace: Whose.
        environment: `staging` or `production`.
    """

    def __init__(self, workspace: Workspace, environment: str) -> None:
        self.workspace = workspace
        self.environment = environment

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        """Send a control request below the environment."""
        return self.workspace.control(method, f"flow1st/environments/{self.environment}{path}", body)

    def facts(self) -> Mapping[str, Any]:
        """The environment's summary."""
        return dict(self.ask("GET"))

    def balance_minor(self, currency: str = "USD") -> int:
        """In minor units."""
        return int(self.facts()["balances_minor"].get(currency, 0))

    def top_up(self, amount_minor: int, currency: str = "USD") -> None:
        self.ask("POST", "/top-up", {"amount_minor": amount_minor, "currency": currency})

    def movements(self) -> Sequence[Mapping[str, Any]]:
        """All movements of money, oldest first."""
        return list(self.ask("GET", "/movements")["movements"])

    def orders(self) -> Sequence[Mapping[str, Any]]:
        """All orders, oldest first."""
        return list(reversed(self.ask("GET", "/orders")["orders"]))

    def order(self, reference: str) -> Mapping[str, Any]:
        return dict(self.ask("GET", f"/orders/{reference}"))

    def change(self, reference: str, status: str, body: Any = None) -> Mapping[str, Any]:
        """Give an order its next status, such as `refund`."""
        return dict(self.ask("POST", f"/orders/{reference}/{status.lower()}", body))

    def configure(self, webhook_url: str | None) -> None:
        """Set the default webhook URL."""
        self.ask("PUT", "/configuration", {"webhookUrl": webhook_url, "emails": []})

    def notifications(self) -> Sequence[tuple[str, str]]:
        """Reference and status of every webhook in the outbox, in the order in which they were queued."""
        bodies = (json.loads(each["webhook"]["body"]["text"]) for each in self.outbox())
        return [(each["reference"], each["status"]) for each in bodies]

    def outbox(self) -> Sequence[Mapping[str, Any]]:
        return list(self.workspace.control("GET", "webhooks", limit=MOST)["deliveries"])

    def wait_until_idle(self) -> None:
        """
        Wait until every delivery that is due has been tried.

        Raises:
            TimeoutError: It takes longer than it may.
        """
        until = time.monotonic() + TIMEOUT_S
        while not self.workspace.control("GET", "webhooks", limit=1)["settled"]:
            if time.monotonic() > until:
                raise TimeoutError("the webhooks that are due were not tried in time")
            time.sleep(0.005)

    def pass_time(self, seconds: float) -> None:
        """Advance the clock, and wait until what is due has been delivered."""
        self.workspace.clock.advance(seconds)
        self.wait_until_idle()
