"""The handle of one isolated world on a mock server: its clock, its faults, its journal, its account set-up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from flowproof.errors import ConfigurationError
from flowproof.expectation import Call, check_operations, expect_calls, expect_only, expect_order

from .site import Credentials, Site, site_from_json
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .client import ControlClient

__all__ = ["Clock", "Faults", "Journal", "Workspace"]


class Workspace:
    """
    The handle of one isolated world on a mock server. As a context manager it deletes the workspace at the end.

    Args:
        server: The server that it is on.
        shown: The workspace as the control API shows it.
    """

    def __init__(self, server: "ControlClient", shown: Mapping[str, Any]) -> None:
        self.server = server
        self.id: str = shown["id"]
        self.sites: Mapping[str, Site] = MappingProxyType(
            {slug: site_from_json(slug, each) for slug, each in shown["providers"].items()}
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
        return self.site(provider).url

    def credentials(self, provider: str, role: str = "default") -> Credentials:
        return self.site(provider).credentials(role)

    def control(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """
        A control request of this workspace, such as `control("GET", "acme/refused-orders")`.

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
        self.control("PUT", "snapshot", snapshot)

    def reset(self) -> None:
        """As new, with the same credentials."""
        self.control("POST", "reset")

    def delete(self) -> None:
        self.control("DELETE", "")


class Clock:
    """A workspace's only source of time."""

    def __init__(self, workspace: "Workspace") -> None:
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

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace

    def set(self, *plans: Mapping[str, Any] | str) -> None:
        """Replace all plans; a text is the name of a provider's plan, such as `acme.scaling_up`."""
        self._workspace.control("PUT", "faults", [{"named": each} if isinstance(each, str) else each for each in plans])

    def plans(self) -> Sequence[Mapping[str, Any]]:
        """The plans, each with how many calls it has counted."""
        return cast("Sequence[Mapping[str, Any]]", self._workspace.control("GET", "faults")["faults"])

    def clear(self) -> None:
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

    def __init__(self, workspace: "Workspace") -> None:
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

    def expect(
        self,
        operation: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **conditions: Any,
    ) -> Sequence[Mapping[str, Any]]:
        """
        The exchanges of an operation, which must be so many: `expect("pay", body__number="A7", times=1)`.

        Args:
            operation: The `operationId`; `webhook:` with the event where the provider calls.
            times: How often exactly; without any of the three, at least once.
            at_least: How often at least.
            at_most: How often at most.
            conditions: As `Call` takes them.

        Raises:
            NotAsExpected: It was called more or less often; the message shows the nearest exchanges.
            ConfigurationError: No provider of the workspace has that operation, or there is no such condition.
        """
        call = self._known(Call(operation, **conditions))
        return expect_calls(self.entries(), call, times=times, at_least=at_least, at_most=at_most)

    def expect_order(self, *calls: Call | str) -> Sequence[Mapping[str, Any]]:
        """
        The exchanges that are these calls, which must have come in this order; others may stand between them.

        Raises:
            NotAsExpected: One is missing after those before it.
        """
        return expect_order(self.entries(), self._calls(calls))

    def expect_only(self, *calls: Call | str) -> None:
        """
        See that no request of a client is any other than these calls.

        Raises:
            NotAsExpected: Another one was made.
        """
        expect_only(self.entries(), self._calls(calls))

    def _calls(self, calls: Sequence[Call | str]) -> Sequence[Call]:
        return [self._known(Call(each) if isinstance(each, str) else each) for each in calls]

    def _known(self, call: Call) -> Call:
        """The call, if its operation is one of a contract: a wrong name would never be called."""
        providers = self._workspace.server.providers()
        known = [each["operationId"] for slug in self._workspace.sites for each in providers[slug]["operations"]]
        check_operations([call], known)
        return call

    def har(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self._workspace.control("GET", "journal.har"))

    def clear(self) -> None:
        self._workspace.control("DELETE", "journal")
