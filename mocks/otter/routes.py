"""The operations of the contract: parse the request, apply the rules, store and render the result."""

from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Response
from werkzeug.http import parse_cookie

from flowproof.conformance import Finding
from flowproof.kernel import WireResponse, ctx
from flowproof.kernel.time.clock import microseconds

from . import grants, id_hints, paging, rules
from .auth import authenticate_client, find_client
from .consent import ConsentPrompt, consent_page, page_headers
from .errors import ErrorRedirect, Invalid, Malformed, NoOpenTicket, NotFound
from .models import SeedData, Ticket, User
from .records import Connections, Permissions, digest
from .structure import Brand, Structure

__all__ = ["routes"]

routes = Blueprint("otter", __name__)

COOKIE = "otter_consent"
CONSENT = "/v1/auth/oauth2/consent"
NO_CONTENT = (None, 204)
Json = Any


@routes.get("/v1/auth/oauth2/authorize")
def authorize() -> Any:
    """Redirect the browser to the authorization page, or decide at once where the settings say so."""
    rules.check_each_once(ctx.request.wire.query)
    ticket = rules.authorization_ticket(ctx.query, find_client(ctx.query["client_id"], ctx.context))
    match _mode():
        case "page":
            return _to_the_page(ticket)
        case "deny":
            raise _denied(ticket, 302)
        case _:
            return _approved(ticket, _usual_user(), 302)


@routes.get(CONSENT)
def show_consent_page() -> Any:
    secret = ctx.query["ticket"]
    ticket = _open_ticket(secret, ctx.query["client_id"])
    client = find_client(ticket.client_id, ctx.context)
    if client is None:
        raise NoOpenTicket(note="The application is no longer in the seed data.")
    seed = SeedData(ctx.seed)
    users = sorted(seed.users, key=lambda each: each.id != seed.settings.consent_user)
    named = tuple((each, str((seed.organization(each.organization) or {}).get("name", ""))) for each in users)
    page = consent_page(ConsentPrompt(client, ticket, secret, named))
    return WireResponse(200, page.encode(), page_headers(ticket.redirect_uri))


@routes.post(CONSENT)
def answer_consent_page() -> Any:
    """Accept the user's decision, once."""
    form = ctx.json
    ticket = _open_ticket(form["ticket"], ctx.query["client_id"])
    user = SeedData(ctx.seed).user(form.get("user"))
    if form["decision"] == "approve" and user is None:
        finding = Finding(
            "request.body", "/user", "a user of this workspace", "another", "otter.consent.user_decides", "rule"
        )
        raise Invalid([finding])
    key = digest(form["ticket"])
    if form["decision"] == "deny" or user is None:
        state = ctx.state
        raise _denied(ticket, 303, lambda: Permissions(state).forget("ticket", key))
    Permissions(ctx.state).forget("ticket", key)
    return _approved(ticket, user, 303)


@routes.post("/v1/auth/token")
def request_token() -> Response:
    """Exchange a code, or the application's own credentials, for a token."""
    form, context = ctx.json, ctx.context
    client = authenticate_client(ctx.request, form, context)
    scopes = rules.scopes_of(form["scope"])
    if form["grant_type"] == "client_credentials":
        rules.check_client_scopes(scopes, client)
        return _token(grants.issue_token(context, client, scopes, user=None, code_key=None), scopes)
    key = digest(form["code"])
    code = Permissions(context.state).code(key)
    try:
        code = rules.check_code(rules.TokenRequest.from_form(form), code, client, now_us=microseconds(ctx.now))
    except Malformed as refused:
        if refused.findings[0].requirement == "otter.token.code_once":
            used_for = code.token if code else None
            refused.afterwards = lambda: grants.revoke(context, str(used_for))
            refused.note = "The code was used before. The token that it was exchanged for is revoked now."
        raise
    return _token(grants.issue_token(context, client, scopes, user=code.user, code_key=key), scopes)


@routes.get("/organization/v1/organization")
def get_organization() -> Json:
    found = _structure().organization
    return {"id": found["id"], "name": found["name"]}


@routes.get("/organization/v1/organization/brands")
def list_brands() -> Json:
    structure = _structure()
    of = f"brands of {structure.organization_id} in {ctx.state.workspace}"
    place = paging.place_of(ctx.query.get("token"), of)
    return paging.page(structure.brands_after(place), limit=int(ctx.query["limit"]), of=of)


@routes.get("/organization/v1/organization/brands/<brand_id>")
def get_brand(brand_id: str) -> Json:
    return _brand(brand_id).to_json()


@routes.get("/organization/v1/organization/brands/<brand_id>/stores")
def list_stores(brand_id: str) -> Json:
    brand = _brand(brand_id)
    of = f"stores of {brand.id} in {ctx.state.workspace}"
    place = paging.place_of(ctx.query.get("token"), of)
    return paging.page(_structure().stores_after(brand, place), limit=int(ctx.query["limit"]), of=of)


@routes.get("/organization/v1/organization/brands/<brand_id>/stores/<store_id>")
def get_store(brand_id: str, store_id: str) -> Json:
    return _store(brand_id, store_id)


@routes.get("/organization/v1/organization/brands/<brand_id>/stores/<store_id>/connection")
def get_connection(brand_id: str, store_id: str) -> Json:
    store, connections = _store(brand_id, store_id), _connections()
    known_as = rules.disconnect(connections.get(store["id"]), requirement="otter.connection.not_connected")
    return {"storeId": known_as}


