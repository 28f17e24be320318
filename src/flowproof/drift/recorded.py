"""The requests of a recording on one target, and what it answers otherwise than the recording."""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import orjson

from flowproof.cases import Case, filled, prepare, value_at
from flowproof.redaction.marks import MARK, REDACTED

from .comparison import ObservedResponse, compare
from .dates import moved, passed, redated
from .folding import ACCOUNT
from .run import LONGEST_WAIT_S, Drift, Outcome, operation_of
from .side import NotComparable, Side
from .uniqueness import UniqueValues

__all__ = ["find_recorded_drift"]

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
    try:
        for case in cases:
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
    return Drift(tuple(outcomes), left_out, tuple(f"{side.name}: {what}" for what in side.created))


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
        self._saved: dict[str, Json] = dict(side.account)
        self._names = ACCOUNT | {name for step in case.steps for name in step.get("save", {})}

    def outcomes(self) -> Iterator[Outcome]:
        for number, step in enumerate(self._case.steps, start=1):
            self._let_pass(step.get("advance_s", 0))
            if is_incomplete(step):
                self._left_out[f"{self._case.id} {number}"] = "the recording does not have a secret of its request"
                continue
            lacking = self._lacking(step)
            if lacking:
                why = f"neither an answer nor {self._side.name} had {', '.join(lacking)}, which it needs"
                self._left_out[f"{self._case.id} {number}"] = why
                continue
            try:
                yield self._outcome(number, step)
            except NotComparable as error:
                self._left_out[f"{self._case.id} {number}"] = str(error)

    def _lacking(self, step: Mapping[str, Json]) -> list[str]:
        """Names that a request needs and that no answer has given."""
        found = NEEDED.findall(json.dumps(step["request"]))
        return sorted({name for pair in found for name in pair if name in self._names - self._saved.keys()})

    def _outcome(self, number: int, step: Mapping[str, Json]) -> Outcome:
        now, clock = self._side.now(), self._case.clock
        shift = passed(clock, now) if self._side.clock is None else timedelta()
        request = prepare(step["request"], self._saved)
        request = self._unique.request(redated(request, clock, now) if shift else request)
        response = self._side.receive(request)
        raw = _json(response.content)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        expect = self._unique.known(moved(step["expect"], shift))
        got = response.text if raw is None else raw
        observed = ObservedResponse(response.status_code, media_type, frozenset(), got)
        expected = self._expected(expect, observed)
        self._save(step, raw)
        differences = tuple(compare(expected, observed))
        operation = operation_of(self._side.contract, step)
        return Outcome(self._case.id, number, operation, expect["status"], differences)

    def _expected(self, expect: Mapping[str, Json], observed: ObservedResponse) -> ObservedResponse:
        """The recorded answer; what it does not say is as the target has it."""
        body = next((expect[each] for each in ("body", "text") if each in expect), {"$any": True})
        known = resolved(filled(body, self._saved), observed.body)
        return ObservedResponse(expect["status"], expect.get("content_type", observed.content_type), frozenset(), known)

    def _save(self, step: Mapping[str, Json], raw: Json) -> None:
        for name, pointer in step.get("save", {}).items():
            try:
                self._saved[name] = value_at(raw, pointer)
            except (LookupError, TypeError, ValueError):
                continue  # (what needs it is left out)

    def _let_pass(self, seconds: float) -> None:
        if seconds and self._side.clock is not None:
            self._side.clock.advance(seconds)
        elif seconds:
            time.sleep(seconds)


def is_incomplete(step: Mapping[str, Json]) -> bool:
    """Whether a request has the mark of a secret; one without credentials is refused with any."""
    request = step["request"]
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
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
