"""
Otter once more, by another hand: from the provider's documents, as bare ASGI on uvicorn with h11; OAuth by Authlib.

It shares no code with the mock, and differs in whatever the documents leave open: other order of members, unknown
members, escapes and blanks in its JSON, lower-case header names, chunked bodies; lists by name, at most five entries a
page, and a last page that may be empty; `WWW-Authenticate` with a 401; an authorization page at another address, which
nobody passes without a person. No requests are counted: the suite sends more than the provider's three a minute.
"""

import json
import re
import secrets
import socket
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from threading import Thread
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote
from uuid import uuid4

import uvicorn
from authlib.oauth2 import OAuth2Error

from tests import tree
from tests.second_opinion.otter_oauth import USER_SCOPES, Client, OAuth, OAuthRequest

LARGEST_BODY = 1024 * 1024
LARGEST_PAGE = 5
PIECE = 100  # bytes of a chunk
QUESTION_LIFETIME_S = 600
PERMISSION = "/accounts/permission"
FORM = "application/x-www-form-urlencoded"
SENTENCES = {
    400: "The request is malformed.",
    401: "Invalid authorization.",
    403: "Authorization not valid for the requested resource.",
    404: "Resource not found.",
    405: "Nothing here answers to this method.",
    409: "The connection between the partner application and the store already exists.",
    422: "The request body is not valid.",
}
PAGE = """<html><head><title>Permission</title></head><body><p>{client} asks for {scopes}.</p>
<form method="post" action="{action}"><input type="hidden" name="question" value="{question}">
<select name="person">{people}</select>
<button name="answer" value="allow">Yes</button><button name="answer" value="refuse">No</button></form></body></html>"""


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, details: Mapping[str, str] | None = None, **headers: str) -> None:
        super().__init__(status)
        self.status, self.details, self.headers = status, details or {}, headers


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: list[str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent: a JSON value, a page, or nothing."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brand:
    id: str
    name: str
    stores: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an organization: its id, name and brands."""

    id: str
    name: str
    organization: Mapping[str, str]
    brands: Mapping[str, Brand]


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked on the page, in the browser with the cookie."""

    grant: Any
    cookie: str
    ends: float


class Provider:
    """Everything that the provider knows, as an ASGI application; `clients` are by role."""

    def __init__(self, users: Sequence[User], clients: Mapping[str, Client]) -> None:
        self.users = {each.id: each for each in users}
        self.clients = clients
        self.oauth = OAuth(list(clients.values()))
        self.questions: dict[str, Question] = {}
        self.connections: dict[tuple[str, str], str] = {}
        self.pages: dict[str, tuple[str, int]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        try:
            request = Request(
                scope["method"],
                [unquote(each, errors="strict") for each in scope["raw_path"].decode("ascii").split("/")[1:]],
                parse_qs(scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict"),
                {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
                body,
            )
            response = self.respond(request)
        except UnicodeDecodeError:
            response = refused(Refusal(400))
        except Refusal as refusal:
            response = refused(refusal)
        await transmit(response, send)

    def respond(self, request: Request) -> Response:
        """Find the operation."""
        if len(request.body) > LARGEST_BODY:
            raise Refusal(400)
        match request.path:
            case ["v1", "auth", "oauth2", "authorize"]:
                operations = {"GET": self.authorize}
            case ["accounts", "permission"]:
                operations = {"GET": self.show, "POST": self.decide}
            case ["v1", "auth", "token"]:
                operations = {"POST": self.token}
            case ["organization", "v1", "organization", *rest] if len(rest) <= 5:
                return self.organization(request, rest)
            case _:
                raise Refusal(404)
        response: Response = choose(request, operations)(request)
        return response

    # ---- OAuth ----

    def authorize(self, request: Request) -> Response:
        """A request for authorization: whoever comes with a right one is sent to the page."""
        asked = once_each(request.query)
        for name in ("client_id", "redirect_uri", "response_type", "scope", "state"):
            if not asked.get(name):
                raise Refusal(400, {name: "has to be in the query"})
        challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
        if asked["response_type"] != "code" or method not in {None, "S256"} or (challenge is None) != (method is None):
            raise Refusal(400)
        if challenge is not None and not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
            raise Refusal(400, {"code_challenge": "is no SHA-256 in base64url"})
        client = self.oauth.query_client(asked["client_id"])
        if client is not None and not client.check_redirect_uri(asked["redirect_uri"]):
            raise Refusal(400, {"redirect_uri": "is not registered"})
        try:
            grant: Any = self.oauth.get_authorization_grant(OAuthRequest(request.method, "", asked))
            grant.validate_consent_request()
        except OAuth2Error as error:
            error.state = asked["state"]
            return failure(error)
        question, cookie = secrets.token_urlsafe(), secrets.token_urlsafe()
        self.questions[question] = Question(grant, cookie, time.monotonic() + QUESTION_LIFETIME_S)
        headers = {
            "location": f"{PERMISSION}?question={question}",
            "set-cookie": f"asked={cookie}; Path={PERMISSION}; HttpOnly; SameSite=Lax",
        }
        return Response(302, headers=headers)

    def show(self, request: Request) -> Response:
        """The page where a person decides."""
        name = once_each(request.query).get("question", "")
        asked = self.open_question(name, request).grant.request
        people = "".join(f'<option value="{each.id}">{escape(each.name)}</option>' for each in self.users.values())
        page = PAGE.format(
            client=escape(asked.client.name),
            scopes=escape(asked.payload.scope),
            action=PERMISSION,
            question=escape(name),
            people=people,
        )
        policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
        return Response(200, page, {"content-security-policy": policy, "cache-control": "no-store"})

    def decide(self, request: Request) -> Response:
        """A person's answer, once."""
        filled = form_of(request)
        question = self.open_question(filled.get("question", ""), request)
        user = self.users.get(filled.get("person", ""))
        if filled.get("answer") not in {"allow", "refuse"} or (filled["answer"] == "allow" and user is None):
            raise Refusal(422)
        del self.questions[filled["question"]]
        grant = question.grant
        try:
            _, _, headers = grant.create_authorization_response(
                grant.redirect_uri, user if filled["answer"] == "allow" else None
            )
        except OAuth2Error as error:
            error.state = grant.request.payload.state
            return failure(error, 303)
        return Response(303, headers={"location": dict(headers)["Location"]})

    def open_question(self, name: str, request: Request) -> Question:
        """A question that this browser may answer."""
        question = self.questions.get(name)
        cookies = [each.strip() for each in request.headers.get("cookie", "").split(";")]
        if question is None or question.ends <= time.monotonic() or f"asked={question.cookie}" not in cookies:
            raise Refusal(400)
        return question

    def token(self, request: Request) -> Response:
        """A token for a code, or for the application itself."""
        form = {name: value for name, value in form_of(request).items() if value}
        missing = {"grant_type", "scope"} - set(form)
        if form.get("grant_type") == "authorization_code":
            missing |= {"code", "redirect_uri"} - set(form)
        if missing:
            raise Refusal(422, dict.fromkeys(sorted(missing), "has to be in the form"))
        if form["grant_type"] not in {"authorization_code", "client_credentials"}:
            raise Refusal(422, {"grant_type": "is not known"})
        verifier = form.get("code_verifier")
        if verifier is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
            raise Refusal(400, {"code_verifier": "is no verifier"})
        if "authorization" in request.headers and "client_secret" in form:
            raise Refusal(400)
        try:
            oauth_request = OAuthRequest(request.method, request.headers.get("authorization", ""), form)
            grant: Any = self.oauth.get_token_grant(oauth_request)
            grant.validate_token_request()
            if form.get("client_id", grant.client.id) != grant.client.id:
                raise Refusal(400, {"client_id": "is another one than the header's"})
            _, token, _ = grant.create_token_response()
        except OAuth2Error as error:
            return failure(error)
        except UnicodeDecodeError:  # (in the header of HTTP Basic)
            return refused(Refusal(401))
        return Response(200, token, {"cache-control": "no-store", "pragma": "no-cache"})

    # ---- Organization ----

    def organization(self, request: Request, path: list[str]) -> Response:
        """What a user's token reaches."""
        match path:
            case ["brands", brand_id, "stores", store_id, "connection"]:
                operations = {"GET": self.connection, "POST": self.connect, "DELETE": self.disconnect}
                operation = choose(request, operations)
                access = self.admit(request, "organization.service_integration")
                store = stored(access.user, brand_id, store_id)
                response: Response = operation(request, (access.client.id, store["id"]))
                return response
            case [] | ["brands"] | ["brands", _] | ["brands", _, "stores"] | ["brands", _, "stores", _]:
                choose(request, {"GET": self.read})
                return self.read(request, path, self.admit(request, "organization.read").user)
        raise Refusal(404)

    def read(self, request: Request, path: list[str], user: User) -> Response:
        """Organization, brands and stores."""
        match path:
            case ["brands"]:
                return self.page(request, user.organization["id"], [shown(each) for each in user.brands.values()])
            case ["brands", brand_id]:
                return Response(200, shown(branded(user, brand_id)))
            case ["brands", brand_id, "stores"]:
                return self.page(request, uuid_of(brand_id), list(branded(user, brand_id).stores.values()))
            case ["brands", brand_id, "stores", store_id]:
                return Response(200, stored(user, brand_id, store_id))
        return Response(200, user.organization)

    def admit(self, request: Request, scope: str) -> Any:
        """The access of a request's token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        access = self.oauth.tokens.get(token) if scheme.lower() == "bearer" else None
        if access is None or access.ends <= time.monotonic():
            raise Refusal(401)
        if access.user is None or scope not in access.scopes:
            raise Refusal(403)
        return access

    def page(self, request: Request, name: str, entries: list[Mapping[str, Any]]) -> Response:
        """Some of a list, by name; whether anything follows a full page is not looked at."""
        asked = once_each(request.query)
        if not re.fullmatch("[1-9][0-9]*", asked.get("limit", "")):
            raise Refusal(400, {"limit": "is a whole number from 1 on"})
        begin = 0
        if "token" in asked:
            named, begin = self.pages.get(asked["token"], ("", 0))
            if named != name:
                raise Refusal(400, {"token": "is none of this list"})
        end = begin + min(int(asked["limit"][:9]), LARGEST_PAGE)
        items = sorted(entries, key=lambda each: str(each["name"]), reverse=True)[begin:end]
        if end > len(entries):
            return Response(200, {"items": items})
        token = b64encode(secrets.token_bytes(16)).decode()
        self.pages[token] = (name, end)
        return Response(200, {"items": items, "offsetToken": token})

    def connection(self, _: Request, place: tuple[str, str]) -> Response:
        if place not in self.connections:
            raise Refusal(404)
        return Response(200, {"storeId": self.connections[place]})

    def connect(self, request: Request, place: tuple[str, str]) -> Response:
        if request.media_type() != "application/json":
            raise Refusal(400)
        body = read_json(request.body)
        store_id = body.get("storeId") if isinstance(body, dict) else None
        if not isinstance(store_id, str) or not store_id:
            raise Refusal(422, {"storeId": "is your own identifier of the store, a text"})
        if any(store_id in brand.stores for user in self.users.values() for brand in user.brands.values()):
            raise Refusal(422, {"storeId": "is ours, not yours"})
        if place in self.connections:
            raise Refusal(409)
        self.connections[place] = store_id
        return Response(204)

    def disconnect(self, _: Request, place: tuple[str, str]) -> Response:
        if self.connections.pop(place, None) is None:
            raise Refusal(404)
        return Response(204)


def choose(request: Request, operations: Mapping[str, Any]) -> Any:
    """The operation of the method."""
    if request.method not in operations:
        raise Refusal(405, allow=", ".join(operations))
    return operations[request.method]


def once_each(parameters: Mapping[str, list[str]]) -> dict[str, str]:
    """Parameters that come once each."""
    if any(len(values) > 1 for values in parameters.values()):
        raise Refusal(400)
    return {name: values[0] for name, values in parameters.items()}


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form."""
    if request.media_type() != FORM:
        raise Refusal(400)
    return once_each(parse_qs(request.body.decode(), keep_blank_values=True, errors="strict"))


def read_json(raw: bytes) -> Any:
    """Strict JSON."""

    def no_constant(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        value = json.loads(raw.decode(), parse_constant=no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400) from None
    return value


def branded(user: User, brand_id: str) -> Brand:
    """A brand of the user's organization."""
    if uuid_of(brand_id) not in user.brands:
        raise Refusal(404)
    return user.brands[uuid_of(brand_id)]


def stored(user: User, brand_id: str, store_id: str) -> Mapping[str, Any]:
    """A store of one of its brands."""
    stores = branded(user, brand_id).stores
    if uuid_of(store_id) not in stores:
        raise Refusal(404)
    return stores[uuid_of(store_id)]


def uuid_of(text: str) -> str:
    """A UUID as it is stored, in whichever case it was written."""
    return text.lower()


def shown(brand: Brand) -> Mapping[str, Any]:
    """A brand as it is answered."""
    return {"id": brand.id, "name": brand.name}


def failure(error: OAuth2Error, status: int = 302) -> Response:
    """What OAuth refuses: back to the application where that is known, else the provider's own body."""
    if error.redirect_uri:
        return Response(status, headers={"location": dict(error()[2])["Location"]})
    return refused(Refusal(401 if error.error == "invalid_client" else 400))


def refused(refusal: Refusal) -> Response:
    """The provider's own body of a refusal."""
    details = [{"attribute": name, "message": f"{name} {text}"} for name, text in refusal.details.items()]
    headers = {"www-authenticate": 'Bearer realm="otter"'} if refusal.status == 401 else {}
    return Response(
        refusal.status, {"message": SENTENCES[refusal.status], "details": details}, {**headers, **refusal.headers}
    )


async def transmit(response: Response, send: Any) -> None:
    """Send it in chunks, JSON with what no document knows."""
    is_page = isinstance(response.body, str)
    headers = dict(response.headers)
    if response.body is not None:
        headers["content-type"] = "text/html; charset=utf-8" if is_page else "application/json"
    wire = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": wire})
    data = b""
    if response.body is not None:
        data = response.body.encode() if is_page else json.dumps(further(response.body), indent=1).encode()
    for begin in range(0, len(data), PIECE):
        await send({"type": "http.response.body", "body": data[begin : begin + PIECE], "more_body": True})
    await send({"type": "http.response.body"})


def further(body: Any) -> Any:
    """The same in another order, with members that no document knows."""
    if isinstance(body, list):
        return [further(each) for each in body]
    if not isinstance(body, dict):
        return body
    return {"_kind": "otter", **{name: further(body[name]) for name in sorted(body, reverse=True)}}


# ---- Accounts ----


def account_of_fixtures() -> Provider:
    """What fixtures/otter/seed.json sets up, without what is generated there."""
    seed = json.loads((tree.ROOT / "fixtures" / "otter" / "seed.json").read_text(encoding="utf-8"))
    organizations = {each["id"]: each for each in seed["organizations"]}
    users = [user_of(each, organizations[each["organization"]]) for each in seed["users"]]
    clients = {
        each["role"]: Client(each["name"], each["redirect_uris"], frozenset(each["scopes"])) for each in seed["clients"]
    }
    return Provider(users, clients)


def user_of(user: Mapping[str, str], organization: Mapping[str, Any]) -> User:
    """A user of the fixtures, with the organization."""
    brands = {
        each["id"]: Brand(each["id"], each["name"], {store["id"]: store for store in each["stores"]})
        for each in organization["brands"]
    }
    return User(user["id"], user["name"], {"id": organization["id"], "name": organization["name"]}, brands)


def account_of_a_stranger() -> Provider:
    """Ids of the provider's own choice; brands with no store, one, seven and twelve."""
    brands = [brand(f"Brand {count}", count) for count in (0, 1, 7, 12)]
    others = [brand("Elsewhere", 2)]
    users = [
        User(str(uuid4()), name, {"id": str(uuid4()), "name": f"{name} & Co."}, {each.id: each for each in own})
        for name, own in (("Ida Å. Berg", brands), ("Otto", others))
    ]
    scopes = USER_SCOPES | {"ping", "orders.read"}
    clients = {
        "default": Client("Ours", ["https://ours.example/back?from=otter"], scopes),
        "other": Client("Theirs", ["https://theirs.example/back"], scopes),
    }
    return Provider(users, clients)


def brand(name: str, stores: int) -> Brand:
    """A brand with that many stores."""
    addresses: tuple[Any, ...] = (None, {}, {"city": "Tromsø", "location": {"latitude": 69.65, "longitude": 18.96}})
    made = [{"id": str(uuid4()), "name": f"Store {n}", "address": addresses[n % 3]} for n in range(stores)]
    return Brand(str(uuid4()), name, {str(each["id"]): each for each in made})


@contextmanager
def serving(provider: Provider) -> Iterator[str]:
    """The provider's base URL on loopback."""
    config = uvicorn.Config(
        provider, http="h11", loop="asyncio", lifespan="off", log_config=None, server_header=False, date_header=True
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Else each chunk would wait 40 ms for the client to acknowledge the one before.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
