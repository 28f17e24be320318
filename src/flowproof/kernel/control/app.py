"""
The control API as a Flask application: it authorizes a request, checks it by the OpenAPI document, and answers it.

With a token, only health and readiness are shown to whoever has none. Without a token it answers loopback addresses
only. Pages of other sites that a browser on this machine shows are kept out too: the Host header must name loopback or
an allowed host (against DNS rebinding), an Origin header loopback, and a body must be JSON (against scripts and forms).
A webhook of this or another server is kept out by its own header. The page for browsers, at the server's root, is a
client of it.
"""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

import orjson
from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from flowproof.conformance import Contract, Finding, Match, check_parameters, check_request_body
from flowproof.conformance.contract import read_yaml
from flowproof.conformance.operations import read_operations
from flowproof.conformance.schemas import Schemas
from flowproof.errors import ConfigurationError, StoreError
from flowproof.kernel.faults.documentation import fault_plan_schema
from flowproof.kernel.http.body import check_content_type, read_json
from flowproof.kernel.http.host_names import HostNames
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import ProviderRequest, WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.http.routing import QuickRule
from flowproof.kernel.metrics import Metrics
from flowproof.kernel.mock import Mock
from flowproof.kernel.refusals import Refusal
from flowproof.kernel.workspaces import WorkspaceTaken

from .access import HEALTH, METRICS, PREFIX, Access
from .certificates import LARGEST_CERTIFICATE, VERIFY, VerificationJob, Verifier, certificate_routes
from .context import ControlContext, NotFoundProblem, bind
from .event_stream import EventStream
from .record_routes import record_routes
from .routes import index, routes
from .session_routes import session_routes
from .signing import SendingJob, Signer, SigningJob
from .signing_routes import signing_routes
from .task_routes import task_routes
from .webhook_routes import webhook_routes
from .workspace_routes import workspace_routes

__all__ = ["ControlApp"]

logger = logging.getLogger("flowproof.control")

PAGE = f"{PREFIX}/page/"
STATELESS = frozenset({HEALTH, METRICS})  # answered whatever has become of the state
JSON, ZIP = "application/json", "application/zip"
EVENTS = "text/event-stream"

Job = SigningJob | SendingJob | VerificationJob


