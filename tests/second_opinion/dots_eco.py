"""
A second implementation of Dots.eco, from the provider's pages, with the standard library except for addresses.

It shares no code with the mock, and differs in whatever the documents leave open: members in alphabetical order,
members that no page knows, blanks and escapes in its JSON, header names in lower case, chunked bodies.
"""

import json
from calendar import isleap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

from email_validator import EmailNotValidError, validate_email

from tests import tree

LARGEST = 1024 * 1024
DENIED = "Access denied. You are not a manager of specified application."
CLOSED = "Access denied. Flow gift card purchase is not allowed for specified application's company."
NO_LIST = "Please provide valid app_token value and auth-token header."
ASLEEP = (
    "Your company is not yet activated for production requests. "
    "Please contact your account manager at Dots.eco to activate it."
)


class Refusal(Exception):
    def __init__(self, status: int, body: Any, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


class Shop:
    """The provider's data; `tokens` are by role."""

    def __init__(self, seed: Path) -> None:
        known = json.loads(seed.read_text(encoding="utf-8"))
        self.companies = {each["name"]: each for each in known["companies"]}
        self.applications = {each["app_token"]: each for each in known["applications"]}
        self.skus = {each["sku"]: each for each in known["skus"]}
        self.tokens: dict[str, str] = {}
        self.holders: dict[str, tuple[set[str], set[str]]] = {}
        for manager in known["managers"]:
            for token in manager["tokens"]:
                key = f"{len(self.tokens) + 1:032x}"
                self.tokens[token["role"]] = key
                self.holders[key] = (set(manager["companies"]), set(token["access"]))
        self.numbers = count(1000)

    def admit(self, token: str | None, right: str, otherwise: str = DENIED) -> set[str]:
        """The companies that a token's holder manages."""
        if not token:
            refuse(403, otherwise)
        companies, rights = self.holders.get(token, (set(), set()))
        if right not in rights:
            refuse(403, DENIED)
        return companies

    def buy(self, companies: set[str], body: Any) -> Any:
        given = {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else {}
        app_token = given.get("app_token")
        application = self.applications.get(app_token) if isinstance(app_token, str) else None
        if application is not None:
            self.check(companies, application, "flow_card_purchase", CLOSED)
        today = datetime.now(UTC).date()
        errors = {name: [message] for name, message in self.faults(given, application, today) if message}
        if errors or application is None:
            raise Refusal(422, {"success": False, "errors": errors})
        sku, number = self.skus[given["sku"]], next(self.numbers)
        short = f"{float(sku['amount']):.2f}".rstrip("0").rstrip(".")
        shown = ("sku", "title", "redeem_url", "card_image", "redeem_instructions", "amount")
        expires = given.get("expiration_date", five_years_on(today).isoformat())
        return {
            "success": True,
            "response": {
                **{name: sku[name] for name in shown},
                "card_id": str(number),
                "code": f"{application['app_token'].split('-')[0]}-{sku['sku']}-{short}-{number:08x}",
                "expiration_date": f"{expires} 00:00:00",
                **{name: given.get(name) for name in ("recipient_email", "recipient_name", "from", "message")},
            },
        }

    def check(self, companies: set[str], application: Any, switch: str, otherwise: str) -> None:
        """Check that the holder manages the company and the company may buy."""
        if application["company"] not in companies:
            refuse(403, DENIED)
        if not self.companies[application["company"]][switch]:
            refuse(403, otherwise)

    def faults(self, given: Any, application: Any, today: date) -> Iterator[tuple[str, str | None]]:
        """The error of each parameter."""
        token, sku = given.get("app_token", ""), given.get("sku", "")
        yield (
            "app_token",
            "The app_token is required." if token == "" else None if application else invalid("app_token"),
        )
        offered = isinstance(sku, str) and sku in self.skus
        if offered and application:
            offered = token in self.skus[sku]["applications"]
        yield "sku", "The sku is required." if sku == "" else None if offered else invalid("sku")
        if "expiration_date" in given:
            yield "expiration_date", fault_of_date(given["expiration_date"], today)
        if "recipient_email" in given and not is_address(given["recipient_email"]):
            yield "recipient_email", invalid("recipient_email")
        for name in ("recipient_name", "from", "message"):
            yield name, None if isinstance(given.get(name, ""), str) else invalid(name)

    def offers(self, companies: set[str], app_token: str) -> Any:
        application = self.applications.get(app_token)
        if application is None:
            refuse(403, NO_LIST)
        self.check(companies, application, "flow_card_purchase", CLOSED)
        names = ("title", "sku", "redeem_url", "card_image", "redeem_instructions")
        offered = (each for each in self.skus.values() if app_token in each["applications"])
        return [{name: each[name] for name in names} for each in offered]

    def balance(self, companies: set[str], app_token: str) -> Any:
        application = self.applications.get(app_token)
        if application is None:
            refuse(404, "The app_token is invalid.")
        self.check(companies, application, "activated", ASLEEP)
        return {"balance": application["balance"]}


def refuse(status: int, message: str, **headers: str) -> NoReturn:
    """Answer with a message."""
    raise Refusal(status, {"message": message}, **headers)


def invalid(name: str) -> str:
    """The message of most errors."""
    return f"The {name} is invalid."


def five_years_on(day: date) -> date:
    """The last day of a card."""
    return day.replace(year=day.year + 5) if (day.month, day.day) != (2, 29) else date(day.year + 5, 3, 1)


def fault_of_date(text: Any, today: date) -> str | None:
    """The error of an expiration date."""
    digits = "0123456789"
    shape = "".join("9" if each in digits else each for each in text) if isinstance(text, str) else ""
    if shape != "9999-99-99":
        return "The expiration_date format should be YYYY-mm-dd."
    year, month, day = (int(part) for part in text.split("-"))
    days = (31, 29 if isleap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (year > 0 and 1 <= month <= 12 and 1 <= day <= days[month - 1]):
        return invalid("expiration_date")
    first, last = today + timedelta(days=1), five_years_on(today)
    if date(year, month, day) < first:
        return f"The minimum expiration_date should be {first}."
    return f"The maximum expiration_date should be {last}." if date(year, month, day) > last else None


def is_address(text: Any) -> bool:
    """Whether a text is an address, by the mock's library: this is not compared."""
    if not isinstance(text, str) or len(text) > 254:
        return False
    try:
        validate_email(text, allow_quoted_local=True, strict=True, test_environment=True, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def read_json(raw: bytes) -> Any:
    """Strict JSON."""

    def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    def no_constant(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        value = json.loads(raw.decode(), object_pairs_hook=no_twins, parse_constant=no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        refuse(400, "Syntax error")
    return value


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each chunk would wait 40 ms for the client to acknowledge the one before
    shop: Shop

    def do_GET(self) -> None:
        self.answer()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def answer(self) -> None:
        """Find the operation. An unexpected failure ends the connection, and so the test."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.reply(200, self.operation(raw))
        except Refusal as refusal:
            self.reply(refusal.status, refusal.body, **refusal.headers)

    def operation(self, raw: bytes) -> Any:
        token = self.headers.get("Auth-Token")
        match self.path.split("/")[1:]:
            case ["api", "v1", "flow-card", "add"]:
                if self.command != "POST":
                    refuse(405, "That is no method of this path.", allow="POST")
                companies = self.shop.admit(token, "write")
                return self.shop.buy(companies, self.json(raw))
            case ["api", "v1", "flow-card", "list", app_token]:
                return self.shop.offers(self.shop.admit(token, "read", NO_LIST), app_token)
            case ["api", "v1", "application-balance", app_token]:
                return self.shop.balance(self.shop.admit(token, "read"), app_token)
        refuse(404, "There is nothing here.")

    def json(self, raw: bytes) -> Any:
        if len(raw) > LARGEST:
            refuse(413, "That is too much.")
        if raw and (self.headers.get("Content-Type") or "").split(";")[0].strip().lower() != "application/json":
            refuse(415, "That is not JSON.")
        return read_json(raw)

    def reply(self, status: int, body: Any, **headers: str) -> None:
        """Reply in chunks, with undocumented members."""
        text = json.dumps(further(body), indent=3, sort_keys=True, separators=(" ,", " : ")).replace("/", "\\/")
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        data = text.encode()
        for start in range(0, len(data), 1000):
            piece = data[start : start + 1000]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")


def further(body: Any) -> Any:
    """The value with undocumented members."""
    if isinstance(body, list):
        return [further(each) for each in body]
    more = {name: further(value) for name, value in body.items() if name == "response"}
    return {**body, **more, "request_id": "01J9ZK", "_links": {"self": None}}


@contextmanager
def serving() -> Iterator[tuple[str, dict[str, str]]]:
    """The server on loopback: its URL, and its tokens by role."""
    shop = Shop(tree.ROOT / "fixtures" / "dots_eco" / "seed.json")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"shop": shop}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", shop.tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
