"""What a route of the control API knows of its request: ``control_ctx.json``, ``control_ctx.workspace(id)`` …"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from flask import g
from werkzeug.local import LocalProxy

from flowproof.conformance.check import BOOLEANS
from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.kernel.app import ProviderApp
from flowproof.kernel.http.pairs import first_value
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.metrics import Metrics
from flowproof.kernel.mock import Mock
from flowproof.kernel.provider_context import ProviderContext
from flowproof.kernel.workspaces import Workspace

__all__ = ["MAX_NUMBER", "ControlContext", "NotFoundProblem", "bind", "control_ctx"]

MAX_NUMBER = 2**62  # as far as the store can count


@dataclass(eq=False)
class NotFoundProblem(FlowproofError):
    """Something that a control request names is not there; answered with 404 and this text."""

    detail: str

    def __str__(self) -> str:
        return self.detail


@dataclass(frozen=True, slots=True)
class ControlContext:
    """
    One control request.

    Args:
        mock: The mocks that it is about.
        wire: As it came.
        body: The body's JSON value, or None.
        total_metrics: Gives what the whole server has counted.
        is_checked: The body is valid by the control API's own document.
    """

    mock: Mock
    wire: WireRequest = field(repr=False)
    body: Any = field(repr=False)
    total_metrics: Callable[[], Metrics]
    is_checked: bool = True

    @property
    def base_url(self) -> str:
        """Scheme and host as the client wrote them."""
        return f"{self.wire.client_scheme}://{self.wire.header('host') or 'localhost'}"

    def provider_url(self, slug: str, *, workspace: str | None = None) -> str:
        """The base URL of a provider, in a workspace where one is named; of a proxy where that stands before it."""
        below = f"/w/{workspace}/{slug}" if workspace is not None else f"/{slug}"
        return self.mock.addresses.get(slug) or f"{self.base_url}{below}"

    @property
    def json(self) -> Any:
        """
        The body's JSON value, or None, valid by the control API's own document.

        Raises:
            LookupError: The document does not describe the operation: a provider has added it, and has to use
                :meth:`checked_body`.
        """
        if not self.is_checked:
            raise LookupError("the body of this operation is checked by no schema; use checked_body")
        return self.body

    def parameter(self, name: str, default: str) -> str:
        """A parameter of the query."""
        return first_value(self.wire.query, name) or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A parameter of the query that is a boolean."""
        return BOOLEANS[self.parameter(name, str(default)).lower()]

    def number(self, name: str, default: int) -> int:
        """A parameter of the query that is a whole number."""
        return min(int(self.parameter(name, str(default))), MAX_NUMBER)

    def workspace(self, workspace_id: str) -> Workspace:
        """
        The workspace of that id, after the tasks that are due on its clock.

        Raises:
            NotFoundProblem: There is none.
        """
        workspace = self.mock.workspaces.claim(workspace_id)
        if workspace is None:
            raise NotFoundProblem(f"There is no workspace {workspace_id}.")
        self.mock.workspaces.run_due(workspace)
        return workspace

    def provider_context(self, workspace_id: str, provider: str, rng_key: str = "control") -> ProviderContext:
        """
        The workspace of that id as a provider sees it, after the tasks that are due on its clock.

        Args:
            workspace_id: Id of the workspace.
            provider: Slug of the provider.
            rng_key: Tells what is drawn for this request from what is drawn for others.

        Raises:
            NotFoundProblem: There is no such workspace, or no such provider.
        """
        workspace = self.workspace(workspace_id)
        return self.mock.workspaces.context(workspace, self.app(provider).provider.slug, rng_key=rng_key)

    def checked_body(self, context: ProviderContext, schema_file: str) -> Any:
        """
        The body's JSON value, valid by a schema file of the provider's contract.

        Raises:
            ConfigurationError: It is not valid.
        """
        findings = context.findings(schema_file, self.body)
        if findings:
            raise ConfigurationError("; ".join(map(str, findings)) + ".", f"See {schema_file} of the contract.")
        return self.body

    def app(self, provider: str) -> ProviderApp:
        """
        A provider's application.

        Raises:
            NotFoundProblem: There is no such provider.
        """
        if provider not in self.mock.apps:
            raise NotFoundProblem(f"There is no provider {provider}; there are {', '.join(self.mock.apps)}.")
        return self.mock.apps[provider]


def bind(context: ControlContext) -> None:
    """Let ``control_ctx`` be this context for the length of Flask's current request."""
    g.control_context = context


control_ctx = cast("ControlContext", LocalProxy(lambda: g.control_context))