class ControlApp(Flask):
    """
    The control API.

    Args:
        mock: The mocks that it is about.
        token: The bearer token that a request must present; without one, only loopback addresses may ask.
        hosts: Under which names the server answers.
        has_page: Browsers get a page at the server's root.
        signer: Signs requests for whoever asks the control API; None where nobody does.
        verifier: Verifies certificates likewise.

    ``total_metrics`` gives what the whole server has counted, where it has several processes.
    """

    url_rule_class = QuickRule

    def __init__(
        self,
        mock: Mock,
        *,
        token: str | None,
        hosts: HostNames,
        has_page: bool = True,
        signer: Signer | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        super().__init__("flowproof.control", static_folder=None, template_folder=None, root_path="/")
        self.mock = mock
        self.total_metrics: Callable[[], Metrics] = lambda: mock.metrics
        self.access = Access(token, hosts)
        self._has_page = has_page
        self.signer = signer
        self.verifier = verifier
        self.contract = control_contract()
        self.url_map.merge_slashes = False
        self.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.register_blueprint(routes)
        self.register_blueprint(certificate_routes, url_prefix="/certificates")
        self.register_blueprint(session_routes, url_prefix="/session")
        self.register_blueprint(workspace_routes, url_prefix="/workspaces/<workspace>")
        self.register_blueprint(record_routes, url_prefix="/workspaces/<workspace>/records")
        self.register_blueprint(signing_routes, url_prefix="/workspaces/<workspace>")
        self.register_blueprint(task_routes, url_prefix="/workspaces/<workspace>/tasks")
        self.register_blueprint(webhook_routes, url_prefix="/workspaces/<workspace>/webhooks")
        for slug, app in mock.apps.items():
            if app.provider.control is not None:
                self.register_blueprint(app.provider.control, url_prefix=f"/workspaces/<workspace>/{slug}")

    def largest_body(self, head: WireRequest) -> int | None:
        """What a request may have in bytes beyond what others may; None where it is as for others."""
        is_certificate = head.path == f"{PREFIX}{VERIFY}" and self.access.refusal(head) is None
        return LARGEST_CERTIFICATE if is_certificate else None

    def answer(self, wire: WireRequest) -> WireResponse | EventStream | Job:
        """Handle one request. What cannot be done is answered with a problem document."""
        page = self._page_file(wire)
        if page is not None:
            return page
        refused = self.access.refusal(wire)
        if refused is not None:
            return refused
        if wire.path == "/" and wire.method in {"GET", "HEAD"}:
            return _rendered(index(self.mock), 200)
        try:
            with nullcontext() if wire.path in STATELESS else self.mock.store.transaction():
                return self._dispatch(wire)
        except NotFoundProblem as error:
            return problem(404, "Not found", str(error))
        except WorkspaceTaken as error:
            return problem(409, "Taken", str(error))
        except ConfigurationError as error:
            return problem(422, "Cannot be done", str(error))
        except StoreError as error:
            self.mock.metrics.count_state_error()
            return problem(503, "State not available", f"The server's state: {error}.")
        except Refusal as refusal:
            return problem(400, "Malformed request", str(refusal))
        except HTTPException as error:
            answer = problem(error.code or 500, error.name, f"{wire.method} {wire.path}: see {PREFIX}/openapi.json.")
            if isinstance(error, MethodNotAllowed):
                allow = ("Allow", ", ".join(sorted(error.valid_methods or ())))
                return replace(answer, headers=(*answer.headers, allow))
            return answer
        except Exception:
            logger.exception("the control API failed at %s %s", wire.method, wire.path)
            return problem(500, "Flowproof failed", "This is a bug of Flowproof; the server's log says where.")

    def _page_file(self, wire: WireRequest) -> WireResponse | None:
        """A file of the page; None where the request is for something else, or there is no page."""
        is_file = wire.path.startswith(PAGE)
        if not self._has_page or wire.method not in {"GET", "HEAD"} or not (is_file or wire.path == "/"):
            return None
        from flowproof.kernel.page import page_file, prefers_html  # noqa: PLC0415 (no start needs it)

        if not is_file and not prefers_html(wire.header("accept")):
            return None
        name = wire.path.removeprefix(PAGE) if is_file else "index.html"
        return self.access.refusal_of_page(wire) or page_file(name, known=wire.header("if-none-match"))

    def _dispatch(self, wire: WireRequest) -> WireResponse | EventStream | Job:
        below = ProviderRequest(wire, PREFIX, wire.path.removeprefix(PREFIX) or "/")
        if not below.path.startswith("/"):
            raise NotFoundProblem(f"{wire.path} is not below {PREFIX}/.")
        if wire.too_large:
            return problem(413, "Too large", "The body has more bytes than this server takes.")
        with self.request_context(below.environ()):
            if request.routing_exception is not None:
                raise request.routing_exception
            rule = request.url_rule
            parameters = {name: unquote(str(value)) for name, value in (request.view_args or {}).items()}
            match = self.contract.operations.find(below.method, below.path)
            body = self._checked_body(below, match)
            bind(ControlContext(self.mock, wire, body, self.total_metrics, is_checked=match is not None))
            view = self.view_functions[rule.endpoint if rule else ""]
            returned: Any = view(**parameters)
        if isinstance(returned, EventStream) and wire.method == "HEAD":
            return WireResponse(200, b"", (("Content-Type", EVENTS),))
        if isinstance(returned, WireResponse | EventStream | Job):
            return returned
        value, status = returned if isinstance(returned, tuple) else (returned, 200)
        return _rendered(value, status)

    def _checked_body(self, below: ProviderRequest, match: Match | None) -> Any:
        """
        The body's JSON value; None for an operation that takes no JSON.

        That of an operation that a provider adds is checked by a schema of the provider's own.

        Raises:
            ConfigurationError: The request is not as the OpenAPI document says.
            Refusal: The body is no JSON.
        """
        takes_zip = match is not None and ZIP in match.operation.bodies
        if takes_zip:
            check_content_type(below.header("content-type"), (ZIP,))
        body = read_json(below.body, below.header("content-type"), (JSON,)) if below.body and not takes_zip else None
        if match is None:
            return body
        findings: tuple[Finding, ...] = check_parameters(self.contract, match, below.wire.query)
        if not takes_zip and (below.body or match.operation.body_required):
            findings += check_request_body(self.contract, match.operation, JSON, body)
        if findings:
            raise ConfigurationError(
                "; ".join(str(finding) for finding in findings) + ".", f"See {PREFIX}/openapi.json."
            )
        return body


@cache
def control_contract() -> Contract:
    document = read_yaml("control", files("flowproof.kernel.control").joinpath("openapi.yaml"))
    document["components"]["schemas"]["FaultPlan"] = fault_plan_schema()
    return Contract("control", document, read_operations(document), {}, Schemas("control", document, {}))


def _rendered(value: Any, status: int) -> WireResponse:
    return WireResponse(status, b"" if status == 204 else orjson.dumps(value, option=orjson.OPT_INDENT_2))
