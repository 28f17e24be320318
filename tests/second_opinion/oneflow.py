"""
OneFlow once more, by another hand: from the provider's document, as a bare ASGI application on uvicorn.

It shares no code with the mock, and differs in whatever the documents leave open: its own words in messages, members
that no page knows, ids at random instead of counted, no `files`, `logs` or ids of accounts, header names in lower case,
chunked bodies, keys looked at before paths, and an order that is judged after its answer has left.
Postbacks are missing: triggers are set up in OneFlow's own pages, so that no client of the API could see one.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from threading import Thread
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote_to_bytes

import uvicorn

from tests import tree
from tests.second_opinion import json_text
from tests.second_opinion.oneflow_orders import completed, find_carrier, findings, known_address, update_findings

Message = MutableMapping[str, Any]

LARGEST = 1024 * 1024
PIECE = 700  # bytes of a chunk
PRINT_READY_S = 2.0
DIGESTS = {b"SHA1": hashlib.sha1, b"SHA256": hashlib.sha256}
UNKNOWN_TOKEN = {"message": "Token Not Found"}
NOT_FOUND = {"message": "Couldn't find a thing with that ID", "name": "NotFound", "code": 404}
TAKEN = "Source Order ID already exists"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def refuse(status: int, message: str, name: str) -> NoReturn:
    """End the request with the documented error body, and a number to ask the support for."""
    error = {"message": message, "name": name, "code": status}
    raise Refusal(status, {"success": False, "error": error, "incident": secrets.token_hex(4)})


def not_found() -> NoReturn:
    """End the request with the document's own 404."""
    raise Refusal(404, {"success": False, "error": NOT_FOUND})


@dataclass
class Order:
    """An order that was found valid."""

    id: str
    account: Mapping[str, Any]
    destination: str
    data: dict[str, Any]
    received_at: float
    is_cancelled: bool = False

    @property
    def status(self) -> str:
        if self.is_cancelled:
            return "cancelled"
        return "accepted" if time.monotonic() < self.received_at + PRINT_READY_S else "printready"

    def record(self) -> dict[str, Any]:
        """As it is given back."""
        shipments = [with_details(each) for each in self.data["shipments"]]
        return {
            "_id": self.id,
            "destination": {"name": self.destination},
            "source": {"name": self.account["name"]},
            "orderData": {**self.data, "shipments": shipments, "status": self.status, "slaMet": True},
        }

    def shipment(self, index: int) -> dict[str, Any]:
        """
        The shipment of that index, to be changed.

        Raises:
            Refusal: There is none.
        """
        for each in self.data["shipments"]:
            if each["shipmentIndex"] == index:
                found: dict[str, Any] = each
                return found
        not_found()


def with_details(shipment: Mapping[str, Any]) -> dict[str, Any]:
    """A shipment whose addresses tell more than was sent."""
    addresses = {name: shipment[name] for name in ("shipTo", "returnAddress") if name in shipment}
    return {**shipment, **{name: {**address, "verified": False} for name, address in addresses.items()}}