@routes.post("/organization/v1/organization/brands/<brand_id>/stores/<store_id>/connection")
def create_connection(brand_id: str, store_id: str) -> Json:
    store, connections, own_id = _store(brand_id, store_id), _connections(), ctx.json["storeId"]
    is_refused = _seed().settings.refuse_otter_store_id
    otter_store = id_hints.otter_store_named(own_id, _structure()) if is_refused else None
    connected_as, is_path_id = connections.get(store["id"]), own_id == store["id"]
    partner_store_id = rules.connect(own_id, connected_as=connected_as, otter_store=otter_store, is_path_id=is_path_id)
    connections.put(store["id"], partner_store_id)
    return NO_CONTENT


@routes.delete("/organization/v1/organization/brands/<brand_id>/stores/<store_id>/connection")
def delete_connection(brand_id: str, store_id: str) -> Json:
    store, connections = _store(brand_id, store_id), _connections()
    rules.disconnect(connections.get(store["id"]), requirement="otter.connection.delete_missing")
    connections.delete(store["id"])
    return NO_CONTENT


def _seed() -> SeedData:
    return SeedData(ctx.seed)


def _structure() -> Structure:
    return Structure(_seed(), ctx.state, ctx.principal.user.organization)


def _connections() -> Connections:
    return Connections(ctx.state, ctx.principal.client_id)


def _brand(brand_id: str) -> Brand:
    structure = _structure()
    brand = structure.brand(brand_id)
    if brand is None:
        finding = _not_there("brandId", "a brand of the user's organization", brand_id, "otter.brand.not_found")
        raise NotFound([finding], note=id_hints.about_brand_id(brand_id, structure))
    return brand


def _store(brand_id: str, store_id: str) -> Json:
    brand, structure = _brand(brand_id), _structure()
    store = structure.store(brand, store_id)
    if store is None:
        finding = _not_there("storeId", "Otter's id of a store of the brand", store_id, "otter.store.not_found")
        raise NotFound([finding], note=id_hints.about_store_id(store_id, structure, _connections()))
    return store


def _not_there(name: str, expected: str, got: str, requirement: str) -> Finding:
    cited = "otter.access.own_organization" if id_hints.is_of_another_organization(got, _structure()) else requirement
    return Finding("request.path", f"/{name}", expected, repr(got), cited, "rule")


def _mode() -> str:
    """The mode of consent. ``browser`` shows the page to clients that accept HTML and approves for all others."""
    chosen = ctx.state.get("consent", "mode") or _seed().settings.consent
    if chosen != "browser":
        return str(chosen)
    return "page" if "text/html" in (ctx.request.header("accept") or "").lower() else "approve"


def _usual_user() -> User:
    seed = _seed()
    chosen = ctx.state.get("consent", "user") or seed.settings.consent_user
    return seed.user(chosen) or next(iter(seed.users))


def _to_the_page(ticket: Ticket) -> WireResponse:
    """
    Redirect the browser to the authorization page, with a cookie that identifies the browser.

    Without the cookie, somebody else's browser could be made to answer the request.
    """
    known = _browser()
    browser = known if len(known) == 43 else grants.random_secret(ctx.context, "browser")
    secret = grants.issue_ticket(ctx.context, ticket, browser)
    place = f"{ctx.request.mount}{CONSENT}"
    cookie = f"{COOKIE}={browser}; Path={place}; HttpOnly; SameSite=Lax"
    if ctx.request.wire.client_scheme == "https":
        cookie += "; Secure"
    location = f"{place}?client_id={quote(ticket.client_id, safe='')}&ticket={secret}"
    return WireResponse(302, b"", (("Location", location), ("Set-Cookie", cookie), ("Cache-Control", "no-store")))


def _browser() -> str:
    """The cookie that identifies the browser, or an empty text."""
    return parse_cookie(ctx.request.header("cookie")).get(COOKIE, "")


def _open_ticket(secret: str, client_id: str) -> Ticket:
    """
    The ticket with that secret.

    Raises:
        NoOpenTicket: It was answered, is too old, belongs to another client or was asked of another browser.
    """
    ticket = Permissions(ctx.state).ticket(digest(secret))
    if ticket is None or ticket.client_id != client_id or microseconds(ctx.now) >= ticket.expires_us:
        raise NoOpenTicket(
            [Finding("request", "/ticket", "an open ticket", "another", "otter.consent.once", "rule")],
            note="The ticket is unknown, was answered already, or has waited too long.",
        )
    if digest(_browser()) != ticket.browser:
        raise NoOpenTicket(
            [
                Finding(
                    "request.headers", "/cookie", "the browser that was asked", "another", "otter.consent.once", "rule"
                )
            ],
            note="The page was opened or answered by another browser than the one that was sent to it.",
        )
    return ticket


def _approved(ticket: Ticket, user: User, status: int) -> WireResponse:
    code = grants.issue_code(ctx.context, ticket, user)
    location = rules.redirect_url(ticket.redirect_uri, code=code, state=ticket.state)
    return WireResponse(status, b"", (("Location", location), ("Cache-Control", "no-store")))


def _denied(ticket: Ticket, status: int, afterwards: Any = None) -> ErrorRedirect:
    return ErrorRedirect(
        [Finding("request", "", "the user's permission", "a refusal", "otter.consent.denied", "rule")],
        location=rules.redirect_url(ticket.redirect_uri, error="access_denied", state=ticket.state),
        status=status,
        afterwards=afterwards,
    )


def _token(secret: str, scopes: tuple[str, ...]) -> Response:
    body = {
        "access_token": secret,
        "expires_in": _seed().settings.token_lifetime_s,
        "scope": " ".join(scopes),
        "token_type": "bearer",
    }
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(orjson.dumps(body), 200, headers, mimetype="application/json")
