"""``flowproof contracts check`` and ``flowproof providers``: what is emulated, and whether its contract is sound."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.cli.soundness import unsound
from flowproof.conformance import load_contract
from flowproof.errors import ContractError

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/orders": {
            "post": {
                "operationId": "makeOrder",
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}, "example": 1}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "schemas/order.schema.json"},
                            "examples": {"small": {"$ref": "#/components/examples/small"}},
                        }
                    }
                },
                "responses": {"201": {"description": "CreatedResource."}},
            }
        }
    },
    "components": {"examples": {"small": {"value": {"sku": "A1"}}}},
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://flowproof.example/acme/schemas/order.schema.json",
    "type": "object",
    "required": ["sku"],
    "properties": {"sku": {"type": "string", "x-requirement": "acme.order.sku"}},
}
REQUIREMENTS = """
[[requirement]]
id = "acme.order.sku"
text = "An order has a SKU."
source = "the manual"
standing = "documented"
obliges = "client"
operations = ["makeOrder"]
enforced = "contract"
"""


def findings(
    folder: Path,
    change: Callable[[Any, Any], object] = lambda _document, _schema: None,
    requirements: str = REQUIREMENTS,
) -> list[str]:
    """What is wrong with the contract after a change."""
    document, schema = json.loads(json.dumps(DOCUMENT)), json.loads(json.dumps(SCHEMA))
    change(document, schema)
    (folder / "schemas").mkdir()
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document))
    (folder / "schemas/order.schema.json").write_text(json.dumps(schema))
    (folder / "requirements.toml").write_text(requirements)
    return list(unsound(load_contract("acme", folder)))


def test_sound_contract_has_no_findings(tmp_path: Path) -> None:
    """A contract with valid schemas, known ids and valid examples has no findings."""
    assert findings(tmp_path) == []


def test_requirement_that_nobody_states_is_found(tmp_path: Path) -> None:
    """A schema that stands for a requirement which requirements.toml does not state is found, with its place."""
    found = findings(tmp_path, requirements=REQUIREMENTS.replace("order.sku", "order.other"))

    assert found == [
        "schemas/order.schema.json#/properties/sku: x-requirement acme.order.sku is not in requirements.toml"
    ]


def test_example_that_breaks_its_schema_is_found(tmp_path: Path) -> None:
    """An example of a body that is not valid by its schema is found, with both places."""

    def change(document: Any, _schema: Any) -> None:
        document["components"]["examples"]["small"]["value"] = {"sku": 1}

    place = "openapi.yaml#/paths/~1orders/post/requestBody/content/application~1json/examples/small"
    assert findings(tmp_path, change) == [f"{place}: example#/sku: expected a string, got 1 [acme.order.sku]"]


def test_example_of_a_parameter_is_judged_too(tmp_path: Path) -> None:
    """An example of a parameter that is not valid by its schema is found."""

    def change(document: Any, _schema: Any) -> None:
        document["paths"]["/orders"]["post"]["parameters"][0]["example"] = "first"

    place = "openapi.yaml#/paths/~1orders/post/parameters/0/example"
    assert findings(tmp_path, change) == [f'{place}: example: expected an integer, got "first"']


def test_operation_that_does_not_exist_is_found(tmp_path: Path) -> None:
    """A requirement that names an operation which the document has not is found."""
    found = findings(tmp_path, requirements=REQUIREMENTS.replace("makeOrder", "breakOrder"))

    assert found == ["requirements.toml: acme.order.sku names the operation breakOrder, which openapi.yaml has not"]


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        (
            {"x-spends": {"bought": "$request.body#/sku", "prices": {"operationId": "list"}}},
            "openapi.yaml: the prices of makeOrder are those of list, which is not there",
        ),
        ({"x-creates": "id"}, "openapi.yaml: makeOrder has 'id', which is no runtime expression of OpenAPI"),
        (
            {"x-creates": "$response.body#/id", "x-undone-by": {"operationId": "other"}},
            "openapi.yaml: makeOrder is undone by other, but that or x-creates is missing",
        ),
        (
            {
                "x-creates": "$response.body#/id",
                "x-undone-by": {"operationId": "makeOrder", "parameters": {"id": "$response.body#/id"}},
            },
            "openapi.yaml: makeOrder is undone by makeOrder, which has no parameter id",
        ),
    ],
)
def test_effect_that_leads_nowhere_is_found(tmp_path: Path, extensions: dict[str, Any], message: str) -> None:
    """An expression that is none, and an undoing operation or parameter that does not exist, are found."""
    found = findings(tmp_path, lambda document, _: document["paths"]["/orders"]["post"].update(extensions))

    assert found == [message]


def test_schema_that_is_no_schema_is_found(tmp_path: Path) -> None:
    """A schema that the 2020-12 metaschema does not allow is found, with its place."""

    def change(document: Any, _schema: Any) -> None:
        document["paths"]["/orders"]["post"]["parameters"][0]["schema"]["minimum"] = "one"

    place = "openapi.yaml#/paths/~1orders/post/parameters/0/schema/minimum"
    assert findings(tmp_path, change) == [
        f"{place}: not valid by the 2020-12 metaschema: 'one' is not of type 'number'"
    ]


def test_reference_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """A reference to something that is not there is found, with its place."""

    def change(_document: Any, schema: Any) -> None:
        schema["properties"]["sku"] = {"$ref": "#/$defs/sku"}

    assert findings(tmp_path, change) == ["schemas/order.schema.json#/properties/sku: $ref #/$defs/sku leads nowhere"]


def test_property_named_like_a_keyword_is_walked_into(tmp_path: Path) -> None:
    """A property that happens to be called example is a schema like every other."""

    def change(_document: Any, schema: Any) -> None:
        schema["properties"]["example"] = {"type": "string", "x-requirement": "acme.unknown"}

    assert len(findings(tmp_path, change)) == 1


def test_contracts_that_ship_are_sound() -> None:
    """The contracts in this package have no findings."""
    result = CliRunner().invoke(main, ["contracts", "check"])

    assert (result.exit_code, result.output.count(" 0 findings")) == (0, len(result.output.splitlines()))


def test_contract_with_findings_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract with findings ends the check with exit code 1."""
    monkeypatch.setattr("flowproof.cli.contracts.unsound", lambda _contract: iter(["something"]))

    result = CliRunner().invoke(main, ["contracts", "check", "oneflow"])

    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "  something")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("openapi.yaml", "a: 1"),
        ("openapi.yaml", "- 1"),
        ("openapi.yaml", "openapi: 3.1.0\npaths: {/orders: {get: {}}}"),
        ("schemas/order.schema.json", "{"),
        ("requirements.toml", "[["),
    ],
)
def test_file_that_is_no_contract_is_no_traceback(tmp_path: Path, file: str, text: str) -> None:
    """A contract whose files cannot be made sense of is refused as a contract, whatever is wrong with them."""
    findings(tmp_path)
    (tmp_path / file).write_text(text)

    with pytest.raises(ContractError, match=r"^contract of acme: "):
        load_contract("acme", tmp_path)


