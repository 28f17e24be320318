"""Every provider has the same rooms in the same four places, and one id runs through them all."""

import ast
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from flowproof.conduct import Obligations, unchecked
from flowproof.conformance import load_contract
from flowproof.conformance.effects import read_effects
from flowproof.providers import find_kit, find_providers
from tests import tree

ROOMS = {"__init__.py", "models.py", "rules.py", "auth.py", "routes.py", "errors.py", "README.md"}
OPTIONAL_ROOMS = {"webhooks.py", "records.py", "control.py", "mutants.toml"}
STANDINGS = {"documented", "observed", "inferred"}
OBLIGED = {"client", "provider", "both"}
DATA = {".json", ".md", ".toml", ".yaml"}
TEXT = {"", ".cfg", ".html", ".ini", ".js", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}

each_provider = pytest.mark.parametrize("slug", tree.every_slug())


def rooms(place: str, slug: str) -> set[str]:
    """Paths of a provider's files in one place, relative to its folder."""
    folder = tree.ROOT / place / slug
    return {path.relative_to(folder).as_posix() for path in tree.files(f"{place}/{slug}")}


def requirements(slug: str) -> list[dict[str, Any]]:
    """The tables of a provider's requirements.toml."""
    text = (tree.ROOT / "contracts" / slug / "requirements.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["requirement"])


def requirement_ids(slug: str) -> set[str]:
    """The ids of a provider's requirements."""
    return {entry["id"] for entry in requirements(slug)}


def operations(slug: str) -> set[str]:
    """The operation ids of a provider's contract."""
    document = yaml.safe_load((tree.ROOT / "contracts" / slug / "openapi.yaml").read_text(encoding="utf-8"))
    return {str(found) for found in values_of("operationId", document["paths"])}


def values_of(key: str, document: Any) -> Iterator[Any]:
    """Every value of that key, however deep; the members of a list one by one."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key:
                yield from value if isinstance(value, list) else [value]
            yield from values_of(key, value)
    elif isinstance(document, list):
        for value in document:
            yield from values_of(key, value)


def requirement_faults(entries: list[dict[str, Any]], slug: str, known_operations: set[str]) -> Iterator[str]:
    """What is wrong with a provider's requirements, in sentences."""
    ids = [entry.get("id", "") for entry in entries]
    yield from (f"{each} stands {ids.count(each)} times" for each in sorted(set(ids)) if ids.count(each) > 1)
    for entry in entries:
        for complaint in entry_faults(entry, slug, known_operations):
            yield f"{entry.get('id', 'an entry without an id')}: {complaint}"


def entry_faults(entry: dict[str, Any], slug: str, known_operations: set[str]) -> Iterator[str]:
    """What is wrong with one requirement."""
    if not re.fullmatch(rf"{slug}(\.[a-z0-9_]+){{2,}}", entry.get("id", "")):
        yield f"an id is {slug}.subject.obligation, in lower case with underscores"
    if entry.get("standing") not in STANDINGS:
        yield f"its standing is none of {sorted(STANDINGS)}"
    if entry.get("obliges") not in OBLIGED:
        yield f"it obliges none of {sorted(OBLIGED)}"
    if not entry.get("source"):
        yield "it names no source"
    text = entry.get("text", "")
    if not re.fullmatch(r"[A-Z`].+\.", text) or re.search(r"[.!?] +[A-Z]", text):
        yield "its text is not one sentence that ends with a full stop"
    if unknown := sorted(set(entry.get("operations") or []) - known_operations):
        yield f"the contract has no operation {', '.join(unknown)}"
    if not isinstance(entry.get("operations"), list):
        yield "it does not list its operations; an empty list means all, and what is no operation"


def cited(paths: Iterable[Path], slug: str) -> Iterator[tuple[str, str]]:
    """Texts in Python files that look like a requirement's id, each with where it stands."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(rf"{slug}(\.[a-z0-9_]+){{2,}}", str(node.value)):
                yield f"{tree.name(path)}:{node.lineno}", str(node.value)


def test_there_is_a_provider() -> None:
    """The tests of this file have something to look at."""
    assert tree.every_slug() != []


def test_every_provider_stands_in_all_four_places() -> None:
    """A provider has one slug and one folder in each of mocks, contracts, suites and fixtures."""
    assert {place: tree.slugs(place) for place in tree.PLACES} == dict.fromkeys(tree.PLACES, tree.every_slug())


def test_every_provider_has_its_entry_points() -> None:
    """pyproject.toml announces exactly the providers that have folders, each with its kit."""
    announced = tree.settings()["project"]["entry-points"]
    slugs = tree.every_slug()

    assert announced["flowproof.providers"] == {slug: f"flowproof.mocks.{slug}:provider" for slug in slugs}
    assert announced["flowproof.kits"] == {slug: f"flowproof.suites.{slug}.kit:kit" for slug in slugs}


@each_provider
def test_installed_entry_point_gives_the_provider(slug: str) -> None:
    """What is installed under a provider's slug is the provider of that slug."""
    (found,) = entry_points(group="flowproof.providers", name=slug)

    assert found.load().slug == slug


@each_provider
def test_mock_has_its_rooms(slug: str) -> None:
    """A mock has the same rooms as every other; any further one is explained in its README."""
    found = rooms("mocks", slug)
    readme = (tree.ROOT / "mocks" / slug / "README.md").read_text(encoding="utf-8")
    further = {name for name in found - ROOMS - OPTIONAL_ROOMS if f"`{name}`" not in readme}

    assert (ROOMS - found, further) == (set(), set())


@each_provider
def test_mock_exports_only_its_provider(slug: str) -> None:
    """A mock's package has one public name: provider."""
    source = ast.parse((tree.ROOT / "mocks" / slug / "__init__.py").read_text(encoding="utf-8"))
    exported = [
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]

    assert exported == [["provider"]]


@each_provider
def test_contract_has_its_rooms(slug: str) -> None:
    """A contract is an OpenAPI document, schemas, requirements and sources, and a checklist where there is one."""
    found = rooms("contracts", slug)
    schemas = {name for name in found if re.fullmatch(r"schemas/[a-z0-9-]+\.schema\.json", name)}

    assert found - schemas - {"checklist.toml"} == {"openapi.yaml", "requirements.toml", "SOURCES.md", "sources.toml"}
    assert schemas != set()


@each_provider
def test_fixtures_have_their_rooms(slug: str) -> None:
    """Fixtures are cases and other data, and say where they come from."""
    found = rooms("fixtures", slug)

    assert "PROVENANCE.md" in found
    assert [name for name in found if name.startswith("cases/")] != []
    assert {name for name in found if Path(name).suffix not in DATA} == set()


@each_provider
def test_suite_has_its_rooms(slug: str) -> None:
    """A suite is a package of tests with strategies and kit, and says what a provider obliges its clients to."""
    found = rooms("suites", slug)

    assert found >= {"__init__.py", "kit.py", "strategies.py", "conduct.py"}
    assert [name for name in found if re.fullmatch(r"test_[a-z0-9_]+\.py", name)] != []


@each_provider
def test_kit_is_of_its_provider(slug: str) -> None:
    """A kit has the provider's title, the folders of that slug, and cleanup actions for operations that undo others."""
    kit, (provider,), contract = find_kit(slug), find_providers([slug]), load_contract(slug)
    effects = read_effects(contract.document).values()
    folders = [
        kit.suite_folder(),
        *(Path(str(each)).resolve() for each in (kit.contract_folder(), kit.fixtures_folder())),
    ]

    assert (kit.title, kit.suite) == (provider.title, f"flowproof.suites.{slug}")
    assert folders == [tree.ROOT / place / slug for place in ("suites", "contracts", "fixtures")]
    assert set(kit.cleanup) == {each.undone_by.operation for each in effects if each.undone_by is not None}


@each_provider
def test_parts_of_a_kit_stand_in_its_suite(slug: str) -> None:
    """Every reference of a kit leads into its own suite, to something of the kind that is asked for."""
    kit = find_kit(slug)
    functions = [kit.client, kit.sign, kit.checks, *kit.cleanup.values()]

    assert [each for each in (*functions, kit.obligations) if not each.startswith(".")] == []
    assert [each for each in functions if not callable(kit.load(each))] == []
    assert isinstance(kit.load_obligations(), Obligations)


@each_provider
def test_conduct_speaks_of_every_duty_of_a_client(slug: str) -> None:
    """The suite's room conduct checks each requirement that obliges clients, or says why no journal shows it."""
    contract, obligations = load_contract(slug), find_kit(slug).load_obligations()
    entries = {*obligations.enforced, *obligations.unobservable, *(each.requirement for each in obligations.checked)}
    of_clients = {each.id for each in contract.requirements.values() if each.binds_clients}

    assert (unchecked(contract, obligations), entries - of_clients) == ((), set())


@each_provider
def test_requirements_are_well_formed(slug: str) -> None:
    """Every requirement has an id of its own, one sentence, a source, a standing, an obliged side and operations."""
    assert list(requirement_faults(requirements(slug), slug, operations(slug))) == []


@each_provider
def test_contract_cites_known_requirements(slug: str) -> None:
    """Every requirement that a contract cites, for a schema or for one keyword of it, is in its requirements.toml."""
    folder = tree.ROOT / "contracts" / slug
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("schemas/*.json"))]
    documents.append(yaml.safe_load((folder / "openapi.yaml").read_text(encoding="utf-8")))

    of_keywords = {cited for each in values_of("x-requirement-of", documents) for cited in each.values()}
    assert ({*values_of("x-requirement", documents)} | of_keywords) - requirement_ids(slug) == set()


