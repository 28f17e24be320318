"""
Flow1st once more, by another hand: from the provider's pages, on asyncio's streams with h11 for HTTP's grammar.

It shares no code with the mock, and differs in whatever the documents leave open: its own words and codes in errors,
members that no page knows, the catalog from its end, answers that are compressed, header names in lower case, no blank
in its charset, and a client that has to say who it is before it learns which paths and media types there are.
Webhooks are sent: to the URL that an order brings, one after the other, again until they are acknowledged.
Nothing can be configured, topped up or refunded, since that happens in the provider's own pages.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from uuid import uuid4

import h11

from tests import tree
from tests.second_opinion import json_text, streams
from tests.second_opinion.streams import Answer, Request

AUTHENTICATION = "application/vnd.carry1st.products.distributorauthentication+json"
PRODUCT = "application/vnd.carry1st.products.distributorproduct+json"
ORDER = "application/vnd.carry1st.order.distributor+json"
PATHS = {
    "/api/distributors/auth/token": ("POST", AUTHENTICATION),
    "/api/distributors/auth/refresh": ("POST", AUTHENTICATION),
    "/api/distributors/products": ("GET", PRODUCT),
    "/api/orders/distributors/user-validation": ("GET", ORDER),
    "/api/orders/distributors/order-complete": ("POST", ORDER),
}
PARAMETERS = {
    "recipientIdentifier": ".+",
    "productBundleSku": ".+",
    "externalReference": ".+",
    "countryCode": "[A-Z]{2}",
    "currencyCode": "[A-Z]{3}",
    "amount": "[0-9]{1,15}([.][0-9]{1,9})?",
    "quantity": "1",
}
TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)
LARGEST = 1024 * 1024
WINDOW_NS = 300 * 10**9
LIFETIME_S = 3600.0
PENDING_S, OUTCOME_S = 0.1, 0.2
FORM = {"content-type": "application/json;charset=UTF-8"}
WAITS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
STAGING_MINOR = 10**12
GIVEN_BACK = {"FAILED", "CANCELLED", "ABANDONED"}


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = {"errorCode": code, "errorMessage": message, "sessionId": str(uuid4()), "status": status}


def refuse(status: int, code: str, message: str) -> NoReturn:
    """End the request with the documented error body."""
    raise Refusal(status, code, message)


@dataclass
class Order:
    """An order that was accepted; `answer` is what it was answered with."""

    sent: Mapping[str, Any]
    answer: Mapping[str, Any]
    bundle: Mapping[str, Any]


@dataclass
class Environment:
    """One account with its keys; amounts are in minor units."""

    key: str
    secret: str
    signing_key: str
    webhook_token: str
    balances: dict[str, int]
    orders: dict[str, Order] = field(default_factory=dict)


class Platform:
    """What the provider knows and sells. Its methods run on one event loop."""

    def __init__(self, seed: Path) -> None:
        known = json.loads(seed.read_text(encoding="utf-8"))
        digits = {each["code"]: each["digits"] for each in known["currencies"]}
        self.products = known["products"]
        self.bundles = {bundle["sku"]: bundle for product in self.products for bundle in product["bundles"]}
        self.prices = {
            sku: Decimal(bundle["price_minor"]).scaleb(-digits[bundle["currencyCode"]])
            for sku, bundle in self.bundles.items()
        }
        self.recipients = {each["identifier"]: each for each in known["recipients"]}
        self.environments = {each["role"]: new_environment(each["balances"]) for each in known["environments"]}
        self.environments["default"].balances = dict.fromkeys(digits, STAGING_MINOR)
        self.access: dict[str, tuple[Environment, float]] = {}
        self.refresh: dict[str, tuple[Environment, float]] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def issue(self, environment: Environment) -> dict[str, Any]:
        """A new pair of tokens."""
        access, refresh = (base64.b64encode(secrets.token_bytes(100)).decode() for _ in range(2))
        self.access[access] = environment, time.monotonic() + LIFETIME_S
        self.refresh[refresh] = environment, time.monotonic() + 24 * LIFETIME_S
        return {"role": "API_USER", "accessToken": access, "refreshToken": refresh, "scope": ["orders", "catalog"]}

    def exchange(self, body: Any) -> dict[str, Any]:
        """A new pair of tokens for a refresh token, once."""
        check_role(body)
        token = body.get("refreshToken")
        if not isinstance(token, str) or not token:
            refuse(400, "INCOMPLETE", "Send the refresh token")
        environment, until = self.refresh.pop(token, (None, 0.0))
        if environment is None or time.monotonic() >= until:
            refuse(401, "REFUSED", "This refresh token is of no use")
        return self.issue(environment)

    def holder(self, headers: Mapping[str, str]) -> Environment:
        """The account that an access token was issued to."""
        scheme, _, token = headers.get("accesstoken", "").partition(" ")
        environment, until = self.access.get(token, (None, 0.0))
        if scheme != "Bearer" or environment is None or time.monotonic() >= until:
            refuse(401, "REFUSED", "Say who you are")
        return environment

    def catalog(self) -> dict[str, Any]:
        """Every product."""
        return {"products": [self.product(each) for each in reversed(self.products)], "currencies": ["USD", "NGN"]}

    def product(self, product: Mapping[str, Any]) -> dict[str, Any]:
        """A product as the catalog shows it."""
        hidden = ("price_minor", "voucher", "countries")
        bundles = [
            {
                **{name: value for name, value in bundle.items() if name not in hidden},
                "price": float(self.prices[bundle["sku"]]),
                "available": True,
            }
            for bundle in reversed(product["bundles"])
        ]
        return {**product, "bundles": bundles, "tags": []}

    def validate_user(self, query: str) -> dict[str, Any]:
        """Whether a user can get a bundle."""
        given = read_parameters(query)
        sku = given["productBundleSku"]
        bundle = self.bundles.get(sku)
        if bundle is None:
            refuse(400, "MISMATCH", "The catalog does not have this bundle")
        if given["currencyCode"] != bundle["currencyCode"] or Decimal(given["amount"]) != self.prices[sku]:
            refuse(400, "MISMATCH", "The catalog has another price")
        if given["countryCode"] not in (bundle["countries"] or [given["countryCode"]]):
            refuse(400, "MISMATCH", "This is not sold there")
        user = self.user(given["recipientIdentifier"], bundle)
        if user is None:
            refuse(404, "NOBODY", "The game does not know this user")
        shown = {name: given[name] for name in ("recipientIdentifier", "productBundleSku", "externalReference")}
        return {**shown, "customerInfo": {**user["customer"], "level": 7}, "validatedAt": timestamp()}

    def order(self, environment: Environment, body: Any) -> dict[str, Any]:
        """Accept an order and take its price, once for a reference."""
        sku, reference = self.check_order(body), body["externalReference"]
        known, bundle = environment.orders.get(reference), self.bundles[sku]
        if known is not None:
            if canonical(known.sent) != canonical(body):
                refuse(400, "TAKEN", "Another order has this reference")
            return dict(known.answer)
        currency, price = bundle["currencyCode"], bundle["price_minor"]
        if environment.balances.get(currency, 0) < price:
            refuse(400, "POOR", "Top the account up")
        environment.balances[currency] -= price
        number = f"C-{secrets.randbelow(10**15):015d}-P"
        answer = {"reference": number, "externalReference": reference, "status": "NEW", "acceptedAt": timestamp()}
        environment.orders[reference] = Order(body, answer, bundle)
        task = asyncio.create_task(self.live(environment, environment.orders[reference]))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return dict(answer)

    def check_order(self, body: Any) -> str:
        """The SKU of an order that is right by itself."""
        given = body if isinstance(body, dict) else {}
        for name in ("externalReference", "productBundleSku", "recipientIdentifier"):
            if not isinstance(given.get(name), str) or not given[name]:
                refuse(400, "INCOMPLETE", "A text of the order is missing")
        quantity = given.get("quantity")
        if isinstance(quantity, bool) or quantity != 1:
            refuse(400, "INCOMPLETE", "Order one at a time")
        if not is_match(r"[^@\s]+@[^@\s]+", given.get("email")):
            refuse(400, "INCOMPLETE", "Give an address for e-mail")
        if "webhookUrl" in given and not is_match(r"https?://[^/?#\s]+\S*", given["webhookUrl"]):
            refuse(400, "INCOMPLETE", "Give a URL for webhooks, or none")
        sku: str = given["productBundleSku"]
        if sku not in self.bundles:
            refuse(400, "MISMATCH", "The catalog does not have this bundle")
        return sku

    def user(self, identifier: str, bundle: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The user whom a bundle's product knows by that name."""
        user: Mapping[str, Any] = self.recipients.get(identifier, {"products": ()})
        return user if bundle["productId"] in user["products"] else None

    def outcome(self, order: Order) -> str:
        """What comes of an order: codes are for everybody, the rest is for users that the game knows."""
        user = self.user(order.sent["recipientIdentifier"], order.bundle)
        if order.bundle["voucher"]:
            return "SUCCESSFUL"
        return "FAILED" if user is None else str(user["outcome"])

    async def live(self, environment: Environment, order: Order) -> None:
        """Let an order become pending and get its outcome, and tell each."""
        await asyncio.sleep(PENDING_S)
        await tell(environment, order, "PENDING")
        await asyncio.sleep(OUTCOME_S)
        outcome = self.outcome(order)
        if outcome in GIVEN_BACK:
            environment.balances[order.bundle["currencyCode"]] += order.bundle["price_minor"]
        await tell(environment, order, outcome)


