"""`flowproof fuzz`: planted faults of another hand's servers are found in their smallest form, mocks are clean."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cases import read_cases
from flowproof.cli import main
from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError
from flowproof.fuzz import Fuzzing, fuzz, make_target
from flowproof.fuzz.generation import Generator
from flowproof.fuzz.sequences import Sequences
from flowproof.providers import find_kit
from tests import tree
from tests.second_opinion import dots_eco
from tests.second_opinion.servers import SERVERS, Keys

right_buy = dots_eco.Shop.buy
right_reply = dots_eco.Handler.reply
right_answer = dots_eco.Handler.answer

BUYING = "--operation=createFlowCard"
TOKEN = "FLOWPROOF_DOTS_ECO_TOKEN"


@dataclass(frozen=True)
class Fault:
    """
    A fault that is planted in a server.

    Args:
        place: Class or module that has the rule.
        rule: Its name there.
        broken: What stands there instead.
        kind: Of the requests that show it.
        text: In the finding.
    """

    place: Any
    rule: str
    broken: Any
    kind: str
    text: str


def buy_in_haste(shop: dots_eco.Shop, companies: set[str], body: Any) -> Any:
    """Take any sender for a text that can be cut."""
    if isinstance(body, dict) and not isinstance(body.get("from", ""), str | None):
        raise TypeError("unsliceable")
    return right_buy(shop, companies, body)


def answer_with_trace(handler: dots_eco.Handler) -> None:
    """Answer 500 with a traceback, as a framework in debug mode does."""
    try:
        right_answer(handler)
    except TypeError as error:
        text = f'Traceback (most recent call last):\n  File "shop.py", line 7, in buy\nTypeError: {error}'
        handler.reply(500, {"message": text})


def buy_without_code(shop: dots_eco.Shop, companies: set[str], body: Any) -> Any:
    """Answer a purchase without the card's number."""
    answer = right_buy(shop, companies, body)
    return {**answer, "response": {name: each for name, each in answer["response"].items() if name != "card_id"}}


def reply_in_tea(handler: dots_eco.Handler, status: int, body: Any, **headers: str) -> None:
    """Answer what is refused with a status that no page names."""
    right_reply(handler, 418 if status == 422 else status, body, **headers)


FAULTS: dict[str, Fault] = {
    "any text is an address": Fault(dots_eco, "is_address", lambda _: True, "near", "to an invalid request"),
    "a member is missing": Fault(dots_eco.Shop, "buy", buy_without_code, "documented", "/response/card_id"),
    "an undocumented status": Fault(dots_eco.Handler, "reply", reply_in_tea, "near", "got 418"),
    "a connection that ends": Fault(dots_eco.Shop, "buy", buy_in_haste, "near", "no whole answer"),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Keys], None]:
    """Puts the credentials of a server into the environment."""

    def put(slug: str, keys: Keys) -> None:
        for role, parts in keys.items():
            for part, value in parts.items():
                names = ("FLOWPROOF", slug, *([] if role == "default" else [role]), part)
                monkeypatch.setenv("_".join(names).upper(), value)

    return put


def flowproof_fuzz(*arguments: str) -> Result:
    """What the command says with these arguments."""
    return CliRunner().invoke(main, ["fuzz", *arguments])


def fuzzed(slug: str, target: str = "mock", **settings: Any) -> Fuzzing:
    """What a run without the command has done."""
    kit = find_kit(slug)
    contract = load_contract(slug, kit.contract_folder())
    sequences = Sequences(contract, Generator(contract, read_cases(slug, kit.fixtures_folder())))
    with make_target(target, kit, contract) as (made, _):
        return fuzz(made, contract, kit, sequences, budget_s=None, **settings)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_planted_fault_is_found(
    fault: Fault, monkeypatch: pytest.MonkeyPatch, environment: Any, tmp_path: Path
) -> None:
    """A rule that a server lacks is found by one request, shown as a curl command and as a case, and fails the run."""
    monkeypatch.setattr(fault.place, fault.rule, fault.broken)

    with SERVERS["dots_eco"]() as (url, keys):
        environment("dots_eco", keys)
        options = (BUYING, f"--kind={fault.kind}", "--runs=30", "--budget=10m", f"--report={tmp_path}")
        found = flowproof_fuzz("dots_eco", f"--target={url}", *options)

    assert found.exit_code == 1, found.output
    assert fault.text in found.stdout
    assert {len(each["steps"]) for each in cases_in(tmp_path)} == {1}
    assert keys["default"]["token"] not in found.output + "".join(texts_in(tmp_path))


