"""Each suite tells a second hand with one rule left out from the right one, which passes the same test."""

import hashlib
from typing import Any, NamedTuple

import pytest

from tests.fork_server import ForkServer
from tests.second_opinion import dots_eco, flow1st, integrations, oneflow, otter
from tests.second_opinion.servers import SERVERS
from tests.second_opinion.suite_run import run_suite

right_digest_of = integrations.digest_of
right_connect = otter.Provider.connect


class Fault(NamedTuple):
    """
    A rule that a server lacks.

    Args:
        slug: The provider.
        place: Module or class that has the rule.
        rule: Its name there.
        broken: What stands there instead.
        test: The test that has to fail.
    """

    slug: str
    place: Any
    rule: str
    broken: Any
    test: str


def replace_connection(provider: otter.Provider, request: otter.Request, place: tuple[str, str]) -> otter.Response:
    """Connect a store that is connected already."""
    provider.connections.pop(place, None)
    return right_connect(provider, request, place)


def name_in_lower_case(provider: otter.Provider, _: otter.Request, place: tuple[str, str]) -> otter.Response:
    """Answer a connection with another spelling of the partner's id."""
    if place not in provider.connections:
        raise otter.Refusal(404)
    return otter.Response(200, {"storeId": provider.connections[place].lower()})


NEVER_CANCELLED = property(lambda _: False, lambda *_: None)
SHA1_ALWAYS = dict.fromkeys(oneflow.DIGESTS, hashlib.sha1)

FAULTS: dict[str, Fault] = {
    "any text is an address": Fault(
        "dots_eco", dots_eco, "is_address", lambda _: True, "test_text_that_is_no_address_is_invalid"
    ),
    "no order has to be signed": Fault(
        "flow1st", flow1st, "check_signature", lambda *_: None, "test_another_signature_is_refused"
    ),
    "true is 1": Fault(
        "flow1st", flow1st, "canonical", lambda value: value, "test_values_that_only_look_alike_are_other_content"
    ),
    "letter case of credentials": Fault(
        "integrations",
        integrations,
        "digest_of",
        lambda text: right_digest_of(str(text).lower()),
        "test_wrong_credentials_are_refused",
    ),
    "toggle changes nothing": Fault(
        "integrations",
        integrations.Provider,
        "toggle",
        lambda _, guid: {"guid": guid, "isActive": False},
        "test_only_the_named_workflow",
    ),
    "a page is any text": Fault("oneflow", oneflow, "positive", lambda _: 1, "test_page_that_is_no_number_is_refused"),
    "SHA-1 is as good as SHA-256": Fault(
        "oneflow", oneflow, "DIGESTS", SHA1_ALWAYS, "test_sha1_signature_is_refused_as_sha256"
    ),
    "nothing is cancelled": Fault(
        "oneflow", oneflow.Order, "is_cancelled", NEVER_CANCELLED, "test_cancelled_order_is_the_answer"
    ),
    "connected twice": Fault(
        "otter",
        otter.Provider,
        "connect",
        replace_connection,
        "test_conflict_leaves_the_connection_as_it_is",
    ),
    "letter case lost": Fault(
        "otter",
        otter.Provider,
        "connection",
        name_in_lower_case,
        "test_connection_keeps_the_store_id_as_it_is",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_suite_finds_the_fault_of_another_server(
    fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The same server with one rule left out is told from a right one, which passes the same test."""
    fault, serving = FAULTS[name], SERVERS[FAULTS[name].slug]
    options = ("-x", "-k", fault.test)
    with serving() as (url, keys):
        right = run_suite(fork_server, fault.slug, url, keys, *options)
    monkeypatch.setattr(fault.place, fault.rule, fault.broken)
    with serving() as (url, keys):
        wrong = run_suite(fork_server, fault.slug, url, keys, *options)

    assert (right.code, wrong.code) == (0, 1), right.text + wrong.text
    assert f"::{fault.test}" in wrong.text