def new_environment(balances: Mapping[str, int]) -> Environment:
    """An account with keys of its own."""
    key, secret, signing_key, token = (secrets.token_urlsafe(size) for size in (12, 24, 32, 40))
    return Environment(key, secret, signing_key, token, dict(balances))


def read_json(request: Request) -> Any:
    """The body of a request."""
    try:
        return json_text.read(request.raw)
    except ValueError:
        refuse(400, "UNREADABLE", "The body is not JSON")


def check_role(body: Any) -> None:
    """The one role that a page shows."""
    if not isinstance(body, dict) or body.get("role") != "API_USER":
        refuse(400, "INCOMPLETE", "The role is API_USER")


def is_match(pattern: str, value: Any) -> bool:
    """Whether a value is a text of that form from its beginning to its end."""
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def canonical(value: Any) -> Any:
    """A JSON value such that equal ones are equal in Python too: there, true is 1."""
    if isinstance(value, dict):
        return {name: canonical(each) for name, each in value.items()}
    if isinstance(value, list):
        return [canonical(each) for each in value]
    return (type(value) if isinstance(value, bool) else None, value)


def timestamp() -> str:
    """The present, with nanoseconds."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def nanoseconds(text: str) -> int | None:
    """A moment in nanoseconds since 1970; None where the text is none."""
    match = TIMESTAMP.fullmatch(text)
    try:
        moment = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00")) if match else None
    except ValueError:
        return None
    if match is None or moment is None:
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 10**9 + int(
        (match[2] or "").ljust(9, "0")
    )


def signature(signing_key: str, moment: str, body: bytes) -> str:
    """Of a request or a webhook."""
    return hmac.new(signing_key.encode(), moment.encode("latin-1") + body, hashlib.sha256).hexdigest()


def check_signature(environment: Environment, request: Request) -> None:
    """That a signed call is signed, rightly and just now."""
    moment, signed = request.headers.get("x-timestamp", ""), request.headers.get("x-signature", "")
    at = nanoseconds(moment)
    if at is None or abs(time.time_ns() - at) > WINDOW_NS:
        refuse(400, "UNSIGNED", "Sign with the time that it is")
    right = signature(environment.signing_key, moment, request.raw)
    if not hmac.compare_digest(right.encode(), signed.encode("latin-1")):
        refuse(400, "UNSIGNED", "Sign the body that you send")


def read_parameters(query: str) -> dict[str, str]:
    """The seven parameters of a validation, each given once and in its form."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError:
        refuse(400, "INCOMPLETE", "The parameters are not UTF-8")
    for name, pattern in PARAMETERS.items():
        values = [value for each, value in pairs if each == name]
        if len(values) != 1 or not re.fullmatch(pattern, values[0], re.DOTALL):
            refuse(400, "INCOMPLETE", "Each of the seven parameters is needed, once and in its form")
    return dict(pairs)


