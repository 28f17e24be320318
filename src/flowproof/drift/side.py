"""One of the two targets: where a case's requests go, and what may not be sent there."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
import requests

from flowproof.cases import CaseRequest, send
from flowproof.conformance import Contract, Match
from flowproof.conformance.effects import Effect, read_effects, value_of
from flowproof.errors import FlowproofError
from flowproof.exchange import Exchange
from flowproof.kit import ProviderKit
from flowproof.target import Clock, Site
from flowproof.target.profile import Permission

from .comparison import ObservedResponse
from .folding import Folder

__all__ = ["NotComparable", "Side"]

ID = re.compile(r"^\$response\.body#.*/([^/]+)$")
GONE = frozenset({200, 202, 204, 400, 404, 409, 410})  # (it is removed now, or was removed by the case itself)
RELIED_ON = frozenset({"allow", "etag", "link", "location", "retry-after", "www-authenticate", "deprecation", "sunset"})


@dataclass(eq=False)
class NotComparable(FlowproofError):
    """
    A case cannot be tried on a target.

    Args:
        why: In one sentence.
    """

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(slots=True)
class Side:
    """
    One of the two.

    Args:
        name: For people.
        site: Where it is.
        permission: What may be done there.
        kit: Of the provider: signs the requests.
        contract: Of the provider.
        clock: What moves its time; None where nothing does, as on a sandbox.
        created: What was created there and is left, for people; nothing where everything is permitted, on a mock.
    """

    name: str
    site: Site
    permission: Permission
    kit: ProviderKit
    contract: Contract
    clock: Clock | None = None
    created: list[str] = field(default_factory=list)
    _calls: Counter[str] = field(default_factory=Counter)
    _undo: list[tuple[str, CaseRequest | None]] = field(default_factory=list)
    _session: requests.Session = field(default_factory=requests.Session)
    _effects: Mapping[str, Effect] = field(init=False)

    def __post_init__(self) -> None:
        self._effects = read_effects(self.contract.document)

    @property
    def ids(self) -> frozenset[str]:
        """Names of the members that the contract says are the ids of what was created."""
        found = (ID.search(effect.creates or "") for effect in self._effects.values())
        return frozenset(each[1] for each in found if each is not None)

    def now(self) -> datetime:
        return self.clock.now() if self.clock is not None else datetime.now(UTC)

    def refuses(self, requests_: Iterator[tuple[str, str]]) -> str | None:
        """Why a case with these methods and paths may not be sent there; None where it may."""
        calls = Counter(each for each in map(self._changing, requests_) if each is not None)
        for operation, times in calls.items():
            limit = self.permission.operations.get(operation, 0)
            if limit is not None and self._calls[operation] + times > limit:
                return f"{self.name} does not permit {operation}{' as often' if limit else ''}"
        return None

    def _changing(self, request: tuple[str, str]) -> str | None:
        """The operation of a request that changes something; None where nothing is changed, or all is permitted."""
        found = self.contract.operations.find(*request)
        if found is None or self.permission.everything or not self._effects[found.operation.id].changes:
            return None
        return found.operation.id

    def send(self, request: CaseRequest, folder: Folder) -> tuple[ObservedResponse, Any]:
        """
        Send a request.

        Returns:
            The answer folded, and its JSON value as it came; None where it is no JSON.

        Raises:
            NotComparable: It could not be sent, or there was no answer.
        """
        response = self._sent(request)
        match = self.contract.operations.find(request.method, request.path)
        if match is not None and response.ok:
            self._remember(request, response, match)
        raw = _json(response.content)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        names = {name.lower() for name in response.headers}
        body = folder.json(raw) if raw is not None else folder.text(response.text)
        return ObservedResponse(response.status_code, media_type, frozenset(names & RELIED_ON), body), raw

    def _sent(self, request: CaseRequest) -> requests.Response:
        try:
            return send(self._session, self.site.url, request, sign=partial(self.kit.headers, self.site))
        except (FlowproofError, requests.RequestException, LookupError) as error:
            raise NotComparable(f"{self.name} could not be asked: {type(error).__name__}") from error

    def _remember(self, request: CaseRequest, response: requests.Response, match: Match) -> None:
        """What the answer says was created, and how it is undone."""
        effect = self._effects[match.operation.id]
        if effect.changes:
            self._calls[match.operation.id] += 1
        if effect.creates is None:
            return
        exchange = Exchange(
            request.method, request.path, "", (), request.body or b"", response.status_code, (), response.content
        )
        what = f"{match.operation.id}: {value_of(effect.creates, exchange, match) or 'the answer does not say what'}"
        self._undo.append((what, self._undoing(effect, exchange, match)))

    def _undoing(self, effect: Effect, exchange: Exchange, match: Match) -> CaseRequest | None:
        undone_by = effect.undone_by
        operation = self.contract.operations.by_id(undone_by.operation) if undone_by else None
        if undone_by is None or operation is None:
            return None
        values = {name: value_of(each, exchange, match) for name, each in undone_by.parameters.items()}
        path = operation.path
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", quote(value or "", safe=""))
        return (
            None if None in values.values() or "{" in path else CaseRequest(operation.method, path, {}, {}, None, True)
        )

    def tidy(self) -> None:
        """Undo what a case has created and what can be undone, the newest first; keep the rest as left."""
        while self._undo:
            what, undoing = self._undo.pop()
            try:
                undone = undoing is not None and self._sent(undoing).status_code in GONE
            except NotComparable:
                undone = False
            if not undone and not self.permission.everything:
                self.created.append(what)

    def close(self) -> None:
        self._session.close()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