@each_provider
def test_code_cites_known_requirements(slug: str) -> None:
    """Every requirement id in a mock and in a suite is in the provider's requirements.toml."""
    known = requirement_ids(slug)
    code = tree.modules(f"mocks/{slug}", f"suites/{slug}")

    assert [f"{where} cites {each}" for where, each in cited(code, slug) if each not in known] == []


@each_provider
def test_cases_keep_to_their_schema(slug: str) -> None:
    """Every case is what fixtures/case.schema.json says a case is."""
    schema = json.loads((tree.ROOT / "fixtures" / "case.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    cases = [path for path in tree.files(f"fixtures/{slug}/cases") if path.suffix == ".json"]

    assert [
        f"{tree.name(path)}: {error.json_path} {error.message}"
        for path in cases
        for error in judge.iter_errors(json.loads(path.read_text(encoding="utf-8")))
    ] == []


MARKS = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")
MACHINE = re.compile(r"(?<![\w.~-])/(work|farm|root|home|Users)/\w")
REGISTRY = re.compile(r"\b(pypi|npmjs|pythonhosted)\.(org|com)\b")


def leftovers(text: str) -> list[str]:
    """What a text should not have kept: marks of unfinished work, paths of a machine, names of registries."""
    return [found.group() for pattern in (MARKS, MACHINE, REGISTRY) for found in pattern.finditer(text)]


def test_nothing_is_left_over() -> None:
    """No file has a mark of unfinished work, a path of somebody's machine or a registry's host name."""
    texts = [path for path in tree.files() if path.suffix in TEXT and not path.is_symlink()]

    assert {tree.name(path): found for path in texts if (found := leftovers(path.read_text(encoding="utf-8")))} == {}


# Written in two parts, so that this file is none of its own findings.
@pytest.mark.parametrize("halves", [("# TO", "DO later"), ("open('/root", "/notes')"), ("https://pypi", ".org/simple")])
def test_leftover_is_noticed(halves: tuple[str, str]) -> None:
    """Each kind of leftover is noticed."""
    assert leftovers("".join(halves)) != []


GOOD = {
    "id": "acme.order.unique",
    "text": "An order's identifier is unique.",
    "source": "manual, page 3",
    "standing": "documented",
    "obliges": "client",
    "operations": ["submitOrder"],
}


def test_good_requirement_has_no_fault() -> None:
    """A requirement that has everything is let through."""
    assert list(requirement_faults([GOOD], "acme", {"submitOrder"})) == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other.order.unique"},
        {"id": "acme.unique"},
        {"id": "acme.Order.Unique"},
        {"text": "An order's identifier is unique"},
        {"text": "An order has an identifier. It is unique."},
        {"source": ""},
        {"standing": "guessed"},
        {"obliges": "nobody"},
        {"operations": None},
        {"operations": ["cancelOrder"]},
    ],
    ids=str,
)
def test_bad_requirement_is_noticed(change: dict[str, Any]) -> None:
    """Whatever is wrong with a requirement is noticed."""
    assert list(requirement_faults([GOOD | change], "acme", {"submitOrder"})) != []


def test_repeated_requirement_is_noticed() -> None:
    """Two requirements with one id are noticed."""
    assert list(requirement_faults([GOOD, GOOD], "acme", {"submitOrder"})) == ["acme.order.unique stands 2 times"]


def test_citation_is_found_in_code() -> None:
    """A text that looks like a requirement's id counts as a citation; other texts do not."""
    module = tree.ROOT / "tests" / "test_rooms.py"

    assert {each for _, each in cited([module], "acme")} == {"acme.order.unique"}
    assert list(cited([module], "nobody")) == []
