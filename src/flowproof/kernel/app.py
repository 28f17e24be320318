"""
One provider as a Flask application: a request's stations between placement and recording.

    route → authenticate → read body → validate request → dispatch to the view → render and validate response

Each station refuses by raising :class:`Refusal`, which the provider renders in its own words. A view that needs nothing
of Flask's takes the fast path: it is called without Flask's routing and contexts, and the stations are the same.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import orjson
from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface
from flask.signals import appcontext_tearing_down, request_tearing_down
from flask.wrappers import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter

from flowproof.conformance import (
    Contract,
    Finding,
    Match,
    check_parameters,
    check_request_body,
    check_response,
    typed_form,
)
from flowproof.redaction.named_parameters import ParameterRedactor

from . import refusals
from .hooks import Inputs
from .http.body import FORM, read_form, read_json
from .http.pairs import MOST_PAIRS
from .http.request import ProviderRequest
from .http.response import STATUSES_WITHOUT_BODY, WireResponse
from .http.routing import DirectView, OperationView, QuickRule, direct_views
from .provider import Provider
from .provider_context import ProviderContext
from .request_context import Binding, RequestContext

__all__ = ["ProviderApp"]

logger = logging.getLogger("flowproof.mock")

JSON = "application/json"


class NoSessions(SessionInterface):
    """No provider keeps a session in Flask's way, so none is looked for; writing into one raises."""

    def __init__(self) -> None:
        self._none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002 (Flask's signature)
        return self._none


class ProviderApp(Flask):
    """
    A provider's routes with its contract.

    Args:
        provider: Whose operations these are.
        contract: What its documents say of them.
        largest_body: What a request may have at most, in bytes.
    """

    url_rule_class = QuickRule

    def __init__(self, provider: Provider, contract: Contract, *, largest_body: int) -> None:
        super().__init__(provider.slug, static_folder=None, template_folder=None, root_path="/")
        self.provider = provider
        self.contract = contract
        self.redactor = ParameterRedactor(provider.secret_parameters, provider.redact_header)
        self.largest_body = largest_body
        self.session_interface = NoSessions()
        self.url_map.merge_slashes = False
        self.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.register_blueprint(provider.routes)
        self._direct_views: Mapping[str, DirectView | OperationView] = {
            name: OperationView(view) for name, view in provider.views.items()
        }
        if not provider.flask_context and not provider.views:
            self._direct_views = direct_views(contract.operations.all, self.url_map.iter_rules(), self.view_functions)

    def process(
        self, request: ProviderRequest, context: ProviderContext, match: Match | None
    ) -> tuple[WireResponse, Sequence[Finding]]:
        """
        Take one request through all stations, in the transaction that the caller has begun.

        Returns:
            The response, and how it breaks the contract (which is a bug of the mock).

        Raises:
            Refusal: A station or a rule refused the request.
        """
        direct = self._direct_views.get(match.operation.id) if match is not None and request.path.isascii() else None
        if match is not None and direct is not None:
            return self._process(request, context, match, direct.dispatch)
        if match is None and self.provider.views and (allowed := self.contract.operations.methods(request.path)):
            expected = " or ".join(allowed)
            raise refusals.MethodNotAllowed([Finding("request.method", "", expected, request.method)])
        with self.request_context(request.environ()) as flask_context:
            view, parameters = self._route(request, flask_context.request)
            if match is None:
                raise refusals.NoSuchRoute([Finding("request.path", "", self._nearest(request), request.path)])
            return self._process(request, context, match, lambda _: view(**parameters))

    def _process(
        self, request: ProviderRequest, context: ProviderContext, match: Match, dispatch: Callable[[Match], Any]
    ) -> tuple[WireResponse, Sequence[Finding]]:
        """The stations behind routing."""
        if request.wire.too_large:
            limit = Finding("request.body", "", f"at most {self.largest_body} bytes", "more")
            raise refusals.BodyTooLarge([limit], limit=self.largest_body)
        bound = RequestContext(request, context, match.operation)
        with Binding(bound):
            bound.principal = self.provider.authenticate(request, context)
            bound.json = self._read_body(request, match)
            input_filter = context.setup.hooks.input_filter
            if input_filter is not None:
                inputs = input_filter(self.provider.slug, Inputs(request, match, bound.json))
                request, match, bound.json = inputs
                bound.request = request
            self._validate_request(match, request, bound.json, context)
            response, findings = self._render(match, dispatch(match))
        for each in findings:
            logger.warning("the mock of %s breaks its own contract: %s", self.provider.slug, each)
        return response, findings

    def allowed_methods(self, request: ProviderRequest) -> tuple[str, ...]:
        """The methods of a request's path; none where no operation has the path."""
        if self.provider.views:
            return self.contract.operations.methods(request.path)
        return tuple(sorted(self.url_map.bind("localhost").allowed_methods(request.path)))

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """The router of a request: by path alone, since the host has been evaluated already."""
        path = request.environ["PATH_INFO"] if request else ""
        if request is None or not path.isascii():  # WSGI has an encoding of its own for other characters
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "localhost", "/", "", request.scheme, path, request.method)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Skip Flask's work where nobody has registered any."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Skip Flask's work where nobody has registered any."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(exc)

    def _route(self, request: ProviderRequest, flask_request: Request) -> tuple[Callable[..., Any], dict[str, str]]:
        missed, rule = flask_request.routing_exception, flask_request.url_rule
        if isinstance(missed, MethodNotAllowed):
            expected = " or ".join(sorted(missed.valid_methods or ()))
            raise refusals.MethodNotAllowed([Finding("request.method", "", expected, request.method)])
        if rule is None or isinstance(missed, HTTPException):
            raise refusals.NoSuchRoute(
                [Finding("request.path", "", self._nearest(request), f"{request.method} {request.path}")]
            )
        parameters = {name: unquote(str(value)) for name, value in (flask_request.view_args or {}).items()}
        return self.view_functions[rule.endpoint], parameters

    def _nearest(self, request: ProviderRequest) -> str:
        if missed := self.contract.operations.near_miss(request.method, request.path):
            slip, operation = missed
            return f"the path without {slip}: {operation.method} {operation.path}"
        nearest = self.contract.operations.nearest(request.method, request.path)
        return f"an operation of the contract, such as {nearest.method} {nearest.path}" if nearest else "an operation"

    def _read_body(self, request: ProviderRequest, match: Match) -> Any:
        operation = match.operation
        if not request.body and not operation.body_required:
            return None
        media_type = _media_type(request)
        if not operation.reads_as_value(media_type):
            return None
        if operation.reads_as_form(media_type):
            lists = [name for name, each in operation.form_types.items() if each == "array"]
            return typed_form(operation, read_form(request.body, request.header("content-type"), (FORM,), lists=lists))
        return read_json(request.body, request.header("content-type"), tuple(operation.bodies))

    def _validate_request(self, match: Match, request: ProviderRequest, value: Any, context: ProviderContext) -> None:
        operation, pairs = match.operation, request.wire.query.count("&") + 1
        if pairs > MOST_PAIRS:
            many = Finding("request.query", "", f"at most {MOST_PAIRS} parameters", str(pairs), keyword="maxProperties")
            raise refusals.ContractBroken([many])
        findings = check_parameters(self.contract, match, request.wire.query) if operation.parameters else ()
        is_checked_here = not (operation.deferred or operation.by_rules)
        is_there = value is not None or bool(request.body)  # (a body may be the JSON text null)
        if is_checked_here and is_there and operation.reads_as_value(_media_type(request)):
            is_form = operation.reads_as_form(_media_type(request))
            media_type = FORM if is_form else operation.json_body or JSON
            findings += check_request_body(self.contract, operation, media_type, value)
        if findings := context.filtered(findings):
            raise refusals.ContractBroken(findings)

    def _render(self, match: Match, returned: Any) -> tuple[WireResponse, Sequence[Finding]]:
        """What a view has returned as a response, and how that breaks the contract."""
        if isinstance(returned, WireResponse):
            described = match.operation.described(returned.status)
            return returned, check_response(
                self.contract, match.operation, returned.status, None
            ) if described is None else ()
        if isinstance(returned, Response):
            headers = tuple((name, value) for name, value in returned.headers if name.lower() != "content-length")
            response = WireResponse(returned.status_code, returned.get_data(), headers)
            value = returned.get_json(silent=True)
        else:
            value, status = returned if isinstance(returned, tuple) else (returned, 200)
            is_empty = int(status) in STATUSES_WITHOUT_BODY
            response = WireResponse(int(status), b"", ()) if is_empty else WireResponse(int(status), _json_bytes(value))
        return response, check_response(self.contract, match.operation, response.status, value)


def _media_type(request: ProviderRequest) -> str:
    return (request.header("content-type") or "").partition(";")[0].strip().lower()


def _json_bytes(value: Any) -> bytes:
    """A value as JSON; the slower writer takes integers of any size, such as a page number that a client made up."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
