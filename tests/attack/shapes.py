"""
Inputs that grow: each shape gives the work for a size in bytes. Whoever serves them must not take much longer than it
takes to parse them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.control.app import ControlApp
from flowproof.kernel.http.host_names import HostNames
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Mock
from flowproof.kernel.time.clock import Clock, instant_from_text
from flowproof.kernel.webhooks.mail_message import mail_delivery
from flowproof.kernel.workspaces import Workspace
from flowproof.mocks.integrations.mail import LONGEST_SUBJECT
from flowproof.mocks.oneflow.handlebars import TemplateError, compile_template
from flowproof.mocks.oneflow.lifecycle import findings_of
from flowproof.providers import find_providers

__all__ = ["LARGEST", "SHAPES", "Target", "Work"]

Work = Callable[[], object]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
NOON = "2024-09-13T12:00:00Z"
LARGEST = 1024 * 1024
LONGEST_TEMPLATE = 64 * 1024


@dataclass(frozen=True)
class Target:
    """The mocks of all providers without a socket, whose default workspace has a frozen clock."""

    @cached_property
    def mock(self) -> Mock:
        mock = build_gateway(find_providers(), ServerSettings(entropy=1, largest_body=4 * LARGEST, journal_keep=5)).mock
        mock.workspaces.set_clock(mock.workspaces.ensure_default(), Clock.frozen(instant_from_text(NOON)))
        return mock

    @cached_property
    def control(self) -> ControlApp:
        return ControlApp(self.mock, token=None, hosts=HostNames())

    @property
    def workspace(self) -> Workspace:
        return self.mock.workspaces.ensure_default()

    def secrets(self, provider: str) -> Mapping[str, Any]:
        """The parts of the default credential."""
        found = self.mock.workspaces.credentials(self.workspace, provider)[0]
        return {"key": found.key, **found.public, **found.secrets}

    def ask(
        self, method: str, target: str, body: bytes = b"", content_type: str = JSON, **headers: str
    ) -> WireResponse:
        """One request, handled at once."""
        path, _, query = target.partition("?")
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        wire = WireRequest(method, path, query, (("host", "localhost"), ("content-type", content_type), *named), body)
        answered = self.control.answer(wire) if path.startswith("/_flowproof") else self.mock.handle(wire)
        assert isinstance(answered, WireResponse)
        return answered


def form_fields(target: Target, size: int) -> Work:
    """A form with very many fields, without authentication."""
    body = "&".join(f"a{number}=b" for number in range(size // 9)).encode()
    return lambda: target.ask("POST", "/otter/v1/auth/token", body, FORM)


def form_value(target: Target, size: int) -> Work:
    """A form with one long value."""
    body = b"client_id=x&client_secret=" + b"y" * size
    return lambda: target.ask("POST", "/otter/v1/auth/token", body, FORM)


def repeated_key(target: Target, size: int) -> Work:
    """JSON with very many keys, the last one twice."""
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(size // 11)) + b',"z":1,"z":1}'
    return lambda: target.ask(
        "POST", "/dots_eco/api/v1/flow-card/create", body, auth_token=target.secrets("dots_eco")["key"]
    )


def many_keys(target: Target, size: int) -> Work:
    """JSON with very many keys that nobody knows."""
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(size // 11)) + b"}"
    return lambda: target.ask(
        "POST", "/dots_eco/api/v1/flow-card/create", body, auth_token=target.secrets("dots_eco")["key"]
    )


def deep_arrays(target: Target, size: int) -> Work:
    """JSON nested as deeply as there are bytes."""
    body = b"[" * (size // 2) + b"]" * (size // 2)
    return lambda: target.ask(
        "POST", "/dots_eco/api/v1/flow-card/create", body, auth_token=target.secrets("dots_eco")["key"]
    )


def invalid_items(target: Target, size: int) -> Work:
    """An order with very many items that are no items."""
    return _order(target, items=[1] * (size // 2))


def invalid_shipments(target: Target, size: int) -> Work:
    """An order with very many shipments that are half valid."""
    return _order(target, shipments=[{"shipTo": {"name": "x"}}] * (size // 25))


def unknown_skus(target: Target, size: int) -> Work:
    """An order whose items are valid by the schema and break a rule each."""
    component = {"code": "text", "path": "https://a.example/a.pdf", "fetch": True}
    items = [
        {"sku": f"no-{number}", "quantity": 1, "sourceItemId": str(number), "components": [component]}
        for number in range(size // 130)
    ]
    return _order(target, items=items)


def repeated_shipments(target: Target, size: int) -> Work:
    """An order with very many shipments of one index."""
    address = {"name": "a", "address1": "b", "town": "c", "postcode": "d", "isoCountry": "GB"}
    each = {"shipmentIndex": 0, "shipTo": address, "carrier": {"alias": "shipping"}}
    return _order(target, shipments=[each] * (size // 150))


def _order(target: Target, **parts: list[Any]) -> Work:
    """Validate an order by the rules of its mock, past the signature."""
    data = {"sourceOrderId": "1", "items": [], "shipments": [], **parts}
    order = {"destination": {"name": "printcompanyx"}, "orderData": data}

    def work() -> object:
        with target.mock.store.transaction():
            return findings_of(
                order, "51bb2fc71745777ba63f3f11", target.mock.workspaces.context(target.workspace, "oneflow")
            )

    return work


def query_pairs(target: Target, size: int) -> Work:
    """A query with very many parameters."""
    query = "&".join(f"a{number}=b" for number in range(size // 9))
    key = target.secrets("otter")["key"]
    return lambda: target.ask("GET", f"/otter/v1/auth/oauth2/authorize?client_id={key}&{query}")


def page_token(target: Target, size: int) -> Work:
    """A long page number."""
    return lambda: target.ask("GET", f"/_flowproof/workspaces?limit={'9' * size}")


def unknown_path(target: Target, size: int) -> Work:
    """A path with very many segments."""
    path = "/oneflow" + "/a" * (size // 2)
    return lambda: target.ask("GET", path)


def template_blanks(target: Target, size: int) -> Work:
    """A template of blanks and line ends."""
    source = "{{a}}" + " \n" * (size // 2) + "x{{a}}"
    return lambda: compile_template(source)


def template_tags(target: Target, size: int) -> Work:
    """A template of very many tags."""
    source = "{{#if a}}{{/if}}" * (size // 16)
    return lambda: compile_template(source)


def template_loops(target: Target, size: int) -> Work:
    """Loops inside each other that write nothing, over a list of that size."""
    template = compile_template("{{#each @root.l}}" * 8 + "{{/each}}" * 8)
    values = {"l": [0] * (size // 2)}

    def work() -> object:
        try:
            return template.render(values)
        except TemplateError as error:
            return error

    return work


def template_lengths(target: Target, size: int) -> Work:
    """A loop that asks for the length of a long text again and again."""
    template = compile_template("{{#each l}}{{@root.t.length}}{{/each}}")
    values = {"l": [0] * 1000, "t": "é" * size}

    def work() -> object:
        try:
            return template.render(values)
        except TemplateError as error:
            return error

    return work


def mail_subject(target: Target, size: int) -> Work:
    """An e-mail whose subject comes from a long member of an entity."""
    text = "ä" * (size // 2)
    now = instant_from_text(NOON)
    return lambda: mail_delivery(
        "created",
        "smtp://127.0.0.1:25",
        sender="a@a.example",
        recipient="b@b.example",
        subject=text[:LONGEST_SUBJECT],
        text=text,
        message_id="1",
        at=now,
    )


def mail_event(target: Target, size: int) -> Work:
    """An event whose entity has a long name, told to the control API."""
    entity = {"id": "1", "name": "a b " * (size // 4), "email": "a@a.example"}
    body = json.dumps({"entityType": "Order", "code": "order_created", "entity": entity}).encode()
    return lambda: target.ask("POST", "/_flowproof/workspaces/default/integrations/events", body)


def journal_secrets(target: Target, size: int) -> Work:
    """A journal entry with a long body that repeats the beginning of a secret."""
    secret = target.secrets("oneflow")["secret"]
    body = json.dumps({"a": f"{secret[:6]}" * (size // 6)}).encode()
    target.ask("POST", "/oneflow/api/order", body)
    return lambda: target.mock.journal.entries("default", limit=1)


def snapshot_records(target: Target, size: int) -> Work:
    """A damaged snapshot with very many records."""
    records = [["notes", "note", str(number), {"a": 1}] for number in range(size // 30)]
    body = json.dumps({"flowproof": "snapshot/2", "records": records}).encode()
    return lambda: target.ask("PUT", "/_flowproof/workspaces/default/snapshot", body)


def fault_plans(target: Target, size: int) -> Work:
    """Very many fault plans, each of which is wrong."""
    body = json.dumps([{"fault": "status", "status": 1000}] * (size // 35)).encode()
    return lambda: target.ask("PUT", "/_flowproof/workspaces/default/faults", body)


def allowed_hosts(target: Target, size: int) -> Work:
    """Very many allowed hosts."""
    body = json.dumps(["a"] * (size // 5)).encode()
    return lambda: target.ask("PUT", "/_flowproof/workspaces/default/webhooks/allowed-hosts", body)


def basic_header(target: Target, size: int) -> Work:
    """A long Authorization header."""
    value = "Basic " + "A" * min(size, 60_000)
    return lambda: target.ask("POST", "/otter/v1/auth/token", b"", FORM, authorization=value)


# Each with the largest size that its input can have, in bytes.
SHAPES: Mapping[Callable[[Target, int], Work], int] = MappingProxyType(
    {
        form_fields: LARGEST,
        form_value: LARGEST,
        repeated_key: LARGEST,
        many_keys: LARGEST,
        deep_arrays: LARGEST,
        invalid_items: LARGEST,
        invalid_shipments: LARGEST,
        unknown_skus: LARGEST,
        repeated_shipments: LARGEST,
        query_pairs: LARGEST,
        page_token: LARGEST,
        unknown_path: LARGEST,
        template_blanks: LONGEST_TEMPLATE,
        template_tags: LONGEST_TEMPLATE,
        template_loops: LARGEST,
        template_lengths: LARGEST,
        mail_subject: LARGEST,
        mail_event: LARGEST,
        journal_secrets: LARGEST,
        snapshot_records: LARGEST,
        fault_plans: LARGEST,
        allowed_hosts: LARGEST,
        basic_header: LARGEST,
    }
)
