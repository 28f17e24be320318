"""A sandbox observed through a proxy: journal, permissions, faults, signatures, conduct."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from flowproof.certify.run_store import RunStore
from flowproof.clients import Unauthorized
from flowproof.conduct import judge, read_journal
from flowproof.conformance import load_contract
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_kit, find_providers
from flowproof.proxy import ProxyServer, Upstream
from flowproof.proxy.sandbox import SandboxObserver
from flowproof.target import Credentials, Site
from tests.proxy import raw
from tests.proxy.sandboxes import Gate, Observed, observed


def test_real_client_works_through_the_proxy() -> None:
    """A client that signs for the sandbox works unchanged, and each exchange is in the journal with its operation."""
    with observed("oneflow") as there:
        client: Any = find_kit("oneflow").make_client(there.site)
        page = client.orders()
        client.close()
        (entry,) = there.journal()
    assert page.orders == ()
    assert (entry["operation"], entry["response"]["status"], entry["findings"]) == ("listOrders", 200, [])
    assert entry["request"]["url"].startswith("http://127.0.0.1:")
    (passage,) = there.gate.passed
    assert passage.exchange is not None
    assert passage.exchange.status == 200


def test_what_the_profile_forbids_never_leaves() -> None:
    """A request that may not pass is refused in the provider's own words, with a header of ours that says why."""
    with observed("oneflow", Gate(frozenset({"POST"}))) as there:
        answer = requests.post(f"{there.site.url}/api/order", json={}, timeout=30)
        (entry,) = there.journal()
    assert (answer.status_code, answer.headers["Flowproof-Proxy"]) == (
        403,
        "not permitted: oneflow does not permit POST /api/order",
    )
    assert set(answer.json()) >= {"error"}
    assert entry["explanation"].startswith("The proxy answered, and nothing was sent to the provider: not permitted")


def faults(there: Observed, *plans: dict[str, Any]) -> None:
    """Set the fault plans of the workspace beside the proxy."""
    there.control.workspace("default").faults.set(*plans)


def test_status_fault_is_answered_in_the_providers_words() -> None:
    """An injected 503 has the provider's own body and never leaves; the next request does."""
    with observed("flow1st") as there:
        faults(there, {"fault": "status", "status": 503, "retry_after_s": 7, "first": 1})
        url = f"{there.site.url}/api/distributors/products"
        first, second = requests.get(url, timeout=30), requests.get(url, timeout=30)
    assert (first.status_code, first.headers["Retry-After"]) == (503, "7")
    assert {"errorMessage", "errorCode", "sessionId"} <= first.json().keys()
    assert first.headers["Flowproof-Proxy"] == "answered by a fault plan"
    assert (second.status_code == 503, "Flowproof-Proxy" in second.headers) == (False, False)
    assert len(there.gate.passed) == 1


def test_answer_is_lost_after_the_upstream_has_processed() -> None:
    """The client's connection breaks, and the journal shows what the provider had answered."""
    with observed("flow1st") as there:
        faults(there, {"fault": "reset", "moment": "after"})
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{there.site.url}/api/distributors/products", timeout=30)
        (entry,) = there.journal()
    assert entry["response"]["status"] >= 400
    assert [each["fault"] for each in entry["faults"]] == ["reset"]


def test_network_is_told_apart() -> None:
    """A sandbox that is not there is no finding: the entry has no status, and says whose fault it is."""
    gateway = build_gateway(find_providers(["dots_eco"]), ServerSettings(entropy=2))
    contract = load_contract("dots_eco", find_kit("dots_eco").contract_folder())
    upstream = Upstream("http", "127.0.0.1", 9, "/api")
    observer = SandboxObserver(gateway, "dots_eco", contract, upstream, Gate(), frozenset())
    with Server(gateway), ProxyServer(upstream, observer) as proxy:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{proxy.url}/v1/application-balance/1", timeout=30)
        (entry,) = gateway.with_mock(lambda mock: mock.journal.entries("default"))
    assert (entry["response"]["status"], entry["findings"]) == (0, [])
    assert "cannot be connected to" in entry["explanation"]
    assert "neither the client's fault nor a difference from the contract" in entry["explanation"]


