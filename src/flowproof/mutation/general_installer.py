"""Breaks the mock of this process as one general mutant says. What it has to remember, it reads off requests."""

import copy
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, cast

import orjson

from flowproof.conformance import Finding
from flowproof.conformance.places import Steps
from flowproof.kernel.hooks import Inputs, MockHooks
from flowproof.kernel.http.request import ProviderRequest
from flowproof.kernel.http.response import WireResponse

from .general_mutants import ECHOES, FINDINGS, LISTS, MEMORIES, REQUESTS
from .inputs import Likeness, Place, header_texts, input_texts, normal_form, strings, with_headers, with_inputs
from .mutant import OWN_HEADERS, Mutant
from .reference import has_later_index

__all__ = ["GeneralInstaller"]

SECOND, TENTH = 2, 10
MOVED_ON_S = 60.0
SHORTEST_ECHO = 2

Json = Any

TIMES: Mapping[str, int] = MappingProxyType({"first_answer": 1, "second_answer": SECOND})
"""Which answer of an operation in a workspace is another one's."""

ENFORCED_TIMES: Mapping[str, Callable[[int], bool]] = MappingProxyType(
    {
        "first_time_only": lambda time: time == 1,
        "not_first_time": lambda time: time != 1,
        "not_second_time": lambda time: time != SECOND,
    }
)
"""Whether a requirement is enforced, by how often the workspace has broken it, this time included."""


