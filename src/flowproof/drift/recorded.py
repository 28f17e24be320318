"""The requests of a recording on one target, and what it answers otherwise than the recording."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import requests

from flowproof.cases import Case, filled, prepare, value_at
from flowproof.errors import FlowproofError
from flowproof.redaction.marks import MARK, REDACTED

from .comparison import ObservedResponse, compare
from .dates import moved, passed, redated
from .folding import ACCOUNT, OF_ACCOUNT
from .run import LONGEST_WAIT_S, Drift, Outcome, operation_of
from .saving import saved_value
from .side import NotComparable, Side
from .uniqueness import UniqueValues

__all__ = ["find_recorded_drift"]

NO_ANSWER = 0
FAULT = "a fault of the recording broke its answer"
NEEDED = re.compile(r"\{([a-z_][a-z0-9_]*)\}|\"\$saved\": \"([a-z_][a-z0-9_]*)\"")
Json = Any


def find_recorded_drift(cases: Iterable[Case], side: Side, *, unique: UniqueValues | None = None) -> Drift:
    """
    Send the requests of recorded cases to a target and compare the answers with the recorded ones.

    A step that is answered otherwise does not end its case. Steps that need a value of an answer which has none are
    left out.

    Args:
        cases: Made from recordings; where the target's time passes by itself, their dates are moved to today.
        side: The target; named second in every difference.
        unique: Replaces what a provider takes only once.
    """
    unique = unique if unique is not None else UniqueValues((), "")
    outcomes: list[Outcome] = []
    left_out: dict[str, str] = {}
    notes: list[str] = []
    try:
        for case in cases:
            notes.extend(f"{case.id}: {note}" for note in case.notes)
            why = _unfit(case, side)
            if why is not None:
                left_out[case.id] = why
                continue
            try:
                outcomes.extend(_Conversation(case, side, unique, left_out).outcomes())
            finally:
                side.tidy()
    finally:
        side.close()
    created = tuple(f"{side.name}: {what}" for what in side.created)
    return Drift(tuple(outcomes), left_out, created, tuple(notes))


def _unfit(case: Case, side: Side) -> str | None:
    longest = max((step.get("advance_s", 0) for step in case.steps), default=0)
    if longest > LONGEST_WAIT_S and side.clock is None:
        return f"it waits for {longest:g} s, and a sandbox's clock cannot be moved"
    return side.refuses((step["request"]["method"], step["request"]["path"]) for step in case.steps)


class _Conversation:
    """One case on one target; why steps are left out is added to `left_out`."""

    def __init__(self, case: Case, side: Side, unique: UniqueValues, left_out: dict[str, str]) -> None:
        self._case = case
        self._side = side
        self._unique = unique
        self._left_out = left_out
        self._saved: dict[str, Json] = {**side.account, **side.accounts}
        calls = [call for step in case.steps for call in step.get("control", ())]
        self._names = ACCOUNT | {name for each in (*case.steps, *calls) for name in each.get("save", {})}

    def outcomes(self) -> Iterator[Outcome]:
        for number, step in enumerate(self._case.steps, start=1):
            self._let_pass(step.get("advance_s", 0))
            why = self._set_up(step)
            if why is not None:
                rest = range(number, len(self._case.steps) + 1)
                self._left_out.update((f"{self._case.id} {each}", why) for each in rest)
                return
            why = self._unfit(step["request"])
            if why is not None:
                self._left_out[f"{self._case.id} {number}"] = why
                continue
            try:
                yield self._outcome(number, step)
            except NotComparable as error:
                is_broken = step["expect"]["status"] == NO_ANSWER
                self._left_out[f"{self._case.id} {number}"] = FAULT if is_broken else str(error)

    def _set_up(self, step: Mapping[str, Json]) -> str | None:
        """Do by the control API what was done before a request; why that cannot be done, None where it was."""
        for call in step.get("control", ()):
            what = f"{call['method']} {call['path'].partition('/')[0]}"
            if self._side.control is None:
                return f"{self._side.name} has no control API, by which the recorded mock was set up ({what})"
            lacking = self._lacking(call)
            if lacking:
                return f"no answer had {', '.join(lacking)}, by which the recorded mock was set up ({what})"
            try:
                path = filled(call["path"], self._saved)
                answer = self._side.control(call["method"], path, filled(call.get("body"), self._saved))
            except FlowproofError:
                return f"the control API did not do what the recording says ({what})"
            for name, pointer in call.get("save", {}).items():
                with suppress(LookupError, TypeError, ValueError):
                    self._saved[name] = value_at(answer, pointer)
        return None

    def _unfit(self, request: Mapping[str, Json]) -> str | None:
        """Why a request cannot be sent; None where it can."""
        if "lost" in request:
            return str(request["lost"])
        if is_incomplete(request):
            return "the recording does not have a secret of its request"
        lacking = self._lacking(request)
        return f"neither an answer nor {self._side.name} had {', '.join(lacking)}, which it needs" if lacking else None

    def _lacking(self, described: Mapping[str, Json]) -> list[str]:
        """Names that a request or a call needs and that no answer has given."""
        named = {name for pair in NEEDED.findall(json.dumps(described)) for name in pair}
        needed = {name for name in named if name in self._names or name.startswith(OF_ACCOUNT)}
        return sorted(needed - self._saved.keys())

    def _outcome(self, number: int, step: Mapping[str, Json]) -> Outcome:
        now, clock = self._side.now(), self._case.clock
        shift = passed(clock, now) if self._side.clock is None else timedelta()
        request = prepare(step["request"], self._saved)
        request = self._unique.request(redated(request, clock, now) if shift else request)
        response = self._side.receive(request)
        if step["expect"]["status"] == NO_ANSWER:
            raise NotComparable(FAULT)
        raw = _json(response.content)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        expect = self._unique.known(moved(step["expect"], shift))
        got = response.text if raw is None else raw
        observed = ObservedResponse(response.status_code, media_type, frozenset(), got)
        expected = self._expected(expect, observed)
        self._save(step, response)
        differences = tuple(compare(expected, observed))
        operation = operation_of(self._side.contract, step)
        return Outcome(self._case.id, number, operation, expect["status"], differences)

    def _expected(self, expect: Mapping[str, Json], observed: ObservedResponse) -> ObservedResponse:
        """The recorded answer; what it does not say is as the target has it."""
        body = next((expect[each] for each in ("body", "text") if each in expect), {"$any": True})
        known = resolved(filled(body, self._saved), observed.body)
        return ObservedResponse(expect["status"], expect.get("content_type", observed.content_type), frozenset(), known)

    def _save(self, step: Mapping[str, Json], response: requests.Response) -> None:
        for name, pointer in step.get("save", {}).items():
            with suppress(LookupError, TypeError, ValueError):  # (what needs it is left out)
                self._saved[name] = saved_value(response, pointer)

    def _let_pass(self, seconds: float) -> None:
        if seconds and self._side.clock is not None:
            self._side.clock.advance(seconds)
        elif seconds:
            time.sleep(seconds)


def is_incomplete(request: Mapping[str, Json]) -> bool:
    """Whether a request has the mark of a secret; one without credentials is refused with any."""
    parts = [value for name, value in request.items() if name != "headers" or request.get("sign", True)]
    text = json.dumps(parts)
    return REDACTED in text or MARK.search(text) is not None


def resolved(expected: Json, got: Json) -> Json:
    """
    An expected value without `$any` and `$match`: where the other fits them, it has their place.

    Args:
        expected: Of a case.
        got: What stands in its place in an answer.
    """
    if isinstance(expected, Mapping) and "$any" in expected:
        return got
    if isinstance(expected, Mapping) and "$match" in expected:
        is_fit = isinstance(got, str) and re.search(expected["$match"], got)
        return got if is_fit else f"<text like {expected['$match']}>"
    if isinstance(expected, Mapping):
        inside = got if isinstance(got, Mapping) else {}
        return {name: resolved(each, inside.get(name)) for name, each in expected.items()}
    if isinstance(expected, list):
        entries = got if isinstance(got, list) else []
        others = [*entries, *[None] * (len(expected) - len(entries))]
        return [resolved(each, other) for each, other in zip(expected, others, strict=False)]
    return expected


def _json(body: bytes) -> Json:
    try:
        return json.loads(body)  # (orjson has no whole numbers beyond 64 bits)
    except (ValueError, RecursionError):
        return None
