"""One of the two targets: where a case's requests go, and what may not be sent there."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import requests

from flowproof.cases import CaseRequest, send
from flowproof.conformance import Contract, Match
from flowproof.conformance.effects import Effect, read_effects, value_of
from flowproof.errors import FlowproofError
from flowproof.exchange import Exchange
from flowproof.kit import Leftover, ProviderKit
from flowproof.removal import remove_all
from flowproof.target import Clock, Site
from flowproof.target.profile import Permission

from .comparison import ObservedResponse
from .folding import Folder, account_name

__all__ = ["NotComparable", "Side", "read_ids"]

ID = re.compile(r"^\$response\.body#.*/([^/]+)$")
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


@dataclass(frozen=True, slots=True)
class Made:
    """
    Something that a case has created.

    Args:
        operation: `operationId` that created it.
        what: Its id or reference.
        undo: `operationId` that removes it; empty where none does.
        parameters: Path parameters of that operation, as far as they are known.
    """

    operation: str
    what: str
    undo: str
    parameters: Mapping[str, str]

    def is_removed_by(self, match: Match) -> bool:
        """Whether a request that succeeded has removed it."""
        is_same = self.parameters.items() <= match.path_parameters.items()
        return bool(self.parameters) and self.undo == match.operation.id and is_same


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
        control: Makes a call of the control API, given its method, its path below the workspace and its body; None
            where there is none.
        created: What was created there and is left, for people; nothing where everything is permitted, on a mock.
    """

    name: str
    site: Site
    permission: Permission
    kit: ProviderKit
    contract: Contract
    clock: Clock | None = None
    control: Callable[[str, str, Any], Any] | None = None
    created: list[str] = field(default_factory=list)
    _calls: Counter[str] = field(default_factory=Counter)
    _made: list[Made] = field(default_factory=list)
    _session: requests.Session = field(default_factory=requests.Session)
    _effects: Mapping[str, Effect] = field(init=False)

    def __post_init__(self) -> None:
        self._effects = read_effects(self.contract.document)

    @property
    def ids(self) -> frozenset[str]:
        """Names of the members that the contract says are the ids of what was created."""
        return read_ids(self.contract)

    @property
    def account(self) -> Mapping[str, str]:
        """What requests name of the target's account in parameters, by OAuth's names (RFC 6749)."""
        credentials = self.site.keys.get("default")
        if credentials is None:
            return {}
        values = {"client_id": credentials.key, "client_secret": credentials.values.get("secret"), **credentials.values}
        return {name: str(value) for name, value in values.items() if value}

    @property
    def accounts(self) -> Mapping[str, str]:
        """The target's credentials of every role, by the names that a recorded case has for them."""
        return {
            account_name(role, part): str(value)
            for role, credentials in self.site.keys.items()
            for part, value in {"key": credentials.key, **credentials.values}.items()
            if value
        }

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

    def receive(self, request: CaseRequest) -> requests.Response:
        """
        Send a request; the answer as it came.

        Raises:
            NotComparable: It could not be sent, or there was no answer.
        """
        if "cookie" in request.without | {name.lower() for name in request.headers}:
            self._session.cookies.clear()
        response = self._sent(request)
        match = self.contract.operations.find(request.method, request.path)
        if match is not None and response.ok:
            self._remember(request, response, match)
        return response

    def send(self, request: CaseRequest, folder: Folder) -> tuple[ObservedResponse, Any]:
        """
        Send a request.

        Returns:
            The answer folded, and its JSON value as it came; None where it is no JSON.

        Raises:
            NotComparable: It could not be sent, or there was no answer.
        """
        response = self.receive(request)
        raw = _json(response.content)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        names = {name.lower() for name in response.headers}
        body = folder.json(raw) if raw is not None else folder.text(response.text)
        return ObservedResponse(response.status_code, media_type, frozenset(names & RELIED_ON), body), raw

    def _sent(self, request: CaseRequest) -> requests.Response:
        try:
            return send(self._session, self.site.url, request, sign=self._signature)
        except NotComparable:
            raise
        except (FlowproofError, requests.RequestException, LookupError, ValueError) as error:
            raise NotComparable(f"{self.name} could not be asked: {type(error).__name__}") from error

    def _signature(self, request: CaseRequest) -> Mapping[str, str]:
        """
        The headers that authenticate a request.

        Raises:
            NotComparable: The kit's code fails.
        """
        try:
            return self.kit.headers(self._site_as(request.role), request)
        except (FlowproofError, requests.RequestException, LookupError):
            raise
        except Exception as error:  # the code of another distribution may fail in any way
            raise NotComparable(f"the kit of {self.kit.slug} could not sign it: {type(error).__name__}") from error

    def _site_as(self, role: str) -> Site:
        """The site of whoever signs with the credentials of a role."""
        if role == "default":
            return self.site
        return replace(self.site, keys={**self.site.keys, "default": self.site.credentials(role)})

    def _remember(self, request: CaseRequest, response: requests.Response, match: Match) -> None:
        """What the answer says was created, and how it is undone."""
        effect = self._effects[match.operation.id]
        if effect.changes:
            self._calls[match.operation.id] += 1
        self._made = [each for each in self._made if not each.is_removed_by(match)]
        if effect.creates is None:
            return
        exchange = Exchange(
            request.method, request.path, "", (), request.body or b"", response.status_code, (), response.content
        )
        what = value_of(effect.creates, exchange, match) or "the answer does not say what"
        undone_by = effect.undone_by
        values = {} if undone_by is None else undone_by.parameters
        found = {name: value_of(each, exchange, match) for name, each in values.items()}
        parameters = {name: value for name, value in found.items() if value is not None}
        self._made.append(Made(match.operation.id, what, undone_by.operation if undone_by else "", parameters))

    def tidy(self) -> None:
        """Remove what a case has created and what can be removed, as a certification does; keep the rest as left."""
        made, self._made = self._made[::-1], []
        removable = [each for each in made if each.undo in self.kit.cleanup and self._permits(each.undo)]
        left = [each for each in made if each not in removable]
        ended = remove_all(removable, self._remove, target_of=lambda _: self.name, pause=self._pause)
        left += [each.thing for each in ended if not each.is_gone]
        if not self.permission.everything:
            self.created.extend(f"{each.operation}: {each.what}" for each in left)

    def _permits(self, operation: str) -> bool:
        return self.permission.everything or operation in self.permission.operations

    def _remove(self, made: Made) -> str:
        settings: dict[str, Any] = {} if self.clock is None else {"sleep": self.clock.advance}
        with closing(self.kit.make_client(self.site, session=self._session, **settings)) as client:
            self.kit.remove(made.undo, client, Leftover(made.what, self.site, made.parameters))
        return made.undo

    def _pause(self, seconds: float) -> None:
        if self.clock is not None:
            self.clock.advance(seconds)
        else:
            time.sleep(seconds)

    def close(self) -> None:
        self._session.close()


def read_ids(contract: Contract) -> frozenset[str]:
    """Names of the members that a contract says are the ids of what was created."""
    found = (ID.search(effect.creates or "") for effect in read_effects(contract.document).values())
    return frozenset(each[1] for each in found if each is not None)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
