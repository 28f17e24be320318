"""Validators and linters of others find nothing in the contracts: neither in the files nor in the single documents."""

from collections.abc import Callable
from pathlib import Path

from tests import tree
from tests.interop.generators import toolbox
from tests.interop.generators.test_generated_clients import PROVIDERS


def both(bundle_of: Callable[[str], Path]) -> list[str]:
    """Each contract as its files and as one document."""
    files = [tree.ROOT / "contracts" / provider / "openapi.yaml" for provider in PROVIDERS]
    return [str(file) for file in (*files, *map(bundle_of, PROVIDERS))]


def test_openapi_spec_validator_finds_nothing(tools: None, bundle_of: Callable[[str], Path]) -> None:
    """openapi-spec-validator takes every contract for a valid OpenAPI 3.1 document, as files and as one."""
    files = both(bundle_of)

    assert toolbox.python_tool("openapi-spec-validator", *files) == "".join(f"{file}: OK\n" for file in files)


def test_redocly_finds_nothing(tools: None, bundle_of: Callable[[str], Path]) -> None:
    """Redocly's recommended rules, but for those that `redocly-lint.yaml` gives a reason against, find nothing."""
    options = ("--format=json", "--config=redocly-lint.yaml")

    assert '"problems": []' in toolbox.node("redocly", "lint", *options, *both(bundle_of))
