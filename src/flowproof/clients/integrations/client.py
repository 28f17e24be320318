"""
The client of the Integrations API: integrations with external platforms, push subscriptions, workflows.

    with Integrations("https://api.dispatch.example.com", token) as integrations:
        (trigger, *_) = integrations.triggers("Shipment")
        integrations.configure_workflow("Tell the shop", "Shipment", trigger.guid, {"type": "webhook", "url": url})

Source:
    seeds/004. Tokens: providers/integrations.md.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import quote, urlsplit, urlunsplit

import requests

from flowproof.clients.answers import Answer, Node
from flowproof.clients.errors import Problem, Unreachable, failure
from flowproof.clients.integrations.bodies import Action, EntityType, IntegrationSettings, PushSubscription
from flowproof.clients.integrations.results import Integration, Trigger, Workflow
from flowproof.clients.retry import Retry, persist, retry_after_s
from flowproof.errors import ConfigurationError

__all__ = ["Integrations", "Settings"]

_NOT_PROCESSED = frozenset({429})
_SHORTEST_HIDDEN = 4


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Settings(TypedDict, total=False):
    """What can be set beside URL and token; `Integrations` says what each means."""

    timeout_s: float
    retry: Retry
    session: requests.Session | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    chance: Random | None


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation with its arguments; `repeatable` where it changes nothing."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, object] | None = field(default=None, repr=False)
    repeatable: bool = False
    hidden: tuple[str, ...] = field(default=(), repr=False)


class Integrations:
    """
    A client of the Integrations API.

    Only the two lists are safe to repeat: they are sent again after a lost answer, a 429 and a 5XX. Everything else
    changes state, `disable`, `toggle` and `resume` too although they are GETs: it is sent again after a 429 only, and
    where its answer was lost `Unreachable` reaches the caller at once. Redirects are not followed.

    `session` is public: mount adapters, add hooks, set proxies or certificates on it as on any `requests` session.

    Args:
        base_url: URL before `/api`; a trailing `/api` or slash is taken off.
        token: An API token or a user token; never shown.
        timeout_s: Longest wait for a connection, and for each next piece of an answer.
        retry: When to send again.
        session: Session to use; a new one by default.
        now: The present, aware.
        sleep: Waits that many seconds.
        chance: Source of the retry's jitter.

    Raises:
        ConfigurationError: The URL or the token cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout_s: float = 10.0,
        retry: Retry = Retry(),  # noqa: B008 - a frozen value
        session: requests.Session | None = None,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], None] = time.sleep,
        chance: Random | None = None,
    ) -> None:
        self.base_url = _normal_url(base_url)
        self._token = _checked_token(token)
        self.timeout_s = timeout_s
        self.retry = retry
        self.session = requests.Session() if session is None else session
        self._now = now
        self._sleep = sleep
        self._chance = Random() if chance is None else chance

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session's connections, also of a session handed in; used again, it opens new ones."""
        self.session.close()

    def configure(
        self,
        provider_id: str,
        credentials: Mapping[str, object],
        *,
        provider_type: str = "ecommerce",
        settings: IntegrationSettings | Mapping[str, object] | None = None,
    ) -> Integration:
        """
        Set up an integration with an external platform.

        Args:
            provider_id: The platform.
            credentials: For it, as it has them; no error repeats them.
            provider_type: Kind of platform.
            settings: What the integration does by itself.

        Raises:
            NotFound: There is no such platform.
            Refused: The credentials are wrong (code `CONFIGURATION_ERROR`), or it is configured already (`CONFLICT`).
        """
        body = {"providerId": provider_id, "providerType": provider_type, "credentials": credentials}
        body |= {} if settings is None else {"settings": settings}
        hidden = tuple(text for text in _texts(credentials) if len(text) >= _SHORTEST_HIDDEN)
        call = _Call("POST", _path("integrations", "provider", "configure"), body=body, hidden=hidden)
        return Integration.read(self._data(call))

    def disable(self, guid: str) -> Integration:
        """
        Disable an integration for the time being; configuring it again enables it.

        Raises:
            NotFound: There is no such integration.
        """
        return Integration.read(self._data(_Call("GET", _path("integrations", "provider", "disable", guid))))

    def remove(self, guid: str) -> None:
        """
        Remove an e-commerce integration for good.

        Raises:
            NotFound: There is no such integration.
        """
        self._success(_Call("DELETE", _path("integrations", "providers", "ecommerce", "remove", guid)))

    def save_push_subscription(self, subscription: PushSubscription | Mapping[str, object]) -> None:
        """Register a browser for push notifications, with the JSON of its subscription."""
        hidden = tuple(_texts(subscription.get("keys")))
        self._success(
            _Call("POST", _path("integrations", "save-vapid-subscription"), body=dict(subscription), hidden=hidden)
        )

    def triggers(self, entity_type: EntityType | str) -> tuple[Trigger, ...]:
        """The triggers of an entity type."""
        call = _Call("GET", _path("workflows", "triggers", entity_type), repeatable=True)
        return tuple(map(Trigger.read, self._answered(call).needed_nodes("data")))

    def workflows(self, entity_type: EntityType | str, *, managed: bool | None = None) -> tuple[Workflow, ...]:
        """
        The configured workflows of an entity type.

        Args:
            entity_type: What they are about.
            managed: Whether managed workflows are among them; by default the provider decides.
        """
        query = () if managed is None else (("managed", "true" if managed else "false"),)
        call = _Call("GET", _path("workflows", entity_type, "configured"), query, repeatable=True)
        return tuple(map(Workflow.read, self._answered(call).needed_nodes("data")))

    def configure_workflow(
        self,
        name: str,
        entity_type: EntityType | str,
        trigger_id: str,
        action: Action | Mapping[str, object],
        conditions: Mapping[str, object] | None = None,
    ) -> Workflow:
        """
        Create or update a workflow.

        Args:
            name: For people.
            entity_type: What it is about.
            trigger_id: The trigger's guid.
            action: With its `type`.
            conditions: What the entity must have; none by default.
        """
        body = {"name": name, "entityType": entity_type, "triggerId": trigger_id, "action": action}
        body |= {} if conditions is None else {"conditions": conditions}
        return Workflow.read(self._data(_Call("POST", _path("workflows", "configure"), body=body)))

    def toggle(self, guid: str) -> Workflow:
        """
        Enable a disabled workflow, or disable an enabled one.

        Raises:
            NotFound: There is no such workflow.
            Unreachable: The answer was lost. Look at the list before toggling again.
        """
        return Workflow.read(self._data(_Call("GET", _path("workflows", "configured", guid, "toggle"))))

    def delete(self, guid: str) -> None:
        """
        Remove a workflow.

        Raises:
            NotFound: There is no such workflow.
        """
        self._success(_Call("DELETE", _path("workflows", "configured", guid)))

    def resume(self, workflow_id: str) -> None:
        """
        Resume a paused workflow's execution.

        Raises:
            NotFound: There is no such workflow.
        """
        self._success(_Call("GET", _path("workflows", "resume-workflow"), (("workflowId", workflow_id),)))

    def _data(self, call: _Call) -> Node:
        answered = self._answered(call)
        if not answered.has("data"):
            raise answered.answer.unexpected("/data", "is missing")
        return answered.child("data")

    def _success(self, call: _Call) -> None:
        self._answered(call)

    def _answered(self, call: _Call) -> Node:
        """The envelope that answers a call, with as many attempts as it may have."""
        careful = replace(self.retry, statuses=self.retry.statuses & _NOT_PROCESSED)
        node = persist(
            lambda: self._attempt(call),
            retry=self.retry if call.repeatable else careful,
            resend_lost=call.repeatable,
            sleep=self._sleep,
            chance=self._chance,
        )
        if node.members().get("success") is not True:
            raise node.answer.unexpected("/success", "is not true")
        return node

    def _attempt(self, call: _Call) -> Node:
        answer = self._send(call)
        if 200 <= answer.status < 300:
            return answer.node()
        if 400 <= answer.status < 600:
            asked_s = retry_after_s(answer.headers.get("Retry-After"), now=self._now())
            raise failure(answer.method, answer.path, answer.status, _problem(answer), retry_after_s=asked_s)
        raise answer.unexpected("", "has a status that this API never gives; redirects are not followed")

    def _send(self, call: _Call) -> Answer:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None
        if call.body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(call.body, allow_nan=False).encode()
        url = self.base_url + call.path
        prepared = self.session.prepare_request(
            requests.Request(call.method, url, headers=headers, params=call.query, data=data)
        )
        prepared.headers["Authorization"] = headers["Authorization"]  # (a .netrc must not put its own in that place)
        # requests decodes %2E, which would make an id of dots a step up the path.
        prepared.url = urlunsplit(urlsplit(prepared.url or url)._replace(path=urlsplit(url).path))
        settings = self.session.merge_environment_settings(prepared.url, {}, None, None, None)
        try:
            response = self.session.send(prepared, timeout=self.timeout_s, allow_redirects=False, **settings)
        except requests.RequestException as error:
            lost = f"the connection failed ({type(error).__name__})"
            raise Unreachable(call.method, call.path, None, lost) from error
        return Answer(
            call.method,
            call.path,
            response.status_code,
            response.reason or "",
            response.headers,
            response.content,
            (self._token, *call.hidden),
        )