class PrintShop:
    """What the provider knows; `keys` are token and secret by role."""

    def __init__(self, seed: Path) -> None:
        known = json.loads(seed.read_text(encoding="utf-8"))
        self.destinations = {each["name"]: each for each in known["destinations"]}
        self.titles = {(each["destination"], each["sourceProductId"]): each for each in known["titles"]}
        self.accounts = {each["name"]: each for each in known["accounts"]}
        self.keys = {each["role"]: (secrets.token_urlsafe(18), secrets.token_hex(32)) for each in known["accounts"]}
        self.holders = {self.keys[each["role"]][0]: each for each in known["accounts"]}
        self.secrets = dict(self.keys.values())
        self.orders: dict[str, Order] = {}
        self.numbers: dict[tuple[str, str], Order] = {}
        self.stored: dict[str, bytes] = {}
        self.waiting: deque[tuple[str, Mapping[str, Any], Any]] = deque()

    def validate(self, account: Mapping[str, Any], body: Any) -> dict[str, Any]:
        """Whether an order is suitable for submission; what is no object is no order at all."""
        if not isinstance(body, dict):
            refuse(400, "Send one object", "InvalidBody")
        wrong = list(self.findings(account, body))
        if wrong:
            entries = [{"path": path, "message": message} for path, message in wrong]
            text = f"{len(wrong)} things are wrong with this order"
            raise Refusal(400, {"success": False, "error": {"code": 208, "message": text, "validations": entries}})
        return {**body, "checkedAt": timestamp()}

    def findings(self, account: Mapping[str, Any], body: Any) -> Iterator[tuple[str, str]]:
        """What is wrong with an order, its number among the account's others included."""
        yield from findings(body, self.destinations, self.titles)
        data = body.get("orderData") if isinstance(body, dict) else None
        number = data.get("sourceOrderId") if isinstance(data, dict) else None
        if isinstance(number, str) and (account["name"], number) in self.numbers:
            yield "orderData.sourceOrderId", TAKEN

    def submit(self, account: Mapping[str, Any], raw: bytes, body: Any, base_url: str) -> dict[str, Any]:
        """Store a submission, to be judged later."""
        key = secrets.token_hex(12)
        place = secrets.token_urlsafe(12)
        self.stored[place] = raw
        self.waiting.append((key, account, body))
        url = f"{base_url}/stored/{place}"
        return {"_id": key, "url": url, "timestamp": timestamp(), "sourceAccountId": account["_id"], "queue": "orders"}

    def judge_waiting(self) -> None:
        """Make orders of the submissions that are valid; the others are known by their ids alone."""
        while self.waiting:
            key, account, body = self.waiting.popleft()
            if not any(self.findings(account, body)):
                data = completed(body, self.titles)
                order = Order(key, account, body["destination"]["name"], data, time.monotonic())
                self.orders[key] = self.numbers[account["name"], data["sourceOrderId"]] = order

    def page(self, account: Mapping[str, Any], query: str) -> dict[str, Any]:
        """A page of the account's orders, the newest first."""
        given = parse_qs(query, keep_blank_values=True)
        number, size = (positive(given.get(name, [default])) for name, default in (("page", "1"), ("pagesize", "10")))
        mine = [each for each in reversed(self.orders.values()) if each.account is account]
        shown = mine[(number - 1) * size : number * size]
        return {"success": True, "data": [each.record() for each in shown], "sort": "-received"}

    def order(self, account: Mapping[str, Any], key: str) -> Order:
        """One order of the account."""
        order = self.orders.get(key)
        if order is None:
            not_found()
        if order.account is not account:
            refuse(403, "That order belongs to somebody else", "AccessDenied")
        return order

    def cancel(self, account: Mapping[str, Any], source: str, number: str) -> dict[str, Any]:
        """Cancel an order once."""
        if source not in self.accounts:
            not_found()
        if source != account["name"]:
            refuse(403, "That account is somebody else's", "AccessDenied")
        order = self.numbers.get((source, number))
        if order is None:
            not_found()
        if order.is_cancelled:
            refuse(400, "It was cancelled before", "NothingToCancel")
        order.is_cancelled = True
        return {**order.record(), "cancelledAt": timestamp()}

    def shipment(self, account: Mapping[str, Any], number: str, index: str) -> tuple[Order, dict[str, Any]]:
        """An order of the account and its shipment of that index."""
        order = self.numbers.get((account["name"], number))
        if order is None or not re.fullmatch("[0-9]{1,9}", index):
            not_found()
        return order, order.shipment(int(index))

    def update(self, order: Order, shipment: dict[str, Any], body: Any) -> dict[str, Any]:
        """Amend the address of a shipment, and carrier and tracking number where they are given."""
        if any(update_findings(body)):
            refuse(400, "This is no address, or no carrier, as the document has them", "InvalidUpdate")
        if order.is_cancelled:
            refuse(400, "The order is cancelled", "OrderClosed")
        change: dict[str, Any] = {"shipTo": known_address(body["shipTo"])}
        given = body.get("carrier", {})
        named = {name: given[name] for name in ("alias", "code", "service") if given.get(name)}
        printer = self.destinations[order.destination]
        service = find_carrier(printer, named or shipment["carrier"])
        if service is None:
            refuse(400, "That carrier is not set up", "InvalidUpdate")
        if service["requiresPhone"] and not body["shipTo"].get("phone"):
            refuse(400, "This carrier needs a phone number", "InvalidUpdate")
        if named:
            change["carrier"] = named
        if "trackingNumber" in body:
            change["trackingNumber"] = body["trackingNumber"]
        shipment.update(change)
        items = [each for each in order.data["items"] if each["shipmentIndex"] == shipment["shipmentIndex"]]
        carrier = {name: service[name] for name in ("code", "service")}
        number = order.data["sourceOrderId"]
        return {**with_details(shipment), "carrier": carrier, "sourceOrderId": number, "items": items, "labels": []}


