"""Clients that others' generators make of the contracts read and write at the mocks, without a change by hand."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowproof.target import Workspace
from tests.interop.generators import toolbox
from tests.interop.generators.plans import plan

PROVIDERS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
each_provider = pytest.mark.parametrize("provider", PROVIDERS)

# What is read and what is written, as a JSON pointer into the answer of an operation.
VALUES = {
    "dots_eco": (("listFlowCards", "0/sku"), ("createFlowCard", "response/card_id")),
    "flow1st": (("listProducts", "products/0/bundles/0/sku"), ("completeOrder", "reference")),
    "integrations": (("listTriggers", "data/0/code"), ("configureWorkflow", "data/guid")),
    "oneflow": (("listOrders", "data/0/orderData/sourceOrderId"), ("submitOrder", "_id")),
    "otter": (("organizationListBrands", "items/0/name"), ("organizationGetConnection", "storeId")),
}


@pytest.fixture
def made(workspace: Workspace, provider: str) -> Mapping[str, Any]:
    """The plan of a provider."""
    return plan(workspace, provider)


def answered(workspace: Workspace, provider: str) -> list[Any]:
    """The values that the mock's own journal has at the places that a driver prints; no exchange was refused."""
    entries = workspace.control("GET", "journal", provider=provider)["exchanges"]
    assert [each["findings"] for each in entries if each["findings"]] == []
    assert [each["id"] for each in entries if each["response"]["status"] >= 400] == []
    answers = {each["operation"]: each["response"]["body"] for each in entries}
    return [_at(answers[operation], place) for operation, place in VALUES[provider]]


def _at(body: Any, place: str) -> Any:
    found = json.loads(body["text"])
    for step in place.split("/"):
        found = found[int(step) if step.isdecimal() else step]
    return found


@each_provider
def test_client_of_openapi_python_client_works(
    tools: None,
    served: Callable[[str], Path],
    workspace: Workspace,
    made: Mapping[str, Any],
    provider: str,
    tmp_path: Path,
) -> None:
    """openapi-python-client's client reads and writes, its classes hold the answers, and nothing was left out of it."""
    target = tmp_path / f"{provider}_client"
    arguments = ("generate", "--path", str(served(provider)), "--output-path", str(target), "--meta", "none")
    report = toolbox.python_tool("openapi-python-client", *arguments, "--fail-on-warning")

    assert ("WARNING" in report, "Unable to" in report) == (False, False)
    assert toolbox.drive("openapi_python_client", target, made) == answered(workspace, provider)


@each_provider
def test_client_of_openapi_generator_works(
    tools: None,
    served: Callable[[str], Path],
    workspace: Workspace,
    made: Mapping[str, Any],
    provider: str,
    tmp_path: Path,
) -> None:
    """openapi-generator's client for Python reads and writes, and its classes hold the answers."""
    arguments = ("--input-spec", str(served(provider)), "--output", str(tmp_path), "--package-name", "generated")
    toolbox.python_tool("openapi-generator-cli", "generate", "--generator-name", "python", *arguments)

    assert toolbox.drive("openapi_generator", tmp_path / "generated", made) == answered(workspace, provider)


@each_provider
def test_models_of_datamodel_code_generator_work(
    tools: None,
    served: Callable[[str], Path],
    workspace: Workspace,
    made: Mapping[str, Any],
    provider: str,
    tmp_path: Path,
) -> None:
    """datamodel-code-generator's models hold what is sent and what is answered, for pydantic 2."""
    target = tmp_path / f"{provider}_models.py"
    arguments = ("--input", str(served(provider)), "--input-file-type", "openapi", "--output", str(target))
    toolbox.python_tool(
        "datamodel-codegen", *arguments, "--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"
    )

    assert toolbox.drive("datamodel_code_generator", target, made) == answered(workspace, provider)


def test_types_of_openapi_typescript_work(
    tools: None, served: Callable[[str], Path], workspace: Workspace, tmp_path: Path
) -> None:
    """openapi-typescript's types of every contract compile strictly, and openapi-fetch reads and writes with them."""
    (tmp_path / "node_modules").symlink_to(toolbox.HERE / "node_modules")
    for name in ("openapi_fetch.mts", "tsconfig.json"):
        shutil.copy(toolbox.DRIVERS / name, tmp_path)
    for provider in PROVIDERS:
        toolbox.node("openapi-typescript", str(served(provider)), "--output", str(tmp_path / f"{provider}.d.ts"))
    toolbox.node("tsc", "--project", str(tmp_path))

    for provider in PROVIDERS:
        given = json.dumps(plan(workspace, provider))
        printed = toolbox.node("node", "openapi_fetch.mjs", folder=tmp_path, given=given)
        assert json.loads(printed) == answered(workspace, provider)