def test_requests_are_signed_anew() -> None:
    """A client with credentials of its own mock is let in where the proxy signs for the sandbox."""
    with observed("oneflow", signs=True) as there:
        stranger = Site("oneflow", there.site.url, {"default": Credentials("mock-token", {"secret": "mock-secret"})})
        client: Any = find_kit("oneflow").make_client(stranger)
        page = client.orders()
        client.close()
    assert page.orders == ()


def test_conduct_is_judged_from_observed_traffic() -> None:
    """A client is judged against the sandbox by what passed the proxy."""
    with observed("dots_eco") as there:
        requests.get(f"{there.site.url}/api/v1/application-balance/x", timeout=30)
        kit = find_kit("dots_eco")
        contract = load_contract("dots_eco", kit.contract_folder())
        report = judge(read_journal(there.journal(), contract), contract, kit.load_obligations())
    assert {each.requirement for each in report.of("FAIL")} >= {"dots_eco.auth.header"}


def test_refusal_names_what_the_contract_finds() -> None:
    """A request that the provider refused is explained by the contract."""
    with observed("otter") as there:
        requests.get(f"{there.site.url}/organization/v1/organization/brands?limit=x", timeout=30)
        (entry,) = there.journal()
    assert entry["response"]["status"] == 401
    assert entry["requirement"] == "otter.access.bearer"
    assert "Our mock refuses the same request in the same words" in entry["explanation"]


def test_secrets_of_the_profile_are_in_no_journal() -> None:
    """Neither the profile's secrets nor what a client sends as its credentials are kept."""
    with observed("flow1st") as there:
        keys = there.site.credentials()
        body = {"note": keys.secret, "clientId": keys.key, "clientSecret": keys.secret}
        requests.post(f"{there.site.url}/api/distributors/auth/token", json=body, timeout=30)
        text = json.dumps(there.journal())
    assert keys.secret not in text


def test_compressed_answers_are_checked_and_readable() -> None:
    """A body with gzip is checked behind its encoding, and the journal shows its text."""
    body = gzip.compress(b'{"surprise": true}')
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    with raw.Upstream(raw.answering(head % len(body) + body)).running() as sandbox:
        gateway = build_gateway(find_providers(["otter"]), ServerSettings(entropy=2))
        contract = load_contract("otter", find_kit("otter").contract_folder())
        upstream = Upstream.from_url(sandbox.url)
        observer = SandboxObserver(gateway, "otter", contract, upstream, Gate(), frozenset())
        with Server(gateway), ProxyServer(upstream, observer) as proxy:
            requests.get(f"{proxy.url}/organization/v1/organization/brands?limit=5", timeout=30)
            (entry,) = gateway.with_mock(lambda mock: mock.journal.entries("default"))
    assert entry["response"]["body"]["text"] == '{"surprise": true}'
    assert [each["keyword"] for each in entry["findings"]] == ["required"]


def test_wrong_signature_is_diagnosed() -> None:
    """A signature that the sandbox refuses is explained with the profile's secrets: which mistake makes it."""
    with observed("oneflow") as there:
        keys = there.site.credentials()
        wrong = Site("oneflow", there.site.url, {"default": Credentials(keys.key, {"secret": keys.secret + "\n"})})
        client: Any = find_kit("oneflow").make_client(wrong)
        with pytest.raises(Unauthorized):
            client.orders()
        client.close()
        (entry,) = there.journal()
    assert entry["requirement"] == "oneflow.auth.signature"
    assert "line feed" in entry["explanation"] or "newline" in entry["explanation"]
    assert keys.secret not in json.dumps(entry)


def test_clients_at_once_get_what_the_profile_permits_and_no_more(tmp_path: Path) -> None:
    """Calls of many threads at once are counted one by one: as many pass as are permitted, and no other."""
    store = RunStore(tmp_path / "calls")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.take("calls", 400), range(800)))
    store.close()

    assert sum(taken) == 400
