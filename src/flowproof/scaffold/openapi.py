"""
A distribution from an OpenAPI document, somebody's own or inferred from traffic.

What the document says becomes the contract, what is inferred becomes decisions.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowproof.conformance import Contract
from flowproof.openapi.contract import contract_of, make_regular, regular_document
from flowproof.openapi.requirements import DrawnRequirement, annotate
from flowproof.openapi.resources import Roles, infer_roles
from flowproof.openapi.schema_reader import SchemaReader
from flowproof.openapi.security import read_schemes
from flowproof.openapi_traffic import observed_document
from flowproof.recording import Kind, read_recording

from .cases import example_cases
from .client import client_module
from .decisions import decisions_text
from .distribution import Distribution, camel_case
from .example import renamed, template

__all__ = ["openapi_distribution", "traffic_distribution"]

SHARED = (
    *(".github/workflows/test.yml", ".gitignore", "Makefile", "pyproject.toml"),
    *("flowproof_acme/__init__.py", "flowproof_acme/suite/__init__.py", "flowproof_acme/suite/test_cases.py"),
)
MADE_FROM = (
    "Made from an OpenAPI document:",
    "Made from recorded traffic, which shows what happened, not what is allowed:",
)
OBSERVED = """\
# The document was inferred from recorded traffic. Operations and statuses were observed; constraints are inferred. What
# you have found in the provider's own documents becomes `documented`, with its source: a certificate needs that."""


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Where a document comes from.

    Args:
        source: For people, in one line.
        notes: What was left out on the way.
        observed: What was inferred from traffic, each a sentence; None where the document is somebody's own.
    """

    source: str
    notes: Sequence[str] = ()
    observed: Sequence[str] | None = None

    @property
    def standing(self) -> str:
        """Of what it shows."""
        return "documented" if self.observed is None else "observed"


def openapi_distribution(name: str, file: Path) -> Distribution:
    """
    The distribution of a document.

    Raises:
        ConfigurationError: The document cannot be read, or makes no contract.
    """
    document, notes = regular_document(file)
    return _distribution(name, document, Origin(f"`{file.name}`", notes))


def traffic_distribution(name: str, file: Path, kind: Kind, *, base_url: str | None = None) -> Distribution:
    """
    The distribution of an API as somebody's traffic with it shows it.

    Args:
        name: Slug of the provider.
        file: The recording.
        kind: Which kind of file it has to be.
        base_url: Where the API's paths begin; by default it is found.

    Raises:
        ConfigurationError: The file cannot be read, is of another kind, or has no exchange of an API.
    """
    found = observed_document(camel_case(name), read_recording(file, kind), base_url=base_url)
    notes = [*make_regular(found.document), *(f"Left out: {each}." for each in found.left_out)]
    return _distribution(name, found.document, Origin(found.source, notes, found.decisions))


def _distribution(name: str, document: dict[str, Any], origin: Origin) -> Distribution:
    """The distribution of a regular document."""
    contract = contract_of(name, document)
    roles = infer_roles(contract.operations, SchemaReader(document))
    removals = _note_creations(document, roles, contract)
    requirements = annotate(name, document, roles, observed=origin.observed is not None)
    schemes = read_schemes(document)
    texts = {path: text for path, text in template("example").items() if path in SHARED} | template("openapi")
    files = {renamed(path, name): renamed(text, name) for path, text in texts.items()}
    if origin.observed is not None:
        files["README.md"] = files["README.md"].replace(*MADE_FROM)
    package = f"flowproof_{name}"
    kit = f"{package}/suite/kit.py"
    title = _title(document, name)
    files[kit] = _with_removals(
        files[kit].replace(f'title="{camel_case(name)}"', f"title={json.dumps(title)}"), removals
    )
    files[f"{package}/suite/removals.py"] = _removals_module(removals)
    client = f"{package}/client.py"
    files[client] = client_module(files[client], title, contract, schemes)
    described = _contract_files(name, origin, contract, requirements)
    files |= {f"{package}/contract/{path}": text for path, text in described}
    found = example_cases(contract, roles, origin.standing)
    cases = {f"{package}/fixtures/cases/{each['id']}.json": _json(each) for each in found}
    files |= cases
    if not cases:
        del files[f"{package}/suite/test_cases.py"]
    files["DECISIONS.md"] = decisions_text(camel_case(name), contract, roles, schemes, origin.notes, origin.observed)
    return Distribution(name, files)


def _title(document: Mapping[str, Any], name: str) -> str:
    info = document.get("info")
    return str(info.get("title", name)) if isinstance(info, dict) else name


def _note_creations(document: dict[str, Any], roles: Roles, contract: Contract) -> dict[str, str]:
    """
    Say in the document what an operation creates and which one removes it, so that a run cleans up after itself.

    Returns:
        The path of each removing operation, by its id.
    """
    removing = {role.collection.path: name for name, role in roles.items() if role.verb == "remove"}
    used: dict[str, str] = {}
    for name, role in roles.items():
        operation = contract.operations.by_id(name)
        if role.verb != "create" or operation is None:
            continue
        described = document["paths"][operation.path][operation.method.lower()]
        inner = f"/{role.wrapper}" if role.wrapper else ""
        key = f"$response.body#{inner}/{role.collection.key}"
        described.setdefault("x-creates", key)
        undoing = contract.operations.by_id(removing.get(role.collection.path, ""))
        if undoing is not None:
            parents = {each: f"$request.path.{each}" for each in operation.names}
            parameters = {**parents, role.collection.parameter: key}
            described.setdefault("x-undone-by", {"operationId": undoing.id, "parameters": parameters})
            used[undoing.id] = undoing.path
    return used


def _with_removals(kit: str, removals: Mapping[str, str]) -> str:
    named = {operation: f".removals:remove_{number}" for number, operation in enumerate(removals, start=1)}
    return kit.replace("cleanup={}", f"cleanup={json.dumps(named, indent=8)}" if named else "cleanup={}")


def _removals_module(removals: Mapping[str, str]) -> str:
    lines = ['"""What is removed after a run, one function for each operation that removes something."""', ""]
    lines += ["from functools import partial", "", "from .access import remove", ""]
    lines += [f"remove_{number} = partial(remove, path={path!r})" for number, path in enumerate(removals.values(), 1)]
    return "\n".join([*lines, ""])


def _contract_files(
    name: str, origin: Origin, contract: Contract, requirements: list[DrawnRequirement]
) -> Iterator[tuple[str, str]]:
    yield "openapi.yaml", _yaml(contract.document)
    yield "requirements.toml", _requirements(requirements, origin)
    yield "schemas/seed.schema.json", _json({"type": "object"})
    yield "SOURCES.md", f"# Sources\n\n| source | gives |\n|---|---|\n| {origin.source} | everything |\n"
    yield "checklist.toml", _checklist(name, _title(contract.document, name), requirements, origin)


def _yaml(value: Any) -> str:
    import yaml  # noqa: PLC0415 (an OpenAPI document in JSON is read without it)

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # (a computed base)
        """Writes every value where it stands, without anchors."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's signature)
            return True

    text: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=140)
    return text


