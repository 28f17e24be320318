"""A distribution that `flowproof new` made, built as a wheel and installed beside this checkout's package."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.openapi import read_contract
from flowproof.openapi_mock import openapi_provider
from flowproof.scaffold import example_distribution, openapi_distribution, traffic_distribution
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


@pytest.fixture(scope="session")
def traffic_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that has a distribution made from a recording of the shop."""

    def make(folder: Path) -> None:
        file = folder.with_name("shop.har")
        file.write_text(json.dumps(recorded_shop()), encoding="utf-8")
        traffic_distribution("kiosk", file, "har").write(folder)

    return installed_once(tmp_path_factory, "scaffold-traffic", make)


@pytest.fixture
def kiosk(traffic_environment: Path, tmp_path: Path) -> Installation:
    """The installed distribution of the recording, and an empty folder to run commands in."""
    return Installation(traffic_environment, tmp_path)


def recorded_shop() -> Any:
    """The archive of a journal: toys are made, refused, listed, read, replaced and removed, and a stranger comes."""
    contract, _ = read_contract("shop", DOCUMENT)
    gateway = build_gateway([openapi_provider("shop", contract)], ServerSettings(entropy=7))
    with Server(gateway) as server, requests.Session() as session:
        control = f"{server.url}/_flowproof/workspaces/default"
        place = session.get(control, timeout=60).json()["providers"]["shop"]
        toys, key = f"{place['base_url']}/toys", place["credentials"]["default"]["key"]
        session.get(toys, timeout=60)
        session.headers["Authorization"] = f"Bearer {key}"
        sent = ({"name": "top", "made": "2020-02-03"}, {"name": "ball"}, {"name": "doll", "made": "2020-02-03"})
        made = [session.post(toys, json={"price": 3, **each}, timeout=60).json() for each in sent]
        session.post(toys, json={"price": 3}, timeout=60)
        session.get(toys, params={"limit": 2}, timeout=60)
        one, *_ = found = [f"{toys}/{each['id']}" for each in made]
        for each in found:
            session.get(each, timeout=60)
        session.put(one, json={"name": "tip", "price": 4}, timeout=60)
        session.delete(one, timeout=60)
        session.get(one, timeout=60)
        session.get(f"{place['base_url']}/hours", timeout=60)
        return session.get(f"{control}/journal.har", timeout=60).json()
