"""A distribution that `flowproof new` made, built as a wheel and installed beside this checkout's package."""

from pathlib import Path

import pytest

from flowproof.scaffold import example_distribution, openapi_distribution
from tests.outside.conftest import Installation, installed_once

NAME = "tea_room"
DOCUMENT = Path(__file__).parents[1] / "openapi" / "shop.yaml"


@pytest.fixture(scope="session")
def example_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that has the example under another name."""
    return installed_once(tmp_path_factory, "scaffold", lambda folder: example_distribution(NAME).write(folder))


@pytest.fixture
def example(example_environment: Path, tmp_path: Path) -> Installation:
    """The installed example, and an empty folder to run commands in."""
    return Installation(example_environment, tmp_path)


@pytest.fixture(scope="session")
def document_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that has a distribution made from an OpenAPI document."""
    return installed_once(
        tmp_path_factory, "scaffold-openapi", lambda folder: openapi_distribution("shop", DOCUMENT).write(folder)
    )


@pytest.fixture
def shop(document_environment: Path, tmp_path: Path) -> Installation:
    """The installed distribution of the document, and an empty folder to run commands in."""
    return Installation(document_environment, tmp_path)
