"""Reading a journal from the control API, from a file of its JSON, and from an archive that Flowproof wrote."""

import base64
import json
from datetime import UTC, datetime

import pytest
import requests

from flowproof.clients.oneflow import OneFlow
from flowproof.conduct import Journal, read_document, read_journal
from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import Workspace
from tests.conduct.entries import CONTRACT, entry, journal_of

ONEFLOW = load_contract("oneflow")
TIMEOUT_S = 10.0


@pytest.fixture
def busy(workspace: Workspace, oneflow: OneFlow) -> Workspace:
    """A workspace with exchanges of several kinds: reads, a submission, a binary body, a lost response."""
    oneflow.orders(page=2, pagesize=5)
    oneflow.submit(minimum_order("a b/ü"))
    with requests.Session() as session:
        session.trust_env = False
        url = f"{workspace.url('oneflow')}/api/order/a%20b%2Fc?x=%C3%BC&x=2"
        session.post(url, data=b"\xff\x00", timeout=TIMEOUT_S)
        workspace.faults.set({"fault": "reset"})
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=TIMEOUT_S)
    return workspace


def test_file_and_archive_give_the_same_journal(busy: Workspace) -> None:
    """The control API's JSON, its list alone and the HTTP Archive give the same journal."""
    entries = list(busy.journal.entries())
    journal = read_journal(entries, ONEFLOW)

    texts = [json.dumps({"exchanges": entries}), json.dumps(entries), json.dumps(busy.journal.har())]

    assert [read_document(text, ONEFLOW) for text in texts] == [journal] * 3
    assert [each.operation for each in journal] == ["listOrders", "submitOrder", "", "getOrder"]


def test_exchange_is_read_with_its_parameters(busy: Workspace) -> None:
    """Parameters of path and query are decoded; bodies are bytes, with their JSON value if they have one."""
    listed, submitted, binary, lost = read_journal(busy.journal.entries(), ONEFLOW)

    assert listed.parameters == {"page": "2", "pagesize": "5"}
    assert submitted.json["orderData"]["sourceOrderId"] == "a b/ü"
    assert (binary.request.body, binary.json) == (b"\xff\x00", None)
    assert (lost.parameters["orderId"], lost.is_lost, lost.status) == ("a b/c", True, 0)


def test_journal_is_in_the_order_of_arrival() -> None:
    """Exchanges are in the order in which their requests arrived."""
    journal = journal_of(entry(3), entry(1), entry(2))

    assert [each.number for each in journal] == [1, 2, 3]


def test_exchanges_that_are_gone_are_counted() -> None:
    """A journal counts the earlier exchanges of the workspace that it no longer has."""
    assert (journal_of(entry(8), entry(9)).missing, journal_of(entry(1)).missing, journal_of().missing) == (7, 0, 0)


def test_other_providers_are_left_out() -> None:
    """A workspace may serve several providers; only exchanges of the contract's provider are read."""
    assert [each.number for each in journal_of(entry(1, provider="letters"), entry(2))] == [2]


def test_cut_off_body_has_no_json() -> None:
    """A body that the journal has cut off has no JSON value."""
    cut = entry(1)
    cut["request"]["body"] = {"text": "{}", "size": 99, "truncated": True}
    (read,) = journal_of(cut)

    assert (read.request.is_whole, read.json) == (False, None)


def test_body_in_base64_is_read() -> None:
    """A body that is not text is read from base64."""
    binary = entry(1)
    binary["response"]["body"] = {"base64": base64.b64encode(b"\xff").decode(), "size": 1}
    (read,) = journal_of(binary)

    assert read.response.body == b"\xff"


def test_form_is_read() -> None:
    """The fields of a form are read, also those without a value."""
    (read,) = journal_of(entry(1, sent="a=1&b=%C3%BC&c="))

    assert read.request.form == {"a": "1", "b": "ü", "c": ""}


def test_time_is_that_of_the_workspace() -> None:
    """The time of an exchange has a time zone."""
    (read,) = journal_of(entry(1, second=61))

    assert read.at == datetime(2024, 9, 13, 12, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fault", "status", "is_lost"),
    [
        ("reset", 201, True),
        ("reset", 429, True),
        ("truncated_body", 201, True),
        ("malformed_json", 503, True),
        ("malformed_json", 429, False),
        ("latency", 201, False),
    ],
)
def test_refusal_is_known_by_its_status(fault: str, status: int, is_lost: bool) -> None:
    """A response is lost with its connection or its body, but for a refusal, whose status says what became of it."""
    (read,) = journal_of(entry(1, status=status, faults=[{"id": "fault-1", "fault": fault}]))

    assert read.is_lost is is_lost


def test_journal_is_chosen_from_in_steps() -> None:
    """Every selection from a journal is a journal, so that selections can be chained."""
    seen = [entry(1), entry(2, "getNote", 200), entry(3, status=422), entry(4), entry(5, direction="out")]
    journal = journal_of(*seen)
    first, *_, last = journal

    def numbers(chosen: Journal) -> list[int]:
        return [each.number for each in chosen]

    assert numbers(journal.of("createNote").accepted()) == [1, 4]
    assert numbers(journal.between(first, last).of("getNote")) == [2]
    assert (numbers(journal.webhooks()), numbers(journal.requests())) == ([5], [1, 2, 3, 4])


UNREADABLE = {
    "no JSON": "{",
    "a number": "7",
    "no journal": '{"exchanges": 7}',
    "a list of numbers": "[7]",
    "an archive of somebody else's": '{"log": {"entries": [{"request": {}}]}}',
    "an archive without entries": '{"log": {}}',
    "an archive whose entries say nothing": '{"log": {"entries": [{"_flowproof": {}}]}}',
    "an exchange without a number": '[{"provider": "notes"}]',
    "an exchange without a request": '[{"provider": "notes", "number": 1}]',
    "an exchange at no time": json.dumps([entry(1) | {"started_at": "noon"}]),
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_file_is_refused_with_advice(text: str) -> None:
    """A file that is not a journal is refused with a sentence that says how to get one."""
    with pytest.raises(ConfigurationError) as refused:
        read_document(text, CONTRACT)

    assert "flowproof journal --har" in refused.value.fix