def test_right_server_of_another_hand_is_clean(environment: Any, tmp_path: Path) -> None:
    """The same server without a fault passes, and every view of the report is written."""
    with SERVERS["dots_eco"]() as (url, keys):
        environment("dots_eco", keys)
        held = flowproof_fuzz("dots_eco", f"--target={url}", BUYING, "--runs=5", "--budget=10m", f"--report={tmp_path}")

    assert held.exit_code == 0, held.output
    assert held.stdout.startswith("PASS: ")
    assert not list((tmp_path / "cases").glob("*"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert {each["verdict"] for each in report["requirements"]} == {"PASS"}


@pytest.mark.parametrize("slug", tree.every_slug())
def test_mock_is_clean(slug: str) -> None:
    """On every mock nothing is found, and documented requests are answered with success."""
    kit = find_kit(slug)
    chosen = [each.id for each in load_contract(slug, kit.contract_folder()).operations.all][-4:]

    found = fuzzed(slug, operations=chosen, runs=2)

    assert [each.fault for each in found.findings] == []
    assert any(200 <= status < 300 for tally in found.tallies for status in tally.answers)
    assert not any(each.broken for each in found.tallies)


def test_traceback_is_found_and_reported_in_every_format(
    monkeypatch: pytest.MonkeyPatch, environment: Any, tmp_path: Path
) -> None:
    """An answer that shows a traceback is found, and stands in JSON, JUnit, SARIF, HAR and the page."""
    monkeypatch.setattr(dots_eco.Shop, "buy", buy_in_haste)
    monkeypatch.setattr(dots_eco.Handler, "answer", answer_with_trace)

    with SERVERS["dots_eco"]() as (url, keys):
        environment("dots_eco", keys)
        options = (BUYING, "--kind=near", "--runs=30", "--budget=10m", f"--report={tmp_path}")
        found = flowproof_fuzz("dots_eco", f"--target={url}", *options)

    assert found.exit_code == 1, found.output
    results = json.loads((tmp_path / "report.sarif").read_text())["runs"][0]["results"]
    assert {"fuzz.no_internals_shown", "fuzz.no_server_error"} <= {each["ruleId"] for each in results}
    assert "<failure message=" in (tmp_path / "junit.xml").read_text()
    assert json.loads((tmp_path / "exchanges.har").read_text())["log"]["entries"]
    assert "curl -X POST" in found.stdout
    assert "-H 'auth-token: '\"$" in found.stdout


def test_same_seed_finds_the_same(monkeypatch: pytest.MonkeyPatch, environment: Any) -> None:
    """Two runs with one seed send the same requests and find the same."""
    monkeypatch.setattr(dots_eco, "is_address", lambda _: True)

    with SERVERS["dots_eco"]() as (url, keys):
        environment("dots_eco", keys)
        runs = [
            fuzzed("dots_eco", url, operations=["createFlowCard"], kinds=["near"], runs=20, random_seed=3)
            for _ in range(2)
        ]

    first, second = ([each.sequence for each in run.findings] for run in runs)
    assert first == second != []
    assert runs[0].requests == runs[1].requests


OUT = "the target a second hand permits 2 calls of configureWorkflow, and no more are left"
PROFILE = """
name = "a second hand"

[integrations]
url = "{url}"
credentials.default = {{ key = "$FLOWPROOF_INTEGRATIONS_TOKEN" }}
permits = {{ operations = {{ configureWorkflow = 2 }} }}
"""


def test_sandbox_gets_what_its_profile_permits(environment: Any, tmp_path: Path) -> None:
    """What the profile does not permit is not sent, a permitted number is kept, and what was created is removed."""
    file = tmp_path / "profile.toml"
    with SERVERS["integrations"]() as (url, keys):
        environment("integrations", keys)
        file.write_text(PROFILE.format(url=url))
        found = fuzzed("integrations", str(file), operations=["configureWorkflow", "deleteWorkflow"], runs=3)

    tallies = [each for each in found.tallies if each.operation == "configureWorkflow"]
    assert sum(sum(each.answers.values()) for each in tallies) <= 2
    assert OUT in {each.omitted for each in tallies}
    assert not any(each.answers for each in found.tallies if each.operation == "deleteWorkflow")


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no such provider": (("acme", "--target=mock"), "There is no provider acme"),
    "no such operation": (
        ("dots_eco", "--target=mock", "--operation=buy"),
        "dots_eco has no operation buy. Choose from",
    ),
    "a server elsewhere": (("dots_eco", "--target=https://dots.example"), "is no server on this machine"),
    "no credentials": (("dots_eco", "--target=http://127.0.0.1:9"), "has no credentials for dots_eco"),
    "no profile": (("dots_eco", "--target=nowhere.toml"), "nowhere.toml"),
    "no time": (("dots_eco", "--target=mock", "--budget=soon"), "'soon' is no budget"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_explained(arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be fuzzed is refused with a sentence and exit code 2."""
    monkeypatch.delenv(TOKEN, raising=False)

    refused = flowproof_fuzz(*arguments)

    assert refused.exit_code == 2
    assert message in refused.stderr


def test_missing_schemathesis_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the command says which one to install."""
    monkeypatch.setitem(sys.modules, "schemathesis", None)

    with pytest.raises(ConfigurationError, match=r"Install flowproof\[fuzz\]"):
        fuzzed("dots_eco")


def cases_in(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The cases of a report, each as its schema has it."""
    from jsonschema import Draft202012Validator

    schema = json.loads((tree.ROOT / "fixtures" / "case.schema.json").read_text())
    for file in (folder / "cases").glob("*.json"):
        case = json.loads(file.read_text())
        Draft202012Validator(schema).validate(case)
        yield case


def texts_in(folder: Path) -> Iterator[str]:
    """The text of every file of a report."""
    yield from (each.read_text() for each in folder.rglob("*") if each.is_file())
