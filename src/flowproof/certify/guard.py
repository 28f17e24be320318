"""
The gate for requests to targets that are not mocked: what the profile permits, how often, how fast.

Whatever changes nothing passes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Protocol

from flowproof.certify.budget import Budget, Price
from flowproof.certify.events import CleanedUp, Created, Event, Recognised
from flowproof.certify.run_store import CreatedResource, RunStore, calls_counter
from flowproof.conformance import Contract, Match
from flowproof.conformance.effects import Effect, prices_of, read_effects, value_of
from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.exchange import Exchange
from flowproof.plurals import counted
from flowproof.target.profile import ProfileEntry

__all__ = ["Guard", "NotPermitted", "Passage", "Targets"]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = "flowproof-"
RECOGNISED = "recognised"


class NotPermitted(FlowproofError):
    """The target does not permit a request; the message says what."""


@dataclass(slots=True)
class Passage:
    """A request on its way; the exchange is there once the answer is."""

    exchange: Exchange | None = None


class Targets(Protocol):
    """What a guard needs of the targets."""

    @property
    def entry(self) -> Callable[[str], ProfileEntry]:
        """A provider's sandbox; raises a `ConfigurationError` where there is none."""

    def name_of(self, provider: str) -> str:
        """What the target of a provider is called in a sentence."""