@dataclass(slots=True)
class GeneralInstaller:
    """
    The hooks of one general mutant.

    Args:
        mutant: What is broken.
        reached: How often a request came to where the mutant acts.
        changed: How many requests, responses and findings differed from the unbroken mock's.
    """

    mutant: Mutant
    reached: int = 0
    changed: int = 0
    _request: ProviderRequest | None = None
    _is_counted: bool = False
    _times: Counter[str] = field(default_factory=Counter)
    _first_body: dict[str, Json] = field(default_factory=dict)
    _sent: list[str] = field(default_factory=list)
    _heard: dict[str, set[str]] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)
    _answers: dict[Any, WireResponse] = field(default_factory=dict)

    def install(self, hooks: MockHooks) -> None:
        """Break a mock."""
        hooks.request_filter, hooks.input_filter = self._filter_request, self._filter_inputs
        hooks.answer_filter = self._filter_answer
        if self.mutant.kind in FINDINGS:
            hooks.findings_filter = self._filter_findings
        if self._likeness is not None:
            self._learn(cast("tuple[str, ...]", self.mutant.values))

    @property
    def _likeness(self) -> Likeness | None:
        kind = self.mutant.kind
        return cast("Likeness", kind.removeprefix("like_")) if kind.startswith("like_") else None

    @property
    def _mount(self) -> str:
        return self._request.mount if self._request is not None else ""

    def _count(self, workspace: str) -> int:
        """How many requests of a workspace have come to where the mutant acts, this one included."""
        self._times[workspace] += not self._is_counted
        self._is_counted = True
        return self._times[workspace]

    # ---- What is sent ----

    def _filter_request(self, slug: str, operation: str | None, request: ProviderRequest) -> ProviderRequest:
        if slug != self.mutant.provider:
            return request
        self._request, self._is_counted = request, False
        self._sent = [text for _, text in header_texts(request)]
        if self._likeness is None or self.mutant.operation not in (None, operation):
            return request
        return with_headers(request, self._alike)

    def _filter_inputs(self, slug: str, inputs: Inputs) -> Inputs:
        if slug != self.mutant.provider:
            return inputs
        texts = [text for _, text in input_texts(inputs)]
        self._sent += texts
        self._heard.setdefault(self._mount, set()).update(each for each in texts if len(each) >= SHORTEST_ECHO)
        if self.mutant.kind in REQUESTS:
            return self._with_first_body(inputs)
        if self._likeness is None or inputs.match.operation.id != self.mutant.operation:
            return inputs  # (a header's mutant has no operation)
        return with_inputs(inputs, self._alike)

    def _with_first_body(self, inputs: Inputs) -> Inputs:
        """The second body that an operation gets in a workspace is taken for the first."""
        if inputs.match.operation.id != self.mutant.operation or inputs.json is None:
            return inputs
        first = self._first_body.setdefault(self._mount, inputs.json)
        if self._count(self._mount) != SECOND:
            return inputs
        self.reached += 1
        self.changed += first != inputs.json
        return inputs._replace(json=copy.deepcopy(first))

    def _alike(self, place: Place, text: str) -> str:
        """The text that was accepted before and differs in nothing but the mutant's likeness, in place of another."""
        if place != self.mutant.steps or self._likeness is None:
            return text
        known = self._known.get(normal_form(text, self._likeness), text)
        if known == text:
            return text
        self.reached += 1
        self.changed += 1
        return known

    def _learn(self, texts: Sequence[str]) -> None:
        if self._likeness is not None:
            for text in texts:
                self._known.setdefault(normal_form(text, self._likeness), text)

    # ---- What is answered ----

    def _filter_answer(
        self, slug: str, operation: str | None, answer: WireResponse, _: Sequence[Finding]
    ) -> WireResponse:
        if slug != self.mutant.provider:
            return answer
        broken = self._broken(operation, answer) if answer.status else answer
        self._request, self._is_counted = None, False  # (a fault may answer the next request before it is seen)
        return broken

    def _broken(self, operation: str | None, answer: WireResponse) -> WireResponse:
        if self._likeness is not None and answer.status < 400:
            self._learn([*self._sent, *_strings(answer.body)])
        if self.mutant.kind in FINDINGS:
            return self._enforced_answer(answer)
        if (operation, answer.status) != (self.mutant.operation, self.mutant.status):
            return answer
        broken = answer
        if self.mutant.kind in MEMORIES:
            broken = self._remembered(answer)
        elif self.mutant.kind in ECHOES or self.mutant.kind in LISTS:
            broken = self._rewritten(answer)
        self.changed += broken is not answer
        return broken

    def _remembered(self, answer: WireResponse) -> WireResponse:
        request = self._request
        if self.mutant.kind in TIMES:
            return self._of_one_time(answer)
        line = (request.path, request.wire.query, request.wire.method) if request is not None else ()
        kind, mount = self.mutant.kind, self._mount
        key: Any = {"previous": mount, "other_workspace": line}.get(kind, (mount, line))
        before = self._answers.get(key)
        if before is None or kind == "previous":
            self._answers[key] = answer
        if before is None or not self._applies(before, answer):
            return answer
        self.reached += 1
        return answer if before.body == answer.body else replace(answer, body=before.body)

    def _of_one_time(self, answer: WireResponse) -> WireResponse:
        """The first answer in a workspace is one of another workspace; or the second is the first."""
        time = self._count(self._mount)
        first = self._answers.setdefault(self._mount, answer)
        if time != TIMES[self.mutant.kind]:
            return answer
        self.reached += 1
        body = self.mutant.canned.body if self.mutant.canned is not None else first.body
        return answer if answer.body == body else replace(answer, body=body)

    def _applies(self, before: WireResponse, answer: WireResponse) -> bool:
        """Whether the answer of before counts, which is of another workspace or moment where the mutant says so."""
        match self.mutant.kind:
            case "other_workspace":
                return _workspace(before) != _workspace(answer)
            case "late":
                return abs((_date(answer) - _date(before)).total_seconds()) >= MOVED_ON_S
        return True

    def _rewritten(self, answer: WireResponse) -> WireResponse:
        try:
            value = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return answer
        changed = self._with_list(value, self.mutant.steps) if self.mutant.kind in LISTS else self._with_echoes(value)
        return answer if changed == value else replace(answer, body=orjson.dumps(changed))

    def _with_list(self, value: Json, steps: Steps) -> Json:
        if not steps:
            return self._broken_list(value) if isinstance(value, list) else value
        if steps[0] == "*":
            return [self._with_list(each, steps[1:]) for each in value] if isinstance(value, list) else value
        if not isinstance(value, dict) or steps[0] not in value:
            return value
        return {name: self._with_list(each, steps[1:]) if name == steps[0] else each for name, each in value.items()}

    def _broken_list(self, entries: list[Json]) -> list[Json]:
        least = TENTH if "tenth" in self.mutant.kind else SECOND
        if len(entries) < least:
            return entries
        self.reached += 1
        match self.mutant.kind:
            case "second_entry":
                return [entries[0]] * len(entries)
            case "second_entry_only" | "tenth_entry_only":
                return [*entries[: least - 1], entries[least - 2], *entries[least:]]
            case "last_entry":
                return entries[:-1]
        return [entries[index] for index in sorted(range(len(entries)), key=lambda index: str(index + 1))]

    def _with_echoes(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {name: self._with_echoes(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._with_echoes(each) for each in value]
        if not isinstance(value, str) or value not in self._heard.get(self._mount, ()):
            return value
        other = _echo(self.mutant.kind, value)
        self.reached += other != value
        return other

    # ---- What is enforced ----

    def _enforced_answer(self, answer: WireResponse) -> WireResponse:
        """A refusal that no filter can leave out: where it does not count, what is answered in its place."""
        canned = self.mutant.canned
        if answer.requirement != self.mutant.requirement or canned is None:
            return answer
        if self.mutant.kind not in ENFORCED_TIMES or self._is_enforced(self._mount or _workspace(answer)):
            return answer
        self.reached += 1
        self.changed += 1
        own = tuple(each for each in answer.headers if each[0] in OWN_HEADERS)
        return replace(answer, status=canned.status, body=canned.body, headers=(*canned.headers, *own))

    def _filter_findings(self, slug: str, findings: Sequence[Any]) -> Sequence[Any]:
        enforced = [each for each in findings if slug != self.mutant.provider or not self._leaves_out(each)]
        self.changed += len(findings) - len(enforced)
        return enforced

    def _leaves_out(self, finding: Any) -> bool:
        if finding.requirement != self.mutant.requirement:
            return False
        is_left_out = (
            not self._is_enforced(self._mount) if self.mutant.kind in ENFORCED_TIMES else has_later_index(finding)
        )
        self.reached += is_left_out
        return is_left_out

    def _is_enforced(self, workspace: str) -> bool:
        """Whether the requirement counts in this request, which breaks it."""
        return ENFORCED_TIMES[self.mutant.kind](self._count(workspace))


def _echo(kind: str, text: str) -> str:
    match kind:
        case "echo_composed":
            return unicodedata.normalize("NFC", text)
        case "echo_blanks":
            return text.strip()
        case "echo_case":
            return text.lower()
    return text.encode("ascii", "replace").decode()


def _strings(body: bytes) -> list[str]:
    try:
        return list(strings(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return []


def _workspace(answer: WireResponse) -> str:
    return _own_header(answer, "Flowproof-Exchange").rpartition("-")[0]


def _date(answer: WireResponse) -> datetime:
    return parsedate_to_datetime(_own_header(answer, "Date"))


def _own_header(answer: WireResponse, name: str) -> str:
    return next(value for each, value in answer.headers if each == name and each in OWN_HEADERS)
