"""
The Integrations API once more, by another hand: from the provider's page, over asyncio's streams with no framework.

It shares no code with the mock, and differs in whatever the documents leave open: other order of members, unknown
members in successes, blanks and escapes in its JSON, header names in lower case, chunked bodies; its own platforms and
triggers, in its own order; guids without hyphens for workflows and triggers; lists with the youngest first; its own
words and codes where no document has any; authentication before anything else.

No workflow ever runs here: what sets one off befalls orders, shipments, customers and products, which no operation of
the page makes or changes. So no e-mail, push message, webhook or change of status can be seen through the page's API.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from threading import Thread
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote
from uuid import uuid1, uuid4

from tests import tree

LARGEST_BODY = 1024 * 1024
LONGEST_HEAD = 1024 * 1024
PIECE = 60  # bytes of a chunk
ENTITY_TYPES = ("Order", "Shipment", "Customer", "Product")
ACTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "send_email": (("recipient",), ("template",)),
    "send_push": ((), ("title", "message")),
    "webhook": (("url",), ()),
    "update_status": (("status",), ()),
}
"""What each action has to have and may have, all of it text."""
TEMPLATES = ("delivery_confirmation", "order_confirmation")


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(status)
        self.status, self.code, self.message, self.headers = status, code, message, headers


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: list[str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Platform:
    """An external platform; `digests` are the SHA-256 of its credentials by name."""

    id: str
    name: str
    type: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trigger:
    entity_type: str
    code: str
    name: str
    description: str
    guid: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True, slots=True)
class Workflow:
    """`platform_id` is of the platform that a managed workflow came with."""

    name: str
    entity_type: str
    trigger: str
    action: str
    is_active: bool = True
    platform_id: str | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    guid: str
    platform: Platform
    is_active: bool
    connected_at: datetime


class Provider:
    """Everything that one account has; `tokens` are by role."""

    def __init__(
        self, platforms: Sequence[Platform], triggers: Sequence[Trigger], managed: Sequence[Workflow] = ()
    ) -> None:
        self.platforms = {each.id: each for each in platforms}
        self.triggers = triggers
        self.managed = managed
        self.tokens = {role: f"{role}.{secrets.token_urlsafe(24)}" for role in ("default", "user")}
        self.integrations: dict[str, Integration] = {}
        self.workflows: dict[str, Workflow] = {}
        self.subscriptions: dict[str, Any] = {}

    def answer(self, request: Request) -> Any:
        """What a request brings, as the member `data`; None for a success alone."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens.values():
            raise Refusal(401, "UNAUTHORIZED", "This call needs a valid access token")
        if len(request.body) > LARGEST_BODY:
            raise Refusal(413, "TOO_LARGE", "At most one mebibyte is taken")
        allowed, operation = self.operation(request)
        if request.method != allowed:
            raise Refusal(405, "NOT_ALLOWED", f"Only {allowed} works here", allow=allowed)
        return operation()

    def operation(self, request: Request) -> tuple[str, Callable[[], Any]]:
        """The method and the operation of a path."""
        match request.path:
            case ["api", "integrations", "provider", "configure"]:
                return "POST", partial(self.configure, request)
            case ["api", "integrations", "provider", "disable", guid]:
                return "GET", partial(self.disable, guid)
            case ["api", "integrations", "providers", "ecommerce", "remove", guid]:
                return "DELETE", partial(self.remove, guid)
            case ["api", "integrations", "save-vapid-subscription"]:
                return "POST", partial(self.subscribe, request)
            case ["api", "workflows", "triggers", entity_type] if entity_type in ENTITY_TYPES:
                return "GET", partial(self.list_triggers, entity_type)
            case ["api", "workflows", entity_type, "configured"] if entity_type in ENTITY_TYPES:
                return "GET", partial(self.list_workflows, entity_type, request)
            case ["api", "workflows", "configure"]:
                return "POST", partial(self.configure_workflow, request)
            case ["api", "workflows", "configured", guid, "toggle"]:
                return "GET", partial(self.toggle, guid)
            case ["api", "workflows", "configured", guid]:
                return "DELETE", partial(self.delete, guid)
            case ["api", "workflows", "resume-workflow"]:
                return "GET", partial(self.resume, request)
        raise Refusal(404, "NOT_FOUND", "There is no such page")

    # ---- Integrations ----

    def configure(self, request: Request) -> Any:
        """Connect a platform."""
        body = read_object(request)
        require_texts(body, "providerId", "providerType")
        require_object(body, "credentials")
        options = require_object(body, "settings") if "settings" in body else {}
        for name in ("autoImportOrders", "syncProducts", "pushTracking"):
            if not isinstance(options.get(name, True), bool):
                refuse_configuration(f"The setting {name} is switched on or off")
        platform = self.platforms.get(body["providerId"])
        if platform is None or platform.type != body["providerType"]:
            refuse_unknown("We do not work with this platform")
        before = next((each for each in self.integrations.values() if each.platform is platform), None)
        if before is not None and before.is_active:
            raise Refusal(409, "CONFLICT", "Integration already configured")
        if any(digest_of(body["credentials"].get(name)) != right for name, right in platform.digests.items()):
            refuse_configuration("Invalid credentials")
        guid = before.guid if before is not None else str(uuid1())
        integration = Integration(guid, platform, True, datetime.now(UTC))
        self.integrations[guid] = integration
        self.workflows |= {uuid4().hex: each for each in self.managed if each.platform_id == platform.id}
        return {
            "guid": guid,
            "provider": platform.name,
            "status": "active",
            "connectedAt": f"{integration.connected_at:%Y-%m-%dT%H:%M:%SZ}",
        }

    def disable(self, guid: str) -> Any:
        integration = self.integration(guid)
        self.integrations[integration.guid] = replace(integration, is_active=False)
        self.end_managed(integration.platform)
        return {"guid": integration.guid, "status": "disabled"}

    def remove(self, guid: str) -> None:
        integration = self.integration(guid)
        if integration.platform.type != "ecommerce":
            refuse_unknown("Integration not found")
        del self.integrations[integration.guid]
        self.end_managed(integration.platform)

    def integration(self, guid: str) -> Integration:
        """By its guid, in whichever case that was written."""
        if guid.lower() not in self.integrations:
            refuse_unknown("Integration not found")
        return self.integrations[guid.lower()]

    def end_managed(self, platform: Platform) -> None:
        """What came with an integration goes with it."""
        self.workflows = {guid: each for guid, each in self.workflows.items() if each.platform_id != platform.id}

    def subscribe(self, request: Request) -> None:
        body = read_object(request)
        require_texts(body, "endpoint")
        require_address(body["endpoint"])
        require_texts(require_object(body, "keys"), "p256dh", "auth")
        self.subscriptions[body["endpoint"]] = body["keys"]

    # ---- Workflows ----

    def list_triggers(self, entity_type: str) -> Any:
        return [
            {"guid": each.guid, "name": each.name, "code": each.code, "description": each.description}
            for each in self.triggers
            if each.entity_type == entity_type
        ]

    def list_workflows(self, entity_type: str, request: Request) -> Any:
        wanted = request.query.get("managed", ["false"])
        if wanted not in (["true"], ["false"]):
            refuse_configuration("Managed ones are wanted, or they are not")
        return [
            {
                "guid": guid,
                "name": each.name,
                "entityType": each.entity_type,
                "trigger": each.trigger,
                "action": each.action,
                "isActive": each.is_active,
                "isManaged": each.platform_id is not None,
            }
            for guid, each in reversed(self.workflows.items())
            if each.entity_type == entity_type and (each.platform_id is None or wanted == ["true"])
        ]

    def configure_workflow(self, request: Request) -> Any:
        """Make a workflow, or change the one of the same name and entity type."""
        body = read_object(request)
        require_texts(body, "name", "triggerId")
        if body.get("entityType") not in ENTITY_TYPES:
            refuse_configuration("There are orders, shipments, customers and products")
        action = require_object(body, "action")
        require_action(action)
        if "conditions" in body:
            require_object(body, "conditions")
        name, entity_type = body["name"], body["entityType"]
        trigger = next((each for each in self.triggers if each.guid == body["triggerId"]), None)
        if trigger is None or trigger.entity_type != entity_type:
            refuse_unknown("Nothing of this type sets that off")
        same = (
            guid
            for guid, each in self.workflows.items()
            if (each.name, each.entity_type, each.platform_id) == (name, entity_type, None)
        )
        guid = next(same, uuid4().hex)
        is_active = guid not in self.workflows or self.workflows[guid].is_active
        self.workflows[guid] = Workflow(name, entity_type, trigger.code, action["type"], is_active)
        return {"guid": guid, "name": name, "isActive": is_active}

    def toggle(self, guid: str) -> Any:
        workflow = self.workflow(guid)
        self.workflows[guid] = replace(workflow, is_active=not workflow.is_active)
        return {"guid": guid, "isActive": not workflow.is_active}

    def delete(self, guid: str) -> None:
        self.workflow(guid)
        del self.workflows[guid]

    def resume(self, request: Request) -> None:
        """No execution ever waits, so there is nothing to resume but the workflow's own existence to look at."""
        named = request.query.get("workflowId", [""])
        if len(named) != 1 or not named[0]:
            refuse_configuration("One workflow is to be resumed, say which")
        self.workflow(named[0])

    def workflow(self, guid: str) -> Workflow:
        if guid not in self.workflows:
            refuse_unknown("Workflow not found")
        return self.workflows[guid]


