"""
Sends sequence after sequence until the budget is used up, and makes each finding as small as it can be.

First a few requests of every operation and kind, so that a short run has seen all of them; then the rest.
"""

from collections.abc import Callable, Collection, Iterator
from collections.abc import Sequence as Sequences_
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import CLOCK_MONOTONIC, clock_gettime
from uuid import uuid4

import orjson
import requests
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from flowproof.cases import CaseRequest, prepare, value_at
from flowproof.certify.guard import NotPermitted
from flowproof.conformance import Contract
from flowproof.conformance.operations import Operation
from flowproof.drift.dates import moved, passed
from flowproof.drift.uniqueness import UniqueValues
from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.kit import ProviderKit

from .judging import ANSWERED, Fault, judge
from .requests import Kind, Sequence, Step
from .sequences import Sequences
from .tallies import Done, Finding, Fuzzing, Tally
from .targets import Conversation, Received, Target

__all__ = ["fuzz"]

FIRST_RUNS = 5
NEAR_FACTOR = 5  # one change in one place has the most to try, and costs the least to draw
MOST_FINDINGS = 5  # of one operation and kind
UNSENDABLE = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    UnicodeError,
)


class Broken(Exception):
    """A sequence has shown what is wrong."""


class Over(BaseException):
    """The budget is used up. No `except Exception` of Hypothesis takes it for an example."""


def fuzz(
    target: Target,
    contract: Contract,
    kit: ProviderKit,
    sequences: Sequences,
    *,
    operations: Sequences_[str] = (),
    kinds: Collection[Kind] = (),
    runs: int = 40,
    budget_s: float | None = 60,
    random_seed: int = 0,
    on_tally: Callable[[Tally], None] = lambda _: None,
) -> Fuzzing:
    """
    Look for what is wrong in a provider's answers.

    Args:
        target: Where the requests are sent.
        contract: What they are judged by.
        kit: Of the provider: signs them.
        sequences: Draws them.
        operations: Ids of those to look at; none for all.
        kinds: Kinds of requests to send; none for all.
        runs: How many sequences of each operation and kind, beside those that make a finding smaller; of those with one
            change five times as many.
        budget_s: Real seconds; None for no such limit.
        random_seed: The same seed draws the same sequences.
        on_tally: Called whenever the sequences of an operation and kind have been sent.

    Raises:
        ConfigurationError: The contract has no such operation, or the target cannot be used.
    """
    chosen = _chosen(contract, operations)
    deadline_s = None if budget_s is None else clock_gettime(CLOCK_MONOTONIC) + budget_s
    began_at = datetime.now(UTC)
    known: set[tuple[str, ...]] = set()
    work = [
        (Search(target, contract, kit, Tally(each.id, kind), deadline_s, known), sequences.of(each, kind))
        for each in chosen
        for kind in sequences.kinds(each, kinds)
    ]
    over = False
    try:
        first = min(FIRST_RUNS, runs)
        for number, size in enumerate((first, runs - first)):
            for search, strategy in work if size else ():
                if not (search.tally.omitted or search.tally.broken or search.is_exhausted):
                    many = size * (NEAR_FACTOR if search.tally.kind == "near" else 1)
                    search.run(strategy, many, 2 * random_seed + number)
                    on_tally(search.tally)
    except Over:
        over = True
    finally:
        target.clean_up()
    return Fuzzing(random_seed, began_at, datetime.now(UTC), tuple(search.tally for search, _ in work), over)


def _chosen(contract: Contract, operations: Sequences_[str]) -> tuple[Operation, ...]:
    known = [each.id for each in contract.operations.all]
    if unknown := [each for each in operations if each not in known]:
        raise ConfigurationError(f"{contract.slug} has no operation {unknown[0]}.", f"Choose from: {', '.join(known)}.")
    return tuple(each for each in contract.operations.all if not operations or each.id in operations)


