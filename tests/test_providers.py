"""How providers are found: by the entry points of installed distributions, here made for the test."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowproof.errors import ConfigurationError
from flowproof.providers import find_providers

Install = Callable[..., None]

PROVIDER = """
from random import Random
from flask import Blueprint
from flowproof.kernel import WireResponse, Provider

provider = Provider(
    slug={slug!r}, title="Acme", routes=Blueprint("acme", __name__), presented_key=lambda request: None,
    authenticate=lambda request, context: None, render=lambda refusal: WireResponse(500, b""),
    mint=lambda rng, seed: (),
    seed={{}}, seed_schema="seed.schema.json",
)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution with one provider where Python finds it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, slug: str, source: str, *, module: str | None = None) -> None:
        module = module or f"provider_of_{name}"
        (tmp_path / f"{module}.py").write_text(source)
        record = tmp_path / f"{name}-1.0.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (record / "entry_points.txt").write_text(f"[flowproof.providers]\n{slug} = {module}:provider\n")
        monkeypatch.delitem(sys.modules, module, raising=False)

    return make


def test_provider_of_another_distribution_is_found(install: Install) -> None:
    """A provider that another distribution brings is found like our own."""
    install("acme", "acme", PROVIDER.format(slug="acme"))

    assert [each.slug for each in find_providers(["acme", "oneflow"])] == ["acme", "oneflow"]


def test_all_installed_providers_are_found_without_names(install: Install) -> None:
    """Without names every installed provider is found, in alphabetical order."""
    install("acme", "acme", PROVIDER.format(slug="acme"))

    found = [each.slug for each in find_providers()]

    assert found == sorted(found)
    assert {"acme", "oneflow"} <= set(found)


def test_provider_asked_for_twice_is_found_once() -> None:
    """A provider that is named twice is one provider."""
    assert [each.slug for each in find_providers(["oneflow", "oneflow"])] == ["oneflow"]


def test_only_the_providers_asked_for_are_loaded(install: Install) -> None:
    """A broken provider harms nobody who does not ask for it."""
    install("broken", "broken", "raise RuntimeError('never loaded')")

    assert [each.slug for each in find_providers(["oneflow"])] == ["oneflow"]


def test_unknown_provider_is_told_with_those_there_are(install: Install) -> None:
    """An unknown provider is refused, with the names of those there are."""
    install("acme", "acme", PROVIDER.format(slug="acme"))

    with pytest.raises(ConfigurationError, match=r"^There is no provider nobody\. Choose from: acme, .*oneflow"):
        find_providers(["oneflow", "nobody"])


def test_provider_that_fails_to_load_names_its_distribution(install: Install) -> None:
    """A provider that fails to load is told with its distribution and its reason."""
    install("broken", "broken", "raise RuntimeError('out of order')")

    with pytest.raises(ConfigurationError, match=r"Provider broken of broken 1\.0 .*: RuntimeError: out of order"):
        find_providers(["broken"])


def test_provider_without_its_module_names_its_distribution(install: Install) -> None:
    """An entry point that leads to nothing is told with its distribution."""
    install("empty", "empty", "")

    with pytest.raises(ConfigurationError, match=r"Provider empty of empty 1\.0 cannot be loaded: AttributeError"):
        find_providers(["empty"])


@pytest.mark.parametrize("source", ["provider = 'acme'", PROVIDER.format(slug="other")])
def test_entry_point_leads_to_the_provider_of_its_name(install: Install, source: str) -> None:
    """An entry point has to lead to a provider, and to that of its own name."""
    install("acme", "acme", source)

    with pytest.raises(ConfigurationError, match=r"Entry point acme of distribution acme 1\.0"):
        find_providers(["acme"])


def test_slug_of_two_distributions_is_refused(install: Install) -> None:
    """Two distributions cannot both bring a provider of one name."""
    install("acme", "acme", PROVIDER.format(slug="acme"))
    install("emca", "acme", PROVIDER.format(slug="acme"))

    with pytest.raises(ConfigurationError, match=r"Two distributions bring a provider acme: .*Uninstall one"):
        find_providers()
