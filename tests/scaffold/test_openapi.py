"""What `flowproof new --openapi` makes of a document runs at once, and says what it inferred."""

import json
import re
import tomllib
from pathlib import Path

from flowproof.scaffold import openapi_distribution
from tests.outside.conftest import Installation
from tests.scaffold.conftest import DOCUMENT

PACKAGE = "flowproof_shop"


def test_every_operation_status_and_constraint_is_a_requirement() -> None:
    """There is a requirement for each, documented, whose source is the document's pointer."""
    files = openapi_distribution("shop", DOCUMENT).files
    listed = tomllib.loads(files[f"{PACKAGE}/contract/requirements.toml"])["requirement"]
    by_id = {each["id"]: each for each in listed}

    assert by_id["shop.operation.create_toy"]["source"] == "#/paths/~1toys/post"
    assert by_id["shop.status.create_toy.409"]["source"] == "#/paths/~1toys/post/responses/409"
    assert by_id["shop.constraint.toy_request.name"] == {
        "id": "shop.constraint.toy_request.name",
        "text": "`name` has at least `2` characters and has at most `20` characters.",
        "source": "#/components/schemas/Toy-request/properties/name",
        "standing": "documented",
        "obliges": "both",
        "operations": ["createToy", "replaceToy"],
        "enforced": "contract",
    }
    assert {each["standing"] for each in listed if ".collection." in each["id"]} == {"inferred"}
    assert "429" in by_id["shop.status.create_toy.429"]["unkillable"]


def test_what_was_inferred_is_a_decision_to_take() -> None:
    """Collections, operations that keep nothing, credentials and what was left out are listed to be ticked."""
    text = openapi_distribution("shop", DOCUMENT).files["DECISIONS.md"]

    assert "- [ ] `/toys`: a record is found by its `id`, which is `{toy-id}`; `createToy` creates" in text
    assert "- [ ] `hours`: `GET /hours`" in text
    assert "- [ ] `token`: bearer" in text
    assert "- [ ] The path /odd#fragment cannot be requested" in text


def test_client_has_a_method_for_each_operation() -> None:
    """The client's source compiles, and each operation has a method with the path's parameters."""
    source = openapi_distribution("shop", DOCUMENT).files[f"{PACKAGE}/client.py"]
    compile(source, "client.py", "exec")

    assert "def read_toy(self, toy_id: str, *, json: Any = None, **query: Any)" in source
    assert len(re.findall(r"^    def \w+\(self.*json: Any = None, \*\*query", source, re.MULTILINE)) == 9


def test_example_of_the_document_is_a_case() -> None:
    """A request that the document shows is a case, with what is echoed of it."""
    files = openapi_distribution("shop", DOCUMENT).files
    case = json.loads(files[f"{PACKAGE}/fixtures/cases/create_toy.json"])

    assert case["steps"][0]["request"]["body"] == {"name": "top", "price": 3, "made": "2020-02-03"}
    assert case["steps"][0]["expect"]["status"] == 201


def test_its_suite_passes_on_its_mock(shop: Installation) -> None:
    """Its tests pass on its mock: operations, constraints, collections, access and cases."""
    done = shop.run("pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--pyargs", f"{PACKAGE}.suite")

    assert re.search(r"^\d+ passed in", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_its_mock_is_certified(shop: Installation) -> None:
    """On its mock it is certified, and nothing fails."""
    done = shop.run("flowproof", "certify", "shop", "--target", "mock", "--report", "report")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


def test_its_mutants_are_made_from_the_contract(shop: Installation) -> None:
    """Constraints that the mock no longer enforces are noticed by its suite."""
    chosen = ("--requirement", "shop.constraint.toy_request", "--json", "mutants.json")
    shop.run("flowproof", "mutants", "shop", *chosen)
    (found,) = json.loads((shop.folder / "mutants.json").read_text(encoding="utf-8"))["providers"]
    survived = [each["mutant"] for each in found["mutants"] if each["verdict"] != "killed"]

    assert len(found["mutants"]) > 10
    # Whatever is of another type is not in the enum either, so that nobody can tell these two apart.
    assert survived == ["shop.constraint.toy_request.colour:unenforced-type"]


def test_its_other_commands_work(shop: Installation) -> None:
    """Its contract is checked, its checklist is shown, and the provider is listed."""
    done = [
        shop.run("flowproof", "contracts", "check", "shop"),
        shop.run("flowproof", "providers", "shop"),
        shop.run("flowproof", "checklist", "shop"),
    ]

    assert [each.returncode for each in done] == [0, 0, 1], [each.stdout + each.stderr for each in done]


def test_document_that_cannot_be_read_is_a_usage_error(shop: Installation) -> None:
    """A file that is no OpenAPI document ends in a sentence and exit code 2, and nothing is written."""
    (shop.folder / "a.yaml").write_text("swagger: '2.0'\npaths: {}", encoding="utf-8")
    made = shop.run("flowproof", "new", "toys", "--openapi", "a.yaml")
    served = shop.run("flowproof", "serve", "--openapi", "a.yaml")

    assert [each.returncode for each in (made, served)] == [2, 2]
    assert "Convert it to OpenAPI 3.0 or 3.1 first" in made.stderr
    assert [each.name for each in Path(shop.folder).iterdir()] == ["a.yaml"]