def timestamp() -> str:
    """The present in UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def positive(texts: list[str]) -> int:
    """A number of a query, from 1."""
    if len(texts) != 1 or not re.fullmatch("0*[1-9][0-9]*", texts[0]):
        refuse(400, "page and pagesize are numbers from 1", "InvalidQuery")
    return int(texts[0])


@dataclass(frozen=True)
class Request:
    """One request, as ASGI tells of it."""

    method: str
    path: bytes
    query: str
    headers: Mapping[bytes, bytes]
    raw: bytes

    def json(self) -> Any:
        """The body, which has to be JSON and say so."""
        if self.headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            refuse(400, "Send application/json", "InvalidContentType")
        try:
            return json_text.read(self.raw)
        except ValueError:
            refuse(400, "This body is not JSON", "InvalidBody")


class Application:
    """The API, and the store that a submission's `url` leads to."""

    def __init__(self, shop: PrintShop) -> None:
        self.shop = shop

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        raw = b"".join([piece async for piece in body_of(receive)])
        request = Request(
            scope["method"], scope["raw_path"], scope["query_string"].decode("latin-1"), dict(scope["headers"]), raw
        )
        try:
            body, status = self.answer(request)
        except Refusal as refusal:
            body, status = json_text.write(refusal.body), refusal.status
        head = [(b"content-type", b"application/json; charset=utf-8"), (b"x-powered-by", b"another hand")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        for start in range(0, len(body), PIECE):
            await send({"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        self.shop.judge_waiting()

    def answer(self, request: Request) -> tuple[bytes, int]:
        """Body and status."""
        names = [text_of(each) for each in request.path.split(b"/")[1:]]
        match request.method, *names:
            case "GET", "stored", str(place) if place in self.shop.stored:
                return self.shop.stored[place], 200
        account = self.authenticate(request)
        status = 201 if (request.method, names) == ("POST", ["api", "order"]) else 200
        return json_text.write(self.operate(request, names, account)), status

    def authenticate(self, request: Request) -> Mapping[str, Any]:
        """The account that a request is made for."""
        token, colon, signature = request.headers.get(b"x-oneflow-authorization", b"").partition(b":")
        date = request.headers.get(b"x-oneflow-date", b"")
        if not (token and colon and signature and date):
            refuse(401, "Sign the request", "SignatureMissing")
        name = token.decode("latin-1")
        if name not in self.shop.holders:
            raise Refusal(401, UNKNOWN_TOKEN)
        digest = DIGESTS.get(request.headers.get(b"x-oneflow-algorithm", b"SHA1"))
        if digest is None or not any(
            hmac.compare_digest(self.signature(name, request.method, path, date, digest), signature)
            for path in (request.path, unquote_to_bytes(request.path))
        ):
            refuse(401, "The signature is another", "SignatureMismatch")
        holder: Mapping[str, Any] = self.shop.holders[name]
        return holder

    def signature(self, token: str, method: str, path: bytes, date: bytes, digest: Callable[..., Any]) -> bytes:
        """What a request's signature has to be."""
        signed = b" ".join((method.encode(), path, date))
        return hmac.new(self.shop.secrets[token].encode(), signed, digest).hexdigest().encode()

    def operate(self, request: Request, names: list[str | None], account: Mapping[str, Any]) -> dict[str, Any]:
        """Find the operation and carry it out."""
        if len(request.raw) > LARGEST:
            refuse(413, "The body is too large", "TooLarge")
        match request.method, *names:
            case "POST", "api", "order", "validate":
                return self.shop.validate(account, request.json())
            case "POST", "api", "order":
                host = request.headers.get(b"host", b"localhost").decode("latin-1")
                return self.shop.submit(account, request.raw, request.json(), f"http://{host}")
            case "GET", "api", "order":
                return self.shop.page(account, request.query)
            case "GET", "api", "order", str(key):
                return {**self.shop.order(account, key).record(), "servedAt": timestamp()}
            case "PUT", "api", "order", str(source), str(number), "cancel":
                return self.shop.cancel(account, source, number)
            case "PUT", "api", "shipment", str(number), str(index), "shipping":
                order, shipment = self.shop.shipment(account, number, index)
                return self.shop.update(order, shipment, request.json())
        not_found()


def text_of(name: bytes) -> str | None:
    """A name in a path, decoded; None where it is no UTF-8."""
    try:
        return unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        return None


async def body_of(receive: Callable[[], Awaitable[Message]]) -> AsyncIterator[bytes]:
    """A request's body, piece by piece."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        yield message.get("body", b"")


@contextmanager
def serving() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """The server on loopback: its URL, and credentials by role."""
    shop = PrintShop(tree.ROOT / "fixtures" / "oneflow" / "seed.json")
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)  # asyncio turns Nagle's delay off only where TCP is named
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(Application(shop), http="h11", loop="asyncio", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        keys = {role: {"token": token, "secret": secret} for role, (token, secret) in shop.keys.items()}
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", keys
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
