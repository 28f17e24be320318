"""A recording as a case: its requests can be sent again, and its answers are expected again."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flowproof.conformance import Contract
from flowproof.drift.folding import ACCOUNT
from flowproof.plurals import counted

from .binding import Bindings
from .exchanges import Recording
from .expectation import Expectations
from .headers import credential_headers, kept_headers
from .placeholders import Placeholders
from .selection import ProviderExchange, Selection, select
from .values import Leaf, RequestValues, body_of, changed, leaves, request_values

__all__ = ["Converted", "convert"]

WITHOUT_ACCESS = frozenset({401, 403})
SHORTEST_PAUSE_S = 1.0
OF_PATH = ":@!$&'()*+,;=-._~{}"  # what stands in a segment as it is, and the braces of a name


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

    Raises:
        RecordingError: Nothing of it is the provider's, or a body is no UTF-8.
    """
    selection = select(recording, contract, base_url)
    placeholders = Placeholders(fields, kept)
    return _Conversion(selection, contract, volatile, placeholders).converted(recording, fallback)


class _Conversion:
    """One recording on its way to a case; see :func:`convert`."""

    def __init__(
        self, selection: Selection, contract: Contract, volatile: Collection[str], placeholders: Placeholders
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
        self._account = _account(selection, self._requests)
        self._bindings = Bindings(self._requests, self._answers)
        self._expectations = Expectations(self._bindings, self._placeholders, volatile, selection.base_url)
        self._learn()

    def _learn(self) -> None:
        for each, request, answer in zip(self._selection.exchanges, self._requests, self._answers, strict=True):
            self._placeholders.learn_headers(each.exchange.request.headers, self._credentials)
            self._placeholders.learn_headers(each.exchange.response.headers, self._credentials)
            self._placeholders.learn(request.leaves())
            self._placeholders.learn(leaves(answer.value) if answer.kind == "json" else ())

    def converted(self, recording: Recording, fallback: datetime) -> Converted:
        first = next((each.exchange.at for each in self._selection.exchanges if each.exchange.at), fallback)
        name, base = self._placeholders.text(recording.name), self._placeholders.text(self._selection.base_url)
        steps = self._steps()
        cited = {each.exchange.requirement for each in self._selection.exchanges if each.exchange.requirement}
        case = {
            "id": identifier(name),
            "title": f"{counted(len(steps), 'recorded exchange')} of {base or 'an unnamed address'}",
            "standing": "recorded",
            "source": f"{name}, written by {self._placeholders.text(recording.program)}",
            "requirements": sorted(cited & self._contract.requirements.keys()),
            "clock": f"{first.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z",
            "steps": steps,
        }
        bound = sum(len(step.get("save", ())) for step in steps)
        return Converted(case, tuple(self._notes(recording)), bound, self._placeholders.count)

    def _notes(self, recording: Recording) -> Iterator[str]:
        yield from (f"left out: {each}" for each in recording.left_out)
        if self._selection.others:
            yield f"left out: {counted(self._selection.others, 'request')} to other addresses"
        for number, (each, answer) in enumerate(zip(self._selection.exchanges, self._answers, strict=True), start=1):
            if answer.kind == "unknown":
                yield f"step {number}: the answer's body is not recorded, or is no text: its status counts"
            if self._contract.operations.find(each.exchange.method, each.path) is None:
                yield f"step {number}: the contract of {self._contract.slug} has no operation for it"

    def _steps(self) -> list[dict[str, Any]]:
        steps, sent = [], set[str]()
        before: datetime | None = None
        for index, each in enumerate(self._selection.exchanges):
            step: dict[str, Any] = {}
            pause = (each.exchange.at - before).total_seconds() if each.exchange.at and before else 0.0
            if pause >= SHORTEST_PAUSE_S:
                step["advance_s"] = round(pause, 3)
            before = each.exchange.at or before
            step["request"] = self._request(index, each)
            sent |= self._texts_sent(index)
            if saved := self._bindings.save(index):
                step["save"] = saved
            answer, response = self._answers[index], each.exchange.response
            step["expect"] = self._expectations.expect(index, each.exchange.status, response, answer, sent)
            steps.append(step)
        return steps

    def _texts_sent(self, index: int) -> set[str]:
        """The texts of a request as they are sent again."""
        values = (self._placeholders.value(each.names, each.value) for each in self._requests[index].leaves())
        return {str(each) for each in values if each not in (None, "") and not isinstance(each, bool)}

    def _request(self, index: int, each: ProviderExchange) -> dict[str, Any]:
        values = self._requests[index]
        request: dict[str, Any] = {"method": each.exchange.method, "path": self._path(index, each, values)}
        if values.query:
            request["query"] = _by_name((name, self._parameter(index, name, value)) for name, value in values.query)
        found = self._contract.operations.find(each.exchange.method, each.path)
        operation = found.operation if found is not None else None
        kept = kept_headers(each.exchange.request.headers, operation, self._contract)
        headers = {name: self._bindings.inside(self._placeholders.text(value), index) for name, value in kept}
        if self._is_without_access(each):
            request["sign"] = False
            headers |= self._wrong_credentials(each)
        if headers:
            request["headers"] = headers
        body = values.body
        if body.kind == "json":
            request["body"] = self._json(index, body.value)
        elif body.kind == "form":
            request["form"] = [[name, self._parameter(index, name, value)] for name, value in body.value]
        elif body.kind == "none" and each.exchange.request.media_type:
            request.setdefault("headers", {})["Content-Type"] = each.exchange.request.media_type
        elif body.kind == "text":
            request["text"] = self._bindings.inside(self._placeholders.text(body.value), index)
            request.setdefault("headers", {}).setdefault(
                "Content-Type", each.exchange.request.media_type or "text/plain"
            )
        return request

    def _is_without_access(self, each: ProviderExchange) -> bool:
        """Whether a request was refused for its credentials, so that a signed one would be answered otherwise."""
        sent = (value for name, value in each.exchange.request.headers if name.lower() in self._credentials)
        is_anonymous = not any(map(str.strip, sent))
        return each.exchange.status == 401 or (is_anonymous and each.exchange.status in WITHOUT_ACCESS)

    def _wrong_credentials(self, each: ProviderExchange) -> dict[str, str]:
        found = ((name, value) for name, value in each.exchange.request.headers if name.lower() in self._credentials)
        return {name: self._placeholders.text(value) for name, value in found}

    def _path(self, index: int, each: ProviderExchange, values: RequestValues) -> str:
        """The path with names and placeholders; a segment that the contract names literally stays."""
        before = self._contract.operations.find(each.exchange.method, each.path)
        parameters = set(before.path_parameters.values()) if before is not None else set(values.segments)
        segments = [
            self._parameter(index, "", segment) if segment in parameters else segment for segment in values.segments
        ]
        return "".join(f"/{quote(segment, safe=OF_PATH)}" for segment in segments)

    def _parameter(self, index: int, name: str, value: str) -> str:
        return str(self._leaf(index, Leaf("", (name,) if name else (), value)))

    def _leaf(self, index: int, leaf: Leaf) -> Any:
        """A value of a request: the name of a bound or an account's one, else itself with names and placeholders."""
        if leaf.names and leaf.value is not None and self._account.get(leaf.names[-1]) == leaf.value:
            return f"{{{leaf.names[-1]}}}"
        filled = self._bindings.filled(leaf.value, index)
        is_whole = self._bindings.name_of(leaf.value, index) is not None
        return filled if is_whole else self._placeholders.value(leaf.names, filled)

    def _json(self, index: int, value: Any) -> Any:
        return changed(value, lambda leaf: self._leaf(index, leaf), self._placeholders.text)


def _account(selection: Selection, requests: Sequence[RequestValues]) -> dict[str, str]:
    """The parameters that name an account and that the provider has accepted: a target has its own in their place."""
    accepted = (
        values for each, values in zip(selection.exchanges, requests, strict=True) if each.exchange.status < 400
    )
    found = (leaf for values in accepted for leaf in values.leaves())
    return {leaf.names[-1]: leaf.value for leaf in found if leaf.names and leaf.names[-1] in ACCOUNT}


def identifier(name: str) -> str:
    """The id of a case from the name of a file: lower case, digits and underscores, a letter first."""
    stem = re.sub(r"\.(har|json|postman_collection)", "", name.lower())
    words = re.sub(r"[^a-z0-9]+", "_", stem).strip("_")
    return words if words[:1].isalpha() else f"recording_{words}".rstrip("_")


def _by_name(pairs: Iterator[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Parameters by name; the values of a name that occurs more than once as a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