async def tell(environment: Environment, order: Order, status: str) -> None:
    """Send a webhook until it is acknowledged, or the last attempt has failed."""
    url = order.sent.get("webhookUrl")
    if url is None:
        return
    names = ("externalReference", "quantity", "recipientIdentifier", "email")
    event = {**{name: order.sent[name] for name in names}, "reference": order.answer["reference"], "status": status}
    if order.bundle["voucher"] and status == "SUCCESSFUL":
        event["voucherCodes"] = [[{"name": "code", "value": secrets.token_hex(8)}, {"name": "pin", "value": "0000"}]]
    body = json_text.write({**event, "eventId": str(uuid4())})
    for wait_s in (*WAITS_S, 0.0):
        moment = timestamp()
        headers = {
            "content-type": "application/json",
            "accesstoken": f"Bearer {environment.webhook_token}",
            "x-timestamp": moment,
            "x-signature": signature(environment.signing_key, moment, body),
        }
        with suppress(OSError, ValueError, h11.ProtocolError):
            if await streams.post(url, headers, body) // 100 == 2:
                return
        await asyncio.sleep(wait_s)


class Api:
    """The platform as requests reach it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def answer(self, request: Request) -> Answer:
        """What a request is answered with."""
        try:
            result = self.operate(request)
        except Refusal as refusal:
            allowed = {"allow": PATHS[request.path][0]} if refusal.status == 405 else {}
            return Answer(refusal.status, json_text.write(refusal.body), {**FORM, **allowed})
        return Answer(201 if request.path.endswith("/order-complete") else 200, json_text.write(result), FORM)

    def operate(self, request: Request) -> dict[str, Any]:
        """Find the operation and carry it out."""
        if request.path.startswith("/api/distributors/auth/"):
            self.check_form(request)
            if request.path.endswith("/refresh"):
                return self.platform.exchange(read_json(request))
            environment = self.authenticate(request.headers.get("authorization", ""))
            check_role(read_json(request))
            return self.platform.issue(environment)
        environment = self.platform.holder(request.headers)
        self.check_form(request)
        if request.path.endswith("/products"):
            return self.platform.catalog()
        if request.path.endswith("/user-validation"):
            return self.platform.validate_user(request.query)
        check_signature(environment, request)
        return self.platform.order(environment, read_json(request))

    def authenticate(self, header: str) -> Environment:
        """The account of an API key and its secret."""
        scheme, _, text = header.partition(" ")
        try:
            pair = base64.b64decode(text.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
        except ValueError:
            pair = ""
        for each in self.platform.environments.values():
            if hmac.compare_digest(pair.encode(), f"{each.key}:{each.secret}".encode()):
                return each
        refuse(401, "REFUSED", "Say who you are")

    def check_form(self, request: Request) -> None:
        """Path, method, media type and size."""
        if request.path not in PATHS:
            refuse(404, "NOWHERE", "There is nothing here")
        method, media_type = PATHS[request.path]
        sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if (request.method, sent) != (method, media_type):
            refuse(405, "UNFIT", "Look at method and media type again")
        if len(request.raw) > LARGEST:
            refuse(400, "HUGE", "The body is too large")


@contextmanager
def serving() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """The server on loopback: its URL, and credentials by role; the API key is called token, as in the environment."""
    platform = Platform(tree.ROOT / "fixtures" / "flow1st" / "seed.json")
    keys = {
        role: {"token": each.key, "secret": each.secret, "signing_key": each.signing_key}
        for role, each in platform.environments.items()
    }
    with streams.serving(Api(platform).answer) as url:
        yield url, keys
