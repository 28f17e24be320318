"""
One provider as a Flask application: the stations between finding the workspace and having an answer.

    route → authentication → body → contract check of the request → view (rules, state) → contract check of the response

Each station refuses by raising :class:`Refusal`, which the provider renders in its own words.
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

from flowproof.conformance import Contract, Finding, Match, check_parameters, check_request_body, check_response
from flowproof.redaction.named_parameters import ParameterRedactor

from . import refusals
from .http.body import FORM, read_form, read_json
from .http.request import ProviderRequest
from .http.response import BODILESS, WireResponse
from .http.routing import QuickRule, ShortWay, short_ways
from .provider import Provider
from .provider_context import ProviderContext
from .refusals import Refusal
from .request_context import Binding, RequestContext

__all__ = ["ProviderApp"]

logger = logging.getLogger("flowproof.mock")

JSON = "application/json"


class NoSessions(SessionInterface):
    """No provider keeps a session in Flask's way, so none is looked for; whoever writes into one is told so."""

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
        self._short_ways: Mapping[str, ShortWay] = {}
        if not provider.flask_context:
            self._short_ways = short_ways(contract.operations.all, self.url_map.iter_rules(), self.view_functions)

    def answer(
        self, asked: ProviderRequest, context: ProviderContext, match: Match | None
    ) -> tuple[WireResponse, Sequence[Finding]]:
        """
        Handle one request, in the transaction that the caller has begun.

        Returns:
            The answer, and in what it differs from the contract (which is a bug of the mock).

        Raises:
            Refusal: A station or a rule refused the request.
        """
        short = self._short_ways.get(match.operation.id) if match is not None and asked.path.isascii() else None
        if match is not None and short is not None:
            return self._performed(asked, context, match, lambda: short.answered(match))
        with self.request_context(asked.environ()) as flask_context:
            view, parameters = self._routed(asked, flask_context.request)
            if match is None:
                raise refusals.NoSuchRoute([Finding("request.path", "", "a path of the contract", asked.path)])
            return self._performed(asked, context, match, lambda: view(**parameters))

    def _performed(
        self, asked: ProviderRequest, context: ProviderContext, match: Match, view: Callable[[], Any]
    ) -> tuple[WireResponse, Sequence[Finding]]:
        """The stations of a request whose view is known."""
        if asked.wire.too_large:
            limit = Finding("request.body", "", f"at most {self.largest_body} bytes", "more")
            raise refusals.BodyTooLarge([limit], limit=self.largest_body)
        bound = RequestContext(asked, context, match.operation)
        with Binding(bound):
            bound.principal = self.provider.authenticate(asked, context)
            bound.json = self._body(asked, match)
            self._check(match, asked, bound.json, context)
            answer, findings = self._answered(match, view())
        for each in findings:
            logger.warning("the mock of %s breaks its own contract: %s", self.provider.slug, each)
        return answer, findings

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What routes a request: by its path alone, since which provider it is for has been settled by its host."""
        path = request.environ["PATH_INFO"] if request else ""
        if request is None or not path.isascii():  # other characters take the way that WSGI has for them
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "localhost", "/", "", request.scheme, path, request.method)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Nothing, unless a provider's blueprint or somebody else asks for it."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """The same for the application's context."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(exc)

    def _routed(self, asked: ProviderRequest, request: Request) -> tuple[Any, dict[str, str]]:
        missed = request.routing_exception
        rule = request.url_rule
        if isinstance(missed, MethodNotAllowed):
            allowed = tuple(sorted(missed.valid_methods or ()))
            expected = " or ".join(allowed)
            raise refusals.MethodNotAllowed([Finding("request.method", "", expected, asked.method)], allowed=allowed)
        if rule is None or isinstance(missed, HTTPException):
            raise refusals.NoSuchRoute(
                [Finding("request.path", "", self._nearest(asked), f"{asked.method} {asked.path}")]
            )
        parameters = {name: unquote(str(value)) for name, value in (request.view_args or {}).items()}
        return self.view_functions[rule.endpoint], parameters

    def _nearest(self, asked: ProviderRequest) -> str:
        nearest = self.contract.operations.nearest(asked.method, asked.path)
        return f"an operation of the contract, such as {nearest.method} {nearest.path}" if nearest else "an operation"

    def _body(self, asked: ProviderRequest, match: Match) -> Any:
        operation = match.operation
        if not asked.body and not operation.body_required:
            return None
        if FORM in operation.bodies:
            return read_form(asked.body, asked.header("content-type"), (FORM,))
        if operation.json_body is None:
            return None
        return read_json(asked.body, asked.header("content-type"), tuple(operation.bodies))

    def _check(self, match: Match, asked: ProviderRequest, value: Any, context: ProviderContext) -> None:
        operation = match.operation
        findings = check_parameters(self.contract, match, asked.wire.query) if operation.parameters else ()
        judged_here = not (operation.deferred or operation.by_rules)
        if judged_here and (value is not None or asked.body):  # (a body may say null)
            media_type = FORM if FORM in operation.bodies else operation.json_body or JSON
            findings += check_request_body(self.contract, operation, media_type, value)
        if findings := context.filtered(findings):
            raise refusals.ContractBroken(findings, operation=operation.id)

    def _answered(self, match: Match, returned: Any) -> tuple[WireResponse, Sequence[Finding]]:
        if isinstance(returned, WireResponse):
            described = match.operation.described(returned.status)
            return returned, check_response(
                self.contract, match.operation, returned.status, None
            ) if described is None else ()
        if isinstance(returned, Response):
            headers = tuple((name, value) for name, value in returned.headers if name.lower() != "content-length")
            answer = WireResponse(returned.status_code, returned.get_data(), headers)
            return answer, check_response(self.contract, match.operation, answer.status, returned.get_json(silent=True))
        value, status = returned if isinstance(returned, tuple) else (returned, 200)
        empty = int(status) in BODILESS
        answer = WireResponse(int(status), b"", ()) if empty else WireResponse(int(status), _rendered(value))
        return answer, check_response(self.contract, match.operation, answer.status, value)

    def refuse(self, refusal: Refusal) -> WireResponse:
        """The provider's own words for a refusal."""
        return self.provider.render(refusal)


def _rendered(value: Any) -> bytes:
    """A value as JSON; integers of any size, such as a page's number that a client has made up."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
