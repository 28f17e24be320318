"""A recording as a case: its requests can be sent again, and its answers are expected again."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from flowproof.conformance import Contract
from flowproof.plurals import counted

from .access import Access, account_names, of_basic
from .binding import Bindings
from .control import answer_leaves_of, control_steps, sent_leaves_of, taken_snapshots
from .exchanges import Accounts, RecordedExchange, Recording
from .expectation import Expectations
from .headers import credential_headers
from .placeholders import Placeholders
from .resending import Resending, accepted_account
from .selection import Selection, select
from .values import Leaf, answer_leaves, body_of, leaves, request_values

__all__ = ["Converted", "convert"]

SHORTEST_PAUSE_S = 1.0
SHORTEST_PAUSE_OF_OURS_S = 0.01  # (where all that a mock has done is known, so is when its tasks were due)
LONGEST_PAUSE_S = 3_200_000_000.0  # (the control API takes no longer step)


@dataclass(frozen=True, slots=True)
class Converted:
    """
    A recording as a case.

    Args:
        case: As in `fixtures/case.schema.json`.
        notes: What was left out, and what may be in the way of another run, each in one line.
        bound: How many values are bound.
        replaced: How many secrets and personal data have placeholders.
    """

    case: dict[str, Any]
    notes: tuple[str, ...]
    bound: int
    replaced: int


def convert(
    recording: Recording,
    contract: Contract,
    *,
    fallback: datetime,
    base_url: str | None = None,
    volatile: Collection[str] = (),
    fields: Collection[str] = (),
    kept: Collection[str] = (),
    public: frozenset[str] = frozenset(),
) -> Converted:
    """
    Make a case of the exchanges that are a provider's.

    Args:
        recording: Of whatever hosts.
        contract: Of the provider.
        fallback: When it happened, where the recording does not say.
        base_url: Under which the provider was recorded; by default it is found.
        volatile: Names of members whose values mean nothing to a comparison.
        fields: Names of members and parameters that are secrets, beside those that are known everywhere.
        kept: Names of those that are none.
        public: Values that are none, whatever their names.

    Raises:
        RecordingError: Nothing of it is the provider's, or a body is no UTF-8.
    """
    selection = select(recording, contract, base_url)
    placeholders = Placeholders(fields, kept, public)
    return _Conversion(selection, contract, volatile, placeholders, recording.accounts).converted(recording, fallback)


class _Conversion:
    """One recording on its way to a case; see :func:`convert`."""

    def __init__(
        self,
        selection: Selection,
        contract: Contract,
        volatile: Collection[str],
        placeholders: Placeholders,
        accounts: Accounts,
    ) -> None:
        self._selection = selection
        self._contract = contract
        self._credentials = credential_headers(contract)
        self._requests = [request_values(each) for each in selection.exchanges]
        self._answers = [
            body_of(each.exchange.response, f"The response of exchange {each.exchange.number}")
            for each in selection.exchanges
        ]
        self._placeholders = placeholders
        known = account_names(accounts, contract.slug)
        self._shortest_pause_s = SHORTEST_PAUSE_OF_OURS_S if accounts else SHORTEST_PAUSE_S
        self._calls = [call for each in selection.exchanges for call in each.exchange.control]
        self._snapshots = taken_snapshots(self._calls)
        self._places = list(accumulate(1 + len(each.exchange.control) for each in selection.exchanges))
        self._bindings = self._bind({value: name for value, (name, _) in known.items()})
        self._access = Access(
            self._bindings, placeholders, self._credentials, {value: role for value, (_, role) in known.items()}
        )
        self._resending = Resending(contract, self._bindings, placeholders, self._access, self._account(accounts))
        self._expectations = Expectations(self._bindings, self._placeholders, volatile, selection.base_url)
        self._learn()

    def _account(self, accounts: Accounts) -> Mapping[str, str]:
        return {} if accounts else accepted_account(self._selection.exchanges, self._requests)

    def _bind(self, known: Mapping[str, str]) -> Bindings:
        """The bindings of all that was sent and answered, calls of the control API among it, each at its place."""
        sent: list[list[Leaf]] = [[]]  # (place 0 is before everything)
        received: list[list[Leaf]] = [[]]
        texts = [""]
        for each, request, answer in zip(self._selection.exchanges, self._requests, self._answers, strict=True):
            exchange = each.exchange
            headers = [Leaf("", (name,), value) for name, value in exchange.request.headers if self._has_words(name)]
            pairs = [Leaf("", (), pair) for _, value in exchange.request.headers if (pair := of_basic(value))]
            sent += [sent_leaves_of(call) for call in exchange.control]
            received += [answer_leaves_of(call) for call in exchange.control]
            texts += [""] * (len(exchange.control) + 1)
            sent.append([*request.leaves(), *headers, *pairs])
            received.append(list(answer_leaves(exchange.response, answer)) if exchange.is_answered else [])
            texts[-1] = answer.value if exchange.is_answered and answer.kind == "text" else ""
        return Bindings(sent, received, texts, known)

    def _has_words(self, name: str) -> bool:
        """Whether a header can have a value of an earlier answer."""
        return name.lower() in self._credentials or name.lower() in {"if-match", "if-none-match", "referer"}

    def _learn(self) -> None:
        for each, request, answer in zip(self._selection.exchanges, self._requests, self._answers, strict=True):
            self._placeholders.learn_headers(each.exchange.request.headers, self._credentials)
            self._placeholders.learn_headers(each.exchange.response.headers, self._credentials)
            for call in each.exchange.control:
                self._placeholders.learn(sent_leaves_of(call))
            self._placeholders.learn(request.leaves())
            self._placeholders.learn(leaves(answer.value) if answer.kind == "json" else ())

    def converted(self, recording: Recording, fallback: datetime) -> Converted:
        moments = (at for each in self._selection.exchanges for at in moments_of(each.exchange))
        first = next((at for at in moments if at), fallback)
        name, base = self._placeholders.text(recording.name), self._placeholders.text(self._selection.base_url)
        steps = self._steps()
        cited = {each.exchange.requirement for each in self._selection.exchanges if each.exchange.requirement}
        case = {
            "id": identifier(name),
            "title": f"{counted(len(steps), 'recorded exchange')} of {base or 'an unnamed address'}",
            "standing": "recorded",
            "source": f"{name}, written by {self._placeholders.text(recording.program)}",
            "requirements": sorted(cited & self._contract.requirements.keys()),
            "clock": instant(first),
            **({"notes": notes} if (notes := list(self._notes(recording))) else {}),
            "steps": steps,
        }
        bound = sum(len(step.get("save", ())) for step in steps)
        return Converted(case, tuple(notes), bound, self._placeholders.count)

    def _notes(self, recording: Recording) -> Iterator[str]:
        yield from (f"left out: {each}" for each in recording.left_out)
        if self._selection.others:
            yield f"left out: {counted(self._selection.others, 'request')} to other addresses"
        for number, (each, answer) in enumerate(zip(self._selection.exchanges, self._answers, strict=True), start=1):
            if answer.kind == "unknown" and each.exchange.is_answered:
                yield f"step {number}: the answer's body is not recorded, or is no text: its status counts"
            if self._contract.operations.find(each.exchange.method, each.path) is None:
                yield f"step {number}: the contract of {self._contract.slug} has no operation for it"

    def _steps(self) -> list[dict[str, Any]]:
        steps, sent = [], set[str]()
        before: datetime | None = None
        for number, (each, place) in enumerate(zip(self._selection.exchanges, self._places, strict=True)):
            exchange, values = each.exchange, self._requests[number]
            step: dict[str, Any] = dict(self._time(exchange, before))
            if before is None or step or self._is_clock_set(exchange):
                before = exchange.at or before  # (shorter pauses add up)
            control = [*step.get("control", ()), *self._control(exchange, place)]
            if control:
                step["control"] = control
            step["request"] = self._resending.described(place, each, values)
            sent |= self._texts_sent(number)
            if saved := self._bindings.save(place):
                step["save"] = saved
                self._access.learn(exchange, place, step["request"])
            step["expect"] = self._expectations.expect(place, exchange, self._answers[number], sent)
            steps.append(step)
        return steps

    def _time(self, exchange: RecordedExchange, before: datetime | None) -> Iterator[tuple[str, Any]]:
        """How a mock's clock comes to the moment of a request, where no call of the control API has moved it."""
        if self._calls and not exchange.is_real_time:
            return  # (calls have set the clock)
        moment = next(moments_of(exchange))  # (of the first call before the request, which may set the clock)
        pause = (moment - before).total_seconds() if moment and before else 0.0
        if pause < 0 or pause > LONGEST_PAUSE_S:
            now = instant(exchange.at or datetime.now(UTC))
            yield "control", [{"method": "PUT", "path": "clock", "body": {"mode": "frozen", "now": now}}]
        elif pause >= self._shortest_pause_s:
            yield "advance_s", round(pause, 3)

    def _is_clock_set(self, exchange: RecordedExchange) -> bool:
        """Whether the clock stands where calls of the control API have put it."""
        is_moved = any(call.path.startswith("clock") for call in exchange.control)
        return bool(self._calls) and (is_moved or not exchange.is_real_time)

    def _control(self, exchange: RecordedExchange, place: int) -> Iterator[dict[str, Any]]:
        first = place - len(exchange.control)
        yield from control_steps(exchange.control, first, self._snapshots, self._resending.set_up, self._bindings)
        rest_s = self._since_advanced_s(exchange)
        if rest_s >= SHORTEST_PAUSE_OF_OURS_S:
            yield {"method": "POST", "path": "clock/advance", "body": {"seconds": round(rest_s, 3)}}

    def _since_advanced_s(self, exchange: RecordedExchange) -> float:
        """How much time has passed by itself between the last call that advanced a clock and the request after it."""
        last = next((call for call in reversed(exchange.control) if call.path.startswith("clock")), None)
        if last is None or last.path != "clock/advance" or not (last.at and exchange.at and exchange.is_real_time):
            return 0.0
        return (exchange.at - last.at).total_seconds() - float(last.body["seconds"])

    def _texts_sent(self, index: int) -> set[str]:
        """The texts of a request as they are sent again."""
        values = (self._placeholders.value(each.names, each.value) for each in self._requests[index].leaves())
        return {str(each) for each in values if each not in (None, "") and not isinstance(each, bool)}


def moments_of(exchange: RecordedExchange) -> Iterator[datetime | None]:
    """When a mock was set up for an exchange, and when it happened."""
    yield from (call.at for call in exchange.control)
    yield exchange.at


def instant(moment: datetime) -> str:
    """As a case and the control API have it: UTC, milliseconds."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def identifier(name: str) -> str:
    """The id of a case from the name of a file: lower case, digits and underscores, a letter first."""
    stem = re.sub(r"\.(har|json|postman_collection)", "", name.lower())
    words = re.sub(r"[^a-z0-9]+", "_", stem).strip("_")
    return words if words[:1].isalpha() else f"recording_{words}".rstrip("_")