def _problem(answer: Answer) -> Problem:
    """
    What an error's body says.

    Source:
        seeds/004, Error Responses: `{"success": false, "error": {"code", "message"}}`. Documented.
    """
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    error = value.get("error") if isinstance(value, dict) else None
    told: Mapping[str, object] = error if isinstance(error, dict) else {}
    message, code = told.get("message"), told.get("code")
    return Problem(
        message=answer.scrub(message) if isinstance(message, str) else answer.excerpt() or answer.reason,
        code=answer.scrub(code) if isinstance(code, str) else None,
    )


def _normal_url(url: str) -> str:
    """The URL before `/api`, without a slash at its end."""
    if not url.lower().startswith(("http://", "https://")) or set("@?#") & set(url):
        raise ConfigurationError(
            "The Integrations client's base_url cannot be used.",
            "Give an http or https URL without credentials, query or fragment.",
        )
    return url.rstrip("/").removesuffix("/api").rstrip("/")


def _checked_token(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            "The Integrations client's token cannot be used.", "Give the token alone, without Bearer and blanks."
        )
    return token


def _path(*segments: str) -> str:
    """
    The path from `/api` on, every segment percent-encoded.

    Raises:
        ValueError: A segment is empty, so that the path would be another operation's.
    """
    if not all(segments):
        raise ValueError("an identifier in a path cannot be empty")
    return "/api/" + "/".join(map(_quoted, segments))


def _quoted(segment: str) -> str:
    """The segment percent-encoded; one of dots only too, which would be a step up the path."""
    return segment.replace(".", "%2E") if segment in (".", "..") else quote(segment, safe="")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