@pytest.mark.parametrize("arguments", [["contracts", "check", "nobody"], ["providers", "nobody"]])
def test_unknown_provider_is_told_with_those_there_are(arguments: list[str]) -> None:
    """An unknown provider ends a command with exit code 2 and the names of those there are."""
    result = CliRunner().invoke(main, arguments)

    assert (result.exit_code, "There is no provider nobody. Choose from: " in result.stderr) == (2, True)


def test_providers_are_listed_with_what_is_not_emulated() -> None:
    """The list of providers counts operations and requirements, and says what is not emulated."""
    output = CliRunner().invoke(main, ["providers"]).output

    assert [each in output for each in ("oneflow", "DOCUMENTED", "Not emulated of OneFlow")] == [True] * 3


def test_named_provider_is_listed_whole() -> None:
    """Of a provider that is named every operation and every requirement is listed."""
    output = CliRunner().invoke(main, ["providers", "oneflow"]).output
    contract = load_contract("oneflow")

    missing = [
        each for each in (*contract.requirements, *(one.id for one in contract.operations.all)) if each not in output
    ]
    assert missing == []


def test_providers_are_listed_for_programs_too() -> None:
    """As JSON the list counts the same requirements as the contract has, by standing."""
    listed = json.loads(CliRunner().invoke(main, ["providers", "--json"]).output)["providers"]["oneflow"]

    assert (
        sum(listed["standings"].values()) == len(listed["requirements"]) == len(load_contract("oneflow").requirements)
    )


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        (["--help"], {"flask", "uvicorn", "requests", "jsonschema", "yaml"}),
        (["providers", "oneflow"], {"uvicorn", "requests", "jsonschema"}),
        (["serve", "--help"], {"flask", "uvicorn", "requests", "jsonschema", "yaml"}),
        (["explain", "--help"], {"flask", "uvicorn", "jsonschema", "yaml"}),
    ],
)
def test_command_loads_only_what_it_needs(arguments: list[str], unneeded: set[str]) -> None:
    """A command that needs no server loads none, so that it answers at once."""
    script = (
        f"import sys; from flowproof.cli import main; main({arguments}, standalone_mode=False); print(*sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)

    assert unneeded & set(ended.stdout.splitlines()[-1].split()) == set()