def _json(value: Any) -> str:
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"


def _requirements(requirements: list[DrawnRequirement], origin: Origin) -> str:
    head = "# What the OpenAPI document obliges the provider or its clients to. The source is a JSON pointer into it."
    parts = [head if origin.observed is None else f"{head}\n{OBSERVED}"]
    for each in requirements:
        entry: dict[str, str | list[str]] = {
            "id": each.id,
            "text": each.text,
            "source": each.source,
            "standing": each.standing,
            "obliges": each.obliges,
            "operations": list(each.operations),
            "enforced": each.enforced,
            **({"unkillable": each.unkillable} if each.unkillable else {}),
        }
        lines = [f"{key} = {_toml(value)}" for key, value in entry.items()]
        parts.append("\n".join(["[[requirement]]", *lines]))
    return "\n\n".join([*parts, ""])


def _toml(value: str | list[str]) -> str:
    """A text or a list of texts; a JSON string is a TOML string, but for the character 7F."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _checklist(name: str, title: str, requirements: list[DrawnRequirement], origin: Origin) -> str:
    operations = [each.id for each in requirements if each.id.startswith(f"{name}.operation.")]
    return f"""\
# How far an integration is. Begin with this row, and add one for each thing that a partner has to do.
provider = {_toml(name)}
title = {_toml(f"{title} integration")}
document = {_toml("the OpenAPI document" if origin.observed is None else "recorded traffic")}
document_total_days = 1

[[row]]
id = "operations"
days = 1
who = "Partner's development team"
text = "Every operation is answered as documented."
requirements = {_toml(operations)}
tests = ["suite.test_operations::test_operation_is_answered_as_documented"]
"""