@dataclass(slots=True)
class Guard:
    """
    Keeps the permissions and the pace of every target, together with all other processes of the run.

    Args:
        remote: The targets.
        contract: The contract of a provider.
        run_store: What the run's processes share.
        test: The current test.
        tell: Takes what has happened, where somebody keeps it.
    """

    remote: Targets
    contract: Callable[[str], Contract]
    run_store: RunStore
    test: Callable[[], str] = lambda: ""
    tell: Callable[[Event], None] | None = None
    _effects: dict[str, Mapping[str, Effect]] = field(default_factory=dict)
    _entries: dict[str, ProfileEntry] = field(default_factory=dict)

    @contextmanager
    def passing(self, provider: str, method: str, path: str) -> Iterator[Passage]:
        """
        Let a request pass, when it is its turn. The block sends it, and puts the exchange into the passage.

        Raises:
            NotPermitted: It may not pass.
            ConfigurationError: The target cannot be used.
        """
        entry = self._entry(provider)
        match = self.contract(provider).operations.find(method, path)
        effect = self._effects[provider][match.operation.id] if match else Effect(changes=method not in SAFE)
        with ExitStack() as stack:
            budget = None
            if effect.spends is not None and entry.permission.spend is not None:
                budget = stack.enter_context(self.run_store.budget(provider))
            self._permit(provider, entry, match, effect, budget, f"a {method} that is no operation of the contract")
            self._wait(provider, entry)
            passage = Passage()
            try:
                yield passage
            finally:
                # What was answered is written down, also where an interrupt ends the test at this moment.
                try:
                    if passage.exchange is not None:
                        self._look(provider, effect, passage.exchange, match)
                finally:
                    self._pay(provider, budget, effect, passage.exchange, match)

    def _entry(self, provider: str) -> ProfileEntry:
        if provider not in self._entries:
            entry = self.remote.entry(provider)
            effects = read_effects(self.contract(provider).document)
            if entry.permission.spend is not None and not any(each.spends for each in effects.values()):
                raise ConfigurationError(
                    f"The profile limits what {provider} may spend, but no answer of it says what a call costs.",
                    "Leave spend out, and limit the number of calls.",
                )
            self._entries[provider], self._effects[provider] = entry, effects
        return self._entries[provider]

    def _permit(
        self, provider: str, entry: ProfileEntry, match: Match | None, effect: Effect, budget: Budget | None, what: str
    ) -> None:
        permission = entry.permission
        counter = calls_counter(provider, match.operation.id) if match is not None else ""
        if permission.everything or not effect.changes:
            if counter:
                self.run_store.take(counter, None)
            return
        target = self.remote.name_of(provider)
        if match is None or match.operation.id not in permission.operations:
            raise NotPermitted(f"the target {target} does not permit {match.operation.id if match else what}")
        operation = match.operation.id
        if budget is not None and permission.spend is not None and not budget.allows(permission.spend):
            so_far = "a call whose cost is not known" if budget.lost or budget.unpriced else f"{budget} so far"
            raise NotPermitted(
                f"the target {target} permits to spend {permission.spend}: with {so_far}, another {operation} may be "
                "too much"
            )
        times = permission.operations[operation]
        if not self.run_store.take(counter, times):
            often = counted(times or 0, "call")
            raise NotPermitted(f"the target {target} permits {often} of {operation}, and no more are left")

    def _wait(self, provider: str, entry: ProfileEntry) -> None:
        rate = entry.pace.requests_per_second
        if rate is not None:
            now_s = time.clock_gettime(time.CLOCK_MONOTONIC)  # (monotonic() stands still where a test freezes time)
            time.sleep(self.run_store.reserve_slot(f"turn at {provider}", interval_s=1 / rate, now_s=now_s))

    def _pay(
        self, provider: str, budget: Budget | None, effect: Effect, exchange: Exchange | None, match: Match | None
    ) -> None:
        """Add the cost of a call; without a limit the budget was not locked while the call was under way."""
        if effect.spends is None or (exchange is not None and not _is_success(exchange)):
            return
        price, name = self._price(provider, effect, exchange, match)
        with self.run_store.budget(provider) if budget is None else nullcontext(budget) as paying:
            if price is None and name is not None:
                paying.unpriced[name] += 1
            else:
                paying.pay(price)

    def _price(
        self, provider: str, effect: Effect, exchange: Exchange | None, match: Match | None
    ) -> tuple[Price | None, str | None]:
        """What a call costs, and what the provider's price list calls that which was bought."""
        cost = effect.spends
        if cost is None or exchange is None or match is None:
            return None, None
        if cost.prices is None:
            amount = _amount(value_of(cost.amount, exchange, match))
            currency = (value_of(cost.currency, exchange, match) or "") if cost.currency else ""
            return None if amount is None else Price(amount, currency), None
        name = value_of(cost.bought, exchange, match)
        return None if name is None else self.run_store.price(provider, name), name

    def _learn(self, provider: str, exchange: Exchange, match: Match) -> None:
        """Keep the prices that an answer lists."""
        for effect in self._effects[provider].values():
            prices = effect.spends.prices if effect.spends is not None else None
            if prices is not None and prices.operation == match.operation.id:
                listed = ((name, _amount(amount), currency) for name, amount, currency in prices_of(prices, exchange))
                known = {name: Price(amount, currency) for name, amount, currency in listed if amount is not None}
                self.run_store.learn_prices(provider, known)

    def _look(self, provider: str, effect: Effect, exchange: Exchange, match: Match | None) -> None:
        """Keep the prices that an answer lists; tell what it reveals of the target, creates and removes."""
        if match is not None and _is_success(exchange):
            self._learn(provider, exchange, match)
        if self.tell is None:
            return
        ours = next((name for name, _ in exchange.response_headers if name.lower().startswith(OURS)), None)
        if ours is not None and self.run_store.take(RECOGNISED, 1):
            self.tell(Recognised(f"an answer has the header {ours}"))
        if match is None or not _is_success(exchange):
            return
        if effect.creates is not None:
            self._created(provider, effect, exchange, match)
        if effect.changes:
            self._removed(provider, exchange, match)

    def _created(self, provider: str, effect: Effect, exchange: Exchange, match: Match) -> None:
        if self.tell is None or effect.creates is None:
            return
        what = value_of(effect.creates, exchange, match)
        operation = match.operation.id
        known = self.run_store.not_cleaned(provider)
        if what is not None and any((each.what, each.operation) == (what, operation) for each in known):
            return  # it was made before, and is still there
        undone_by = effect.undone_by
        parameters = (
            {name: value_of(each, exchange, match) for name, each in undone_by.parameters.items()} if undone_by else {}
        )
        price, _ = self._price(provider, effect, exchange, match)
        made = CreatedResource(
            id=f"c-{self.run_store.next('created')}",
            provider=provider,
            operation=operation,
            what=what or "the answer does not say what",
            undo=undone_by.operation if undone_by else None,
            parameters={name: value for name, value in parameters.items() if value is not None},
            test=self.test(),
            spent=f"{price.amount} {price.currency}".rstrip() if price is not None else "",
        )
        self.run_store.add(made)  # (first, so that it is known whatever ends this process)
        self.tell(Created(made.id, made.test, made.operation, made.what, made.spent))
        self.run_store.mark_told(made.id)

    def _removed(self, provider: str, exchange: Exchange, match: Match) -> None:
        if self.tell is None:
            return
        operation = match.operation.id
        for made in self.run_store.not_cleaned(provider):
            is_same = made.parameters.items() <= match.path_parameters.items()
            how = f"{operation} answered {exchange.status}"
            is_its_removal = made.undo == operation and made.parameters and is_same
            if is_its_removal and self.run_store.mark_cleaned(made.id, how, is_removed=True):
                self.tell(CleanedUp(made.id, True, how))
                self.run_store.mark_told(made.id)


def _is_success(exchange: Exchange) -> bool:
    return 200 <= exchange.status < 300


def _amount(text: str | None) -> Decimal | None:
    try:
        amount = Decimal(text or "")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