# ---- What a body has to be ----


def refuse_unknown(message: str) -> NoReturn:
    """There is nothing of that name."""
    raise Refusal(404, "NOT_FOUND", message)


def refuse_configuration(message: str) -> NoReturn:
    """The request cannot be carried out as it is."""
    raise Refusal(400, "CONFIGURATION_ERROR", message)


def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a body."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "UNSUPPORTED", "We read JSON and nothing else")

    def no_constant(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        body = json.loads(request.body.decode(), parse_constant=no_constant)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        refuse_configuration("That cannot be read")
    if not isinstance(body, dict):
        refuse_configuration("An object is wanted")
    return body


def require_texts(body: Mapping[str, Any], *names: str) -> None:
    """Members that are text, and not empty."""
    for name in names:
        if not isinstance(body.get(name), str) or not body[name]:
            refuse_configuration(f"Fill in {name}")


def require_object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object."""
    value = body.get(name)
    if not isinstance(value, dict):
        refuse_configuration(f"{name} has members of its own")
    return value


def require_address(text: str) -> None:
    """A URL of http or https, with a host."""
    rest = text.removeprefix("https://") if text.startswith("https://") else text.removeprefix("http://")
    if rest == text or rest[:1] in {"", "/"}:
        refuse_configuration("That is no address in the web")


def require_action(action: Mapping[str, Any]) -> None:
    """An action of the four types, with what it needs."""
    kind = action.get("type")
    if not isinstance(kind, str) or kind not in ACTIONS:
        refuse_configuration("We cannot do that")
    needed, possible = ACTIONS[kind]
    require_texts(action, *needed, *(name for name in possible if name in action))
    if kind == "webhook":
        require_address(action["url"])
    if kind == "send_email":
        _, at, domain = (text := action["recipient"]).partition("@")
        if at and (text.startswith("@") or not domain or {*" ,;@"} & {*domain}):
            refuse_configuration("Nobody can be written to there")
        if action.get("template", TEMPLATES[0]) not in TEMPLATES:
            refuse_configuration("We have no such template")


def digest_of(value: Any) -> str:
    """Credentials are known by their SHA-256 alone."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest() if isinstance(value, str) else ""


# ---- HTTP ----


async def converse(provider: Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, request by request, until the client or the server ends it."""
    with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            named = (line.partition(":") for line in lines)
            headers = {name.strip().lower(): value.strip() for name, _, value in named}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = first.split(" ")
            writer.write(respond(provider, method, target, headers, body))
            await writer.drain()
    writer.close()


def respond(provider: Provider, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    """The answer to one request, as it goes over the wire."""
    path, _, query = target.partition("?")
    try:
        segments = [unquote(each, errors="strict") for each in path.split("/")[1:]]
        data = provider.answer(Request(method, segments, parse_qs(query, keep_blank_values=True), headers, body))
    except Refusal as refusal:
        error = {"message": refusal.message, "code": refusal.code}
        return encoded(refusal.status, {"error": error, "success": False}, refusal.headers)
    except UnicodeDecodeError:
        return encoded(404, {"error": {"message": "That is no text", "code": "NOT_FOUND"}, "success": False}, {})
    return encoded(200, further({"success": True} if data is None else {"success": True, "data": data}), {})


def further(value: Any) -> Any:
    """The same in another order, with members that no page knows."""
    if isinstance(value, list):
        return [further(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {"_version": 7, **{name: further(value[name]) for name in sorted(value, reverse=True)}}


def encoded(status: int, body: Any, headers: Mapping[str, str]) -> bytes:
    """Status, headers and a chunked body."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"]
    lines += ["content-type: application/json; charset=utf-8", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    data = json.dumps(body, indent="\t", separators=(" , ", ": ")).encode()
    pieces = [data[begin : begin + PIECE] for begin in range(0, len(data), PIECE)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces)
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + chunks + b"0\r\n\r\n"


# ---- Accounts ----


def account_of_fixtures() -> Provider:
    """What fixtures/integrations/seed.json sets up, but for the guids of triggers."""
    seed = json.loads((tree.ROOT / "fixtures" / "integrations" / "seed.json").read_text(encoding="utf-8"))
    platforms = [
        Platform(each["id"], each["name"], each["type"], each["credentialsSha256"]) for each in seed["providers"]
    ]
    triggers = [
        Trigger(entity_type, each["code"], each["name"], each["description"])
        for entity_type, listed in seed["triggers"].items()
        for each in reversed(listed)
    ]
    managed = [
        Workflow(
            each["name"], each["entityType"], each["trigger"], each["action"]["type"], platform_id=each["providerId"]
        )
        for each in seed["managedWorkflows"]
    ]
    return Provider(platforms, triggers, managed)


def account_of_a_stranger() -> Provider:
    """The page's own platform, one more, no managed workflows, and more triggers than the page shows."""
    example = {"apiKey": "your-api-key", "apiSecret": "your-api-secret", "storeUrl": "https://yourstore.example.com"}
    platforms = [
        Platform(
            "provider-uuid", "provider-name", "ecommerce", {name: digest_of(each) for name, each in example.items()}
        ),
        Platform("3f1c", "Fjordpost", "carrier", {"pin": digest_of("1234")}),
    ]
    codes = {
        "Order": ("order_cancelled", "order_status_changed", "order_created"),
        "Shipment": ("shipment_picked_up", "shipment_delivered"),
        "Customer": ("customer_moved",),
        "Product": ("product_sold_out",),
    }
    triggers = [
        Trigger(entity_type, code, code.replace("_", " "), f"When this happens: {code}")
        for entity_type, listed in codes.items()
        for code in listed
    ]
    return Provider(platforms, triggers)


@contextmanager
def serving(provider: Provider) -> Iterator[str]:
    """The provider's base URL on loopback."""
    loop = asyncio.new_event_loop()
    begin = asyncio.start_server(partial(converse, provider), "127.0.0.1", 0, limit=LONGEST_HEAD)
    server = loop.run_until_complete(begin)
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
