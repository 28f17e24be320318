"""
What a suite runs against, as values: a provider's address and credentials, and the handle of the mock's workspace.

Knows the control API from the outside only, over HTTP: neither the kernel nor pytest.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, sleep
from types import MappingProxyType, TracebackType
from typing import Any, Self, cast
from urllib.parse import quote, urlencode

import requests

from flowproof.errors import ConfigurationError, FlowproofError

__all__ = [
    "Clock",
    "ControlClient",
    "ControlRefused",
    "Credentials",
    "Faults",
    "Journal",
    "NotSettled",
    "PreconditionMissing",
    "Site",
    "Target",
    "Webhooks",
    "Workspace",
    "site_from_environment",
]

TIMEOUT_S = 30.0
POLL_S = 0.01


@dataclass(eq=False)
class ControlRefused(FlowproofError):
    """
    The control API refused, or there was none.

    Args:
        what: Method and path that were asked for.
        status: Status code; None where no answer came.
        detail: What the control API said of it.
    """

    what: str
    status: int | None
    detail: str

    def __str__(self) -> str:
        answered = "could not be asked" if self.status is None else f"answered {self.status}"
        return f"{self.what} {answered}: {self.detail}"


@dataclass(eq=False)
class NotSettled(FlowproofError):
    """
    Webhooks that were waited for are still on their way.

    Args:
        what: What was waited for.
        timeout_s: How long.
        waiting: Each that has not arrived, in one line.
    """

    what: str
    timeout_s: float
    waiting: Sequence[str]

    def __str__(self) -> str:
        return f"{self.what} within {self.timeout_s:g} s: {'; '.join(self.waiting) or 'nothing is said to wait'}"


@dataclass(eq=False)
class PreconditionMissing(FlowproofError):
    """
    A test cannot run on this target: a reason to skip it, never to fail it.

    Args:
        target: Name of the target.
        what: What it lacks, and what for.
    """

    target: str
    what: str

    def __str__(self) -> str:
        return f"the target {self.target} {self.what}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    What a client presents to a provider.

    Args:
        key: The public part: a token, a key id, a client id.
        values: The other parts by name, secrets among them.
        role: What they are for.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    role: str = "default"

    @property
    def secret(self) -> str:
        """
        The part that signs.

        Raises:
            ConfigurationError: There is none.
        """
        if not self.values.get("secret"):
            raise ConfigurationError(f"The credentials {self.role} have no secret.", "Choose another role.")
        return str(self.values["secret"])


@dataclass(frozen=True, slots=True)
class Site:
    """
    One provider as a client reaches it.

    Args:
        provider: Slug.
        url: Base URL, without a slash at its end.
        keys: Credentials by role.
    """

    provider: str
    url: str
    keys: Mapping[str, Credentials] = field(repr=False)

    def credentials(self, role: str = "default") -> Credentials:
        """
        The credentials of a role.

        Raises:
            PreconditionMissing: The site has none for it.
        """
        if role not in self.keys:
            raise PreconditionMissing(self.url, f"has no {self.provider} credentials for the role {role!r}")
        return self.keys[role]


def site_from_environment(provider: str, url: str | None, environment: Mapping[str, str]) -> Site | None:
    """
    A provider at any base URL, with credentials from the environment.

    `FLOWPROOF_<PROVIDER>_URL`, `_TOKEN` and `_SECRET`; those of another role, if there are any, have the role before
    the last word: `FLOWPROOF_ONEFLOW_OTHER_TOKEN`.

    Args:
        provider: Slug.
        url: Base URL; by default the environment's.
        environment: Such as `os.environ`.

    Returns:
        The site, or None where neither names a URL.

    Raises:
        ConfigurationError: The URL or the credentials cannot be used.
    """
    prefix = f"FLOWPROOF_{provider.upper()}"
    address = url or environment.get(f"{prefix}_URL")
    if not address:
        return None
    if not address.lower().startswith(("http://", "https://")):
        raise ConfigurationError(f"The base URL of {provider} is {address!r}.", "Begin it with http:// or https://.")
    keys = dict(_keys(prefix, environment))
    if "default" not in keys:
        raise ConfigurationError(
            f"The environment has no credentials for {provider} at {address}.",
            f"Set {prefix}_TOKEN and {prefix}_SECRET.",
        )
    return Site(provider, address.rstrip("/"), MappingProxyType(keys))


def _keys(prefix: str, environment: Mapping[str, str]) -> Iterator[tuple[str, Credentials]]:
    for name, token in environment.items():
        if token and name.startswith(f"{prefix}_") and name.endswith("_TOKEN"):
            stem = name.removesuffix("_TOKEN")
            role = stem.removeprefix(prefix).strip("_").lower() or "default"
            yield role, Credentials(token, MappingProxyType({"secret": environment.get(f"{stem}_SECRET", "")}), role)


class ControlClient:
    """
    The control API of a Flowproof server.

    Args:
        url: Root of the server, without the control API's prefix.
        token: What its control API asks for, where it does.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a server of our own is never behind a proxy
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def ask(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """
        One control request; its answer's JSON, or None where that is empty.

        Args:
            method: Of HTTP.
            path: Below `/_flowproof`.
            json: The body's value; None for no body.
            query: Parameters; those that are None are left out.

        Raises:
            ControlRefused: The server refused, or there was no answer.
        """
        given = {name: value for name, value in query.items() if value is not None}
        asked = f"/_flowproof{path}{'?' + urlencode(given) if given else ''}"
        try:
            answer = self._session.request(method, self.url + asked, json=json, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            raise ControlRefused(f"{method} {self.url}{asked}", None, type(error).__name__) from error
        if not answer.ok:
            raise ControlRefused(f"{method} {asked}", answer.status_code, _detail(answer))
        return answer.json() if answer.content else None

    def health(self) -> Mapping[str, Any]:
        """Whether the server answers, and which version it is."""
        return cast("Mapping[str, Any]", self.ask("GET", "/health"))

    def providers(self) -> Mapping[str, Any]:
        """The providers that are served, by slug."""
        return cast("Mapping[str, Any]", self.ask("GET", "/providers")["providers"])

    def make_workspace(self, **wanted: Any) -> "Workspace":
        """A new workspace: `id`, `seed` and `clock`, if given, are those of the control API."""
        return Workspace(self, self.ask("POST", "/workspaces", wanted))

    def workspace(self, workspace_id: str) -> "Workspace":
        """The workspace of that id, which must exist."""
        return Workspace(self, self.ask("GET", f"/workspaces/{quote(workspace_id, safe='')}"))


def _detail(answer: requests.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(told.get("detail", told)) if isinstance(told, dict) else str(told)


class Workspace:
    """
    The handle of one isolated world on a mock server. As a context manager it deletes the workspace at the end.

    Args:
        server: The server that it is on.
        shown: The workspace as the control API shows it.
    """

    def __init__(self, server: ControlClient, shown: Mapping[str, Any]) -> None:
        self.server = server
        self.id: str = shown["id"]
        self.sites: Mapping[str, Site] = MappingProxyType(
            {slug: _site(slug, each) for slug, each in shown["providers"].items()}
        )
        self.clock = Clock(self)
        self.faults = Faults(self)
        self.journal = Journal(self)
        self.webhooks = Webhooks(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r} on {self.server.url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.delete()

    def site(self, provider: str) -> Site:
        """
        A provider in this workspace.

        Raises:
            ConfigurationError: The server has no such provider.
        """
        if provider not in self.sites:
            known = ", ".join(self.sites) or "no provider"
            raise ConfigurationError(f"{self.server.url} does not serve {provider}.", f"It serves {known}.")
        return self.sites[provider]

    def url(self, provider: str) -> str:
        """Base URL of a provider in this workspace."""
        return self.site(provider).url

    def credentials(self, provider: str, role: str = "default") -> Credentials:
        """This workspace's credentials for a provider."""
        return self.site(provider).credentials(role)

    def control(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """
        A control request of this workspace, such as `control("GET", "oneflow/submission-errors")`.

        Raises:
            ControlRefused: The server refused.
        """
        below = f"/{path.lstrip('/')}" if path else ""
        return self.server.ask(method, f"/workspaces/{self.id}{below}", json, **query)

    def seed(self, provider: str) -> Mapping[str, Any]:
        """The account set-up that a provider's mock works with."""
        return cast("Mapping[str, Any]", self.control("GET", f"seed/{provider}"))

    def replace_seed(self, provider: str, value: Mapping[str, Any]) -> None:
        """Give a provider's mock another account set-up."""
        self.control("PUT", f"seed/{provider}", value)

    def snapshot(self) -> Mapping[str, Any]:
        """Everything that the workspace's mocks know."""
        return cast("Mapping[str, Any]", self.control("GET", "snapshot"))

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put the workspace back to a snapshot."""
        self.control("PUT", "snapshot", snapshot)

    def reset(self) -> None:
        """As new, with the same credentials."""
        self.control("POST", "reset")

    def delete(self) -> None:
        """Forget the workspace and everything in it."""
        self.control("DELETE", "")


def _site(provider: str, shown: Mapping[str, Any]) -> Site:
    keys = {
        role: Credentials(parts["key"], MappingProxyType({name: parts[name] for name in parts if name != "key"}), role)
        for role, parts in shown["credentials"].items()
    }
    return Site(provider, shown["base_url"], MappingProxyType(keys))


class Clock:
    """A workspace's only source of time."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def now(self) -> datetime:
        """The time on it, aware, UTC."""
        return _instant(self._workspace.control("GET", "clock"))

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Let it stand still, at an instant or where it is; returns that instant."""
        return _instant(self._workspace.control("PUT", "clock", {"mode": "frozen", "now": _text(at or self.now())}))

    def set(self, at: datetime | str) -> datetime:
        """Let the same kind of clock show another time; what has become due is done."""
        return _instant(self._workspace.control("PUT", "clock", {"now": _text(at)}))

    def advance(self, seconds: float) -> datetime:
        """Move it on; what has become due is done, each at its own moment."""
        return _instant(self._workspace.control("POST", "clock/advance", {"seconds": seconds}))


def _instant(shown: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(shown["now"]).astimezone(UTC)


def _text(at: datetime | str) -> str:
    return at if isinstance(at, str) else at.isoformat()


class Faults:
    """What goes wrong on purpose in a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def set(self, *plans: Mapping[str, Any] | str) -> None:
        """Replace all plans; a text is the name of a provider's plan, such as `oneflow.scaling_up`."""
        self._workspace.control("PUT", "faults", [{"named": each} if isinstance(each, str) else each for each in plans])

    def plans(self) -> Sequence[Mapping[str, Any]]:
        """The plans, each with how many calls it has counted."""
        return cast("Sequence[Mapping[str, Any]]", self._workspace.control("GET", "faults")["faults"])

    def clear(self) -> None:
        """Nothing goes wrong on purpose any more."""
        self._workspace.control("DELETE", "faults")

    @contextmanager
    def during(self, *plans: Mapping[str, Any] | str) -> Iterator[None]:
        """Let plans hold for a block, and none after it."""
        self.set(*plans)
        try:
            yield
        finally:
            self.clear()


class Journal:
    """The ordered exchanges of a workspace, secrets scrubbed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def entries(
        self, *, after: int = 0, limit: int | None = None, refused: bool = False
    ) -> Sequence[Mapping[str, Any]]:
        """The last exchanges, in the order in which they came; with `refused` only those that were refused."""
        chosen = {"after": after, "limit": limit, "refused": "true" if refused else None}
        return cast("Sequence[Mapping[str, Any]]", self._workspace.control("GET", "journal", **chosen)["exchanges"])

    def last_refused(self) -> Mapping[str, Any] | None:
        """The last exchange that was refused, with why."""
        found = self.entries(limit=1, refused=True)
        return found[-1] if found else None

    def har(self) -> Mapping[str, Any]:
        """The journal as an HTTP Archive."""
        return cast("Mapping[str, Any]", self._workspace.control("GET", "journal.har"))

    def clear(self) -> None:
        """Empty it."""
        self._workspace.control("DELETE", "journal")


class Webhooks:
    """The webhooks of a workspace: what waits, what was sent and answered, and what goes wrong with them on purpose."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def list(self, *, limit: int | None = None) -> Sequence[Mapping[str, Any]]:
        """The last deliveries with their attempts, in the order in which they were wanted."""
        return cast(
            "Sequence[Mapping[str, Any]]", self._workspace.control("GET", "webhooks", limit=limit)["deliveries"]
        )

    def get(self, delivery: str) -> Mapping[str, Any]:
        """One delivery by its id, such as `dlv-3`."""
        path = f"webhooks/deliveries/{quote(delivery, safe='')}"
        return cast("Mapping[str, Any]", self._workspace.control("GET", path))

    def settled(self) -> bool:
        """Whether nothing is being sent, or due on the workspace's clock."""
        return bool(self._workspace.control("GET", "webhooks", limit=0)["settled"])

    def wait_until_settled(self, *, timeout_s: float = TIMEOUT_S) -> Sequence[Mapping[str, Any]]:
        """
        Wait until nothing is being sent, or due on the workspace's clock.

        Returns:
            All deliveries.

        Raises:
            NotSettled: Something still is after that time.
        """
        deadline = monotonic() + timeout_s
        while not self.settled():
            if monotonic() >= deadline:
                raise NotSettled("webhooks did not settle", timeout_s, [_waiting(each) for each in self._outstanding()])
            sleep(POLL_S)
        return self.list()

    def replay(self, delivery: str, *, adversary: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        """Deliver the same bytes once more, signed anew; returns what was put into the outbox."""
        body = {} if adversary is None else {"adversary": adversary}
        return self._made(f"deliveries/{quote(delivery, safe='')}/replay", body)

    def trigger(self, provider: str, event: str, url: str) -> Sequence[Mapping[str, Any]]:
        """Deliver an event with made-up content; returns what was put into the outbox."""
        return self._made("trigger", {"provider": provider, "event": event, "url": url})

    def adversary(self, **changes: Any) -> None:
        """Choose what goes wrong on purpose from now on, such as `adversary(copies=2)`; nothing at all with none."""
        self._workspace.control("PUT", "webhooks/adversary", changes)

    def allowed_hosts(self, *hosts: str) -> None:
        """Name the hosts beside loopback to which this workspace may deliver, in place of those before."""
        self._workspace.control("PUT", "webhooks/allowed-hosts", [*hosts])

    def trial(
        self, provider: str, url: str, *, event: str | None = None, timeout_s: float = 2 * TIMEOUT_S
    ) -> Sequence[Mapping[str, Any]]:
        """
        Try a receiver with everything that it must accept or refuse.

        Returns:
            A verdict for each thing that was tried.

        Raises:
            NotSettled: Not all of it was sent in that time.
        """
        asked = {"provider": provider, "url": url} | ({} if event is None else {"event": event})
        name = self._workspace.control("POST", "webhooks/trials", asked)["trial"]
        deadline = monotonic() + timeout_s
        while not (found := self._workspace.control("GET", f"webhooks/trials/{name}"))["finished"]:
            if monotonic() >= deadline:
                open_ = [each["trial"] for each in found["verdicts"] if each["verdict"] == "SKIP"]
                raise NotSettled(f"{name} did not end", timeout_s, open_)
            sleep(POLL_S)
        return cast("Sequence[Mapping[str, Any]]", found["verdicts"])

    def _made(self, path: str, body: Any) -> Sequence[Mapping[str, Any]]:
        made = self._workspace.control("POST", f"webhooks/{path}", body)
        return cast("Sequence[Mapping[str, Any]]", made["deliveries"])

    def _outstanding(self) -> Iterator[Mapping[str, Any]]:
        return (each for each in self.list() if each["state"] in ("pending", "sending"))


def _waiting(delivery: Mapping[str, Any]) -> str:
    tried = len(delivery["attempts"])
    webhook = delivery["webhook"]
    return f"{delivery['id']} {webhook['event']} to {webhook['url']}, {tried} times tried, due {delivery['due_at']}"


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a suite runs against.

    Args:
        name: For people: `mock`, or a base URL.
        sites: Each provider as a client reaches it.
        workspace: The handle that controls it, or None where nothing does.
    """

    name: str
    sites: Mapping[str, Site]
    workspace: Workspace | None = None

    def site(self, provider: str) -> Site:
        """
        A provider on this target.

        Raises:
            PreconditionMissing: The target does not have it.
        """
        if provider not in self.sites:
            raise PreconditionMissing(self.name, f"has no {provider}")
        return self.sites[provider]

    def url(self, provider: str) -> str:
        """Base URL of a provider."""
        return self.site(provider).url

    def credentials(self, provider: str, role: str = "default") -> Credentials:
        """
        Credentials for a provider.

        Raises:
            PreconditionMissing: The target has none for that role.
        """
        return self.site(provider).credentials(role)

    def controlled(self, purpose: str) -> Workspace:
        """
        The workspace behind this target.

        Args:
            purpose: What it is needed for, such as "this test sets the clock".

        Raises:
            PreconditionMissing: The target cannot be controlled.
        """
        if self.workspace is None:
            raise PreconditionMissing(self.name, f"has no control API: {purpose}")
        return self.workspace