@dataclass(slots=True)
class Search:
    """The search among the sequences of one operation and kind; what any search has found is known to all."""

    target: Target
    contract: Contract
    kit: ProviderKit
    tally: Tally
    deadline_s: float | None
    known: set[tuple[str, ...]]
    is_exhausted: bool = False
    pursued: tuple[str, ...] | None = None
    smallest: Finding | None = None

    def run(self, strategy: SearchStrategy[Sequence], size: int, random_seed: int) -> None:
        """
        Send so many sequences, again while something new is found.

        Raises:
            Over: The budget is used up.
        """
        for _ in range(MOST_FINDINGS):
            repeats = True
            try:
                self._draw(strategy, size, random_seed)
            except Broken:
                pass
            except Flaky:
                repeats = False
            except Unsatisfiable:
                self.is_exhausted = True
            except NotPermitted as refused:
                self.tally.omitted = str(refused)
            finally:
                is_new = self._keep(repeats=repeats)
            if not is_new:
                return

    def _keep(self, *, repeats: bool) -> bool:
        """Keep what the last sequences have shown, and forget what they pursued; False where that is nothing."""
        found, key = self.smallest, self.pursued
        self.pursued = self.smallest = None
        if found is None or key is None:
            return False
        self.known.add(key)
        self.tally.findings.append(replace(found, repeats=repeats))
        return True

    def _draw(self, strategy: SearchStrategy[Sequence], size: int, random_seed: int) -> None:
        @seed(random_seed)
        @settings(
            max_examples=size,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def draw(sequence: Sequence) -> None:
            self._try_out(sequence)

        draw()

    def _try_out(self, sequence: Sequence) -> None:
        if self.deadline_s is not None and clock_gettime(CLOCK_MONOTONIC) > self.deadline_s:
            raise Over
        if self.tally.broken:
            return
        done: list[Done] = []
        for each, faults in self._performed(sequence):
            done.append(each)
            for fault in faults:
                key = (each.step.operation, *fault.kind)
                if key in self.known:
                    continue
                if self.pursued is None:
                    self.pursued = key
                if key == self.pursued:
                    self._found(Finding(each.step.operation, fault, sequence, tuple(done)))

    def _found(self, finding: Finding) -> None:
        if self.smallest is None or finding.sequence.complexity <= self.smallest.sequence.complexity:
            self.smallest = finding
        raise Broken

    def _performed(self, sequence: Sequence) -> Iterator[tuple[Done, Sequences_[Fault]]]:
        """Send the steps one after the other, as long as each has what the next one needs."""
        saved: dict[str, object] = {}
        unique = None if self.target.is_fresh else UniqueValues(self.kit.unique, uuid4().hex[:8])
        with self.target.sequence() as conversation:
            for number, step in enumerate(sequence.steps):
                if not conversation.wait(step.waits_s, is_first=number == 0):
                    return
                today = _today(step, conversation.now())
                request = prepare(today.request, saved)
                done, faults = self._sent(conversation, today, unique.request(request) if unique else request)
                yield done, faults
                if done.received is None or not _save(today, done.received, saved):
                    return

    def _sent(self, conversation: Conversation, step: Step, request: CaseRequest) -> tuple[Done, Sequences_[Fault]]:
        try:
            received = conversation.send(request)
        except UNSENDABLE:
            reject()
        except requests.RequestException as error:
            self.tally.requests += 1
            text = f"The request got no whole answer: {type(error).__name__}."
            return Done(step, None), (Fault(ANSWERED, text, (ANSWERED,)),)
        except NotPermitted:
            raise
        except (FlowproofError, LookupError, ValueError) as error:
            self.tally.broken = f"a request could not be signed: {type(error).__name__}: {error}"
            return Done(step, None), ()
        self.tally.requests += 1
        done = Done(step, received)
        if step.operation == self.tally.operation:
            self.tally.answers[received.exchange.status] += 1
            self.tally.example = self.tally.example or done
        return done, tuple(judge(self.contract, received.exchange))


def _today(step: Step, now: datetime) -> Step:
    """The step with its dates moved to today."""
    return replace(step, request=moved(step.request, passed(step.clock, now)), clock="") if step.clock else step


def _save(step: Step, received: Received, saved: dict[str, object]) -> bool:
    """Keep what later steps need; False where the answer does not have it."""
    if step.save and not 200 <= received.exchange.status < 300:
        return False
    with suppress(ValueError, LookupError, TypeError):
        value = orjson.loads(received.exchange.response_body) if step.save else None
        for name, pointer in step.save.items():
            saved[name] = value_at(value, pointer)
    return all(name in saved for name in step.save)
