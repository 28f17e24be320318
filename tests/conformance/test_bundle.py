"""A contract as one document: nothing refers out of it, and it says what the files say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.conformance import Contract, load_contract
from flowproof.conformance.bundle import bundle
from flowproof.conformance.operations import read_operations
from flowproof.conformance.schemas import Schemas
from flowproof.errors import ContractError
from flowproof.providers import find_providers
from tests import tree

each_provider = pytest.mark.parametrize("slug", [each.slug for each in find_providers([])])
OF_A_FILE = {"$id", "$schema", "$defs"}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(each)


def rebuilt(contract: Contract) -> Contract:
    """The contract that the bundle alone makes."""
    document = bundle(contract)
    return Contract(contract.slug, document, read_operations(document), {}, Schemas(contract.slug, document, {}))


@each_provider
def test_bundle_refers_to_nothing_outside(slug: str) -> None:
    """Every reference of a bundle leads to a place of the same document, and no schema names a file."""
    document = bundle(load_contract(slug))

    references = {str(node["$ref"]) for node in nodes(document) if "$ref" in node}
    assert [each for each in references if not each.startswith("#/")] == []
    assert [name for node in nodes(document) for name in node if name in OF_A_FILE] == []
    for each in references:
        found = document
        for step in each.split("/")[1:]:
            found = found[step.replace("~1", "/").replace("~0", "~")]


@each_provider
def test_bundle_judges_as_the_files_do(slug: str) -> None:
    """Each example of the contract, and each of its members left out or made a number, is judged alike by both."""
    contract = load_contract(slug)
    alone = rebuilt(contract)
    judged = 0
    for pointer, value in examples(contract.document):
        for changed in variants(value):
            judged += 1
            verdicts = [
                each.schemas.accepts(each.schemas.uri_of_pointer(pointer), changed) for each in (contract, alone)
            ]
            assert verdicts[0] == verdicts[1], (pointer, changed)

    assert judged > 20


def examples(document: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The pointer of each schema that stands beside an example, with the example."""
    for key, value in document.items() if isinstance(document, dict) else ():
        below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, dict) and "schema" in value and "example" in value:
            yield f"{below}/schema", value["example"]
        if isinstance(value, dict) and "schema" in value:
            named = (each for each in value.get("examples", {}).values() if "value" in each)
            yield from ((f"{below}/schema", each["value"]) for each in named)
        if key not in {"example", "examples"}:
            yield from examples(value, below)


def variants(value: Any) -> Iterator[Any]:
    """The value, and it with one member at any depth left out or made a number."""
    yield value
    if isinstance(value, dict):
        for name in value:
            yield {key: each for key, each in value.items() if key != name}
            yield {**value, name: 7}
            for each in variants(value[name]):
                yield {**value, name: each}
    if isinstance(value, list):
        for place in range(len(value)):
            yield from ([*value[:place], each, *value[place + 1 :]] for each in variants(value[place]))


@each_provider
def test_bundle_names_one_server_on_demand(slug: str) -> None:
    """With a server, a bundle names no other, for the whole document and for each operation."""
    document = bundle(load_contract(slug), server="http://127.0.0.1:4010/here")

    assert [node["servers"] for node in nodes(document) if "servers" in node] == [
        [{"url": "http://127.0.0.1:4010/here"}]
    ]


@each_provider
def test_schemas_are_where_their_files_are(slug: str) -> None:
    """No schema file has an `$id`: its own address is its base, and references resolve wherever the folder stands."""
    files = sorted((tree.ROOT / "contracts" / slug / "schemas").iterdir())

    assert [file.name for file in files if "$id" in json.loads(file.read_text(encoding="utf-8"))] == []


@each_provider
def test_schemas_have_titles_of_their_own(slug: str) -> None:
    """No two schema files of a provider have one title, since generators name classes for it."""
    folder = tree.ROOT / "contracts" / slug / "schemas"
    titles = [json.loads(file.read_text(encoding="utf-8"))["title"].lower() for file in folder.iterdir()]

    assert sorted(titles) == sorted(set(titles))


@each_provider
def test_every_array_says_what_it_holds(slug: str) -> None:
    """Each schema of an array has `items`, without which some generators leave out the whole schema."""
    arrays = [node for node in nodes(bundle(load_contract(slug))) if "array" in str(node.get("type", ""))]

    assert [each for each in arrays if "items" not in each] == []


@each_provider
def test_every_listed_value_has_a_type(slug: str) -> None:
    """Each schema that lists its values says their type: some generators take a value without one for anything."""
    listed = [node for node in nodes(bundle(load_contract(slug))["components"]["schemas"]) if "const" in node]

    assert [each for each in listed if "type" not in each] == []


@each_provider
def test_no_schema_hides_its_type_in_an_all_of(slug: str) -> None:
    """A type stands beside the limits of its value, and in no branch of `allOf`, which generators merge wrongly."""
    branches = (each for node in nodes(bundle(load_contract(slug))) for each in node.get("allOf", ()))

    assert [each for each in branches if "type" in each] == []


@each_provider
def test_tags_of_webhooks_are_of_no_operation(slug: str) -> None:
    """Operations and webhooks share no tag: a generator that writes a file for a tag would overwrite one of them."""
    document = load_contract(slug).document
    tags = [
        {
            tag
            for item in document.get(part, {}).values()
            for each in item.values()
            if isinstance(each, dict)
            for tag in each["tags"]
        }
        for part in ("paths", "webhooks")
    ]

    assert tags[0] & tags[1] == set()


def test_two_schemas_of_one_title_are_no_bundle(tmp_path: Path) -> None:
    """Where two schemas would be one component, the error names it."""
    with pytest.raises(ContractError, match="two schemas would be Rental in one document"):
        bundle(
            changed_contract(
                tmp_path, "new-rental.schema.json", '"type": "object"', '"title": "Rental", "type": "object"'
            )
        )


def test_reference_to_a_missing_file_is_no_bundle(tmp_path: Path) -> None:
    """Where a reference leads to a file that is not there, the error names it."""
    with pytest.raises(ContractError, match=r"a reference leads to .*nothing\.schema\.json"):
        bundle(
            changed_contract(tmp_path, "../openapi.yaml", "schemas/bikes.schema.json", "schemas/nothing.schema.json")
        )


def changed_contract(folder: Path, file: str, before: str, after: str) -> Contract:
    """The contract of another distribution's provider, with one text of one file replaced."""
    source = tree.ROOT / "tests/outside/distribution/bikes/contract"
    for each in source.rglob("*.*"):
        target = folder / each.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(each.read_bytes())
    changed = folder / "schemas" / file
    text = changed.read_text(encoding="utf-8")
    assert before in text
    changed.write_text(text.replace(before, after), encoding="utf-8")
    return load_contract("bikes", folder)


def test_command_writes_the_bundle(tmp_path: Path) -> None:
    """`flowproof contracts bundle` writes the document to its output or into a file."""
    shown = CliRunner().invoke(main, ["contracts", "bundle", "otter"])
    written = CliRunner().invoke(main, ["contracts", "bundle", "otter", "--output", str(tmp_path / "otter.json")])

    assert (shown.exit_code, written.exit_code, written.stdout) == (0, 0, "")
    assert (
        json.loads(shown.stdout) == json.loads((tmp_path / "otter.json").read_text()) == bundle(load_contract("otter"))
    )


def test_bundle_is_yaml_as_well() -> None:
    """The document is plain data: YAML reads it back as it is."""
    document = bundle(load_contract("oneflow"))

    assert yaml.safe_load(json.dumps(document)) == document
