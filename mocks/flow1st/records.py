"""The records of one environment in the store: orders, balances with every movement, configuration, first uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from flowproof.kernel import ProviderContext, State

from .models import Environment, Order, SeedData

__all__ = ["Account"]


@dataclass(frozen=True, slots=True)
class Account:
    """
    The records of one environment. All changes of one request or task are one transaction.

    Args:
        state: The provider's records in the workspace.
        environment: As the seed data has it.
        at: The moment, ISO 8601.
    """

    state: State
    environment: Environment
    at: str

    @classmethod
    def of(cls, context: ProviderContext, name: str) -> Self | None:
        """The account of an environment, or None where the seed data has none of that name."""
        environment = SeedData(context.seed).environment(name)
        return None if environment is None else cls(context.state, environment, context.now.isoformat())

    @classmethod
    def existing(cls, context: ProviderContext, name: str) -> Self:
        """The account of an environment that the seed data must have, since an order or a credential names it."""
        account = cls.of(context, name)
        if account is None:
            raise LookupError(f"the seed data has no environment {name}")
        return account

    # Money

    def balance_minor(self, currency: str) -> int:
        """In minor units."""
        kept = self.state.get(self._kind("balance"), currency)
        return self.environment.opening.get(currency, 0) if kept is None else int(kept)

    def balances(self) -> dict[str, int]:
        """In minor units, by currency."""
        moved = {each["currency"] for each in self.movements()}
        return {currency: self.balance_minor(currency) for currency in sorted(moved | set(self.environment.opening))}

    def move(self, amount_minor: int, currency: str, reason: str, reference: str | None = None) -> None:
        """
        Add an amount to a balance, or subtract it, and record the movement.

        Raises:
            ValueError: The balance would fall below zero, which a rule has to rule out before.
        """
        before = self.balance_minor(currency)
        if before + amount_minor < 0:
            raise ValueError(f"a balance of {before} cannot bear a movement of {amount_minor}")
        if self.state.get(self._kind("balance"), currency) is None and before:
            self._write_down(before, currency, "opening", None)
        self.state.put(self._kind("balance"), currency, before + amount_minor)
        self._write_down(amount_minor, currency, reason, reference)

    def _write_down(self, amount_minor: int, currency: str, reason: str, reference: str | None) -> None:
        number = self.state.count(self._kind("movement")) + 1
        movement = {
            "number": number,
            "at": self.at,
            "amount_minor": amount_minor,
            "currency": currency,
            "reason": reason,
            "reference": reference,
        }
        self.state.put(self._kind("movement"), str(number), movement)

    def movements(self) -> Sequence[Any]:
        """All movements of money, oldest first."""
        return list(reversed(self.state.newest(self._kind("movement"))))

    # Orders

    def add(self, order: Order) -> None:
        """Store a new order, found by either reference."""
        self.state.put("environment_of", order.reference, self.environment.name)
        self.state.put(self._kind("external"), order.external_reference, order.reference)
        self.replace(order)

    def replace(self, order: Order) -> None:
        self.state.put(self._kind("order"), order.reference, order.to_json())

    def order(self, reference: str) -> Order | None:
        kept = self.state.get(self._kind("order"), reference)
        return None if kept is None else Order.from_json(kept)

    def order_of(self, external_reference: str) -> Order | None:
        """The order with that reference of the partner's."""
        reference = self.state.get(self._kind("external"), external_reference)
        return None if reference is None else self.order(reference)

    def orders(self) -> Sequence[Order]:
        """All orders, newest first."""
        return [Order.from_json(each) for each in self.state.newest(self._kind("order"))]

    # Configuration

    @property
    def configuration(self) -> Mapping[str, Any]:
        """The default webhook URL and the addresses of invited people."""
        kept: Mapping[str, Any] | None = self.state.get("configuration", self.environment.name)
        return self.environment.configuration if kept is None else kept

    def configure(self, configuration: Mapping[str, Any], *, replicated_from: str | None = None) -> None:
        """Replace the configuration."""
        self.state.put("configuration", self.environment.name, dict(configuration))
        self.state.put("replicated_from", self.environment.name, replicated_from)

    @property
    def replicated_from(self) -> str | None:
        """The environment whose configuration was imported here, or None."""
        found: str | None = self.state.get("replicated_from", self.environment.name)
        return found

    # What has been seen

    def record_seen(self, what: str) -> None:
        """Record the first time that something was accepted."""
        if self.state.get(self._kind("seen"), what) is None:
            self.state.put(self._kind("seen"), what, {"what": what, "at": self.at})

    def seen(self) -> dict[str, str]:
        """The moment at which each thing was accepted first."""
        return {each["what"]: each["at"] for each in reversed(self.state.newest(self._kind("seen")))}

    def validated(self, key: str) -> bool:
        return self.state.get(self._kind("validated"), key) is not None

    def record_validation(self, key: str) -> None:
        self.state.put(self._kind("validated"), key, self.at)

    def _kind(self, kind: str) -> str:
        return f"{kind}/{self.environment.name}"
