"""How providers and their kits are found: by the entry points of installed distributions, here made for the test."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowproof.errors import ConfigurationError
from flowproof.kit import Leftover, ParameterUnknown
from flowproof.providers import Kits, find_kit, find_providers
from flowproof.target import Site

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

KIT = """
from flowproof.kit import ProviderKit

kit = ProviderKit(slug={slug!r}, title="Acme", suite={suite!r}, client=".access:connect")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one provider, or one kit, where Python finds it, for one test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    installed: list[str] = []

    def make(name: str, slug: str, source: str, *, group: str = "providers", attribute: str = "provider") -> None:
        module = f"{attribute}_of_{name}"
        (tmp_path / f"{module}.py").write_text(source)
        record = tmp_path / f"{name}-1.0.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (record / "entry_points.txt").write_text(f"[flowproof.{group}]\n{slug} = {module}:{attribute}\n")
        installed.append(module)

    yield make
    for each in installed:
        sys.modules.pop(each, None)


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


@pytest.fixture
def install_kit(install: Install) -> Install:
    """Puts a distribution with one kit where Python finds it; its suite is a package of the standard library."""

    def make(name: str, slug: str, source: str = "", *, suite: str = "wsgiref") -> None:
        install(name, slug, source or KIT.format(slug=slug, suite=suite), group="kits", attribute="kit")

    return make


def test_kit_of_another_distribution_is_found(install_kit: Install) -> None:
    """A kit that another distribution brings stands beside ours, in alphabetical order."""
    install_kit("acme", "acme")

    assert (find_kit("acme").title, Kits().names[:2]) == ("Acme", ("acme", "dots_eco"))


def test_provider_without_a_kit_is_told_from_none(install: Install) -> None:
    """A provider without a kit and one that there is not are told apart."""
    install("acme", "acme", PROVIDER.format(slug="acme"))

    with pytest.raises(ConfigurationError, match=r"^The provider acme has no kit\. Choose from: dots_eco"):
        find_kit("acme")
    with pytest.raises(ConfigurationError, match=r"^There is no provider nobody\. Choose from: dots_eco"):
        find_kit("nobody")


@pytest.mark.parametrize(
    "source", ["raise RuntimeError('out of order')", "kit = 'acme'", KIT.format(slug="b", suite="")]
)
def test_kit_that_is_none_harms_nobody_else(install_kit: Install, tmp_path: Path, source: str) -> None:
    """A kit that cannot be loaded, is none or is another's is told with its distribution; all others are found."""
    install_kit("acme", "acme", source)
    kits = Kits()

    assert (kits.find("oneflow").slug, kits.of_folder(tmp_path)) == ("oneflow", None)
    with pytest.raises(ConfigurationError, match=r"acme.* of (distribution )?acme 1\.0"):
        kits.find("acme")


def test_kit_of_two_distributions_is_refused(install_kit: Install) -> None:
    """Two distributions cannot both bring a kit of one name; whoever asks for another kit is not bothered."""
    install_kit("acme", "acme")
    install_kit("emca", "acme")
    kits = Kits()

    assert kits.find("oneflow").slug == "oneflow"
    with pytest.raises(ConfigurationError, match=r"Two distributions bring a provider acme: .*Uninstall one"):
        kits.find("acme")


def test_reference_that_leads_nowhere_names_the_kit(install_kit: Install) -> None:
    """A part that cannot be loaded is told with the kit that names it."""
    install_kit("acme", "acme")

    with pytest.raises(
        ConfigurationError, match=r"^\.access:connect of the kit of acme cannot be loaded: ModuleNotFound"
    ):
        find_kit("acme").make_client(Site("acme", "http://127.0.0.1:9", {}))


def test_suite_that_is_not_there_names_the_kit(install_kit: Install) -> None:
    """A suite that is no package is told with the kit that names it."""
    install_kit("acme", "acme", suite="no_such_package")

    with pytest.raises(ConfigurationError, match=r"The suite no_such_package of the kit of acme cannot be found"):
        find_kit("acme").suite_folder()


def test_folder_of_a_suite_belongs_to_its_provider(install_kit: Install, tmp_path: Path) -> None:
    """Whatever stands in a provider's suite or below is that provider's; else a folder counts by its name."""
    install_kit("acme", "acme", suite="json")
    kits, suite = Kits(), find_kit("acme").suite_folder()

    assert [kits.of_folder(each) for each in (suite, suite / "deep" / "down")] == ["acme", "acme"]
    assert [kits.of_folder(tmp_path / each) for each in ("otter", "nothing")] == ["otter", None]


def test_kit_without_obligations_says_where_to_write_them(install_kit: Install) -> None:
    """A kit without obligations is told as such; without checks and without a signature it has none."""
    install_kit("acme", "acme")
    kit, site = find_kit("acme"), Site("acme", "http://127.0.0.1:9", {})

    assert (list(kit.doctor_checks(site)), kit.profile, kit.cleanup) == ([], {}, {})
    with pytest.raises(ConfigurationError, match=r"its kit has no obligations\..*docs/conduct\.md"):
        kit.load_obligations()


def test_leftover_says_which_parameter_is_missing() -> None:
    """A parameter that no answer has told is named."""
    leftover = Leftover("o-1", Site("acme", "http://127.0.0.1:9", {}), {"id": "1"})

    assert leftover.parameter("id") == "1"
    with pytest.raises(ParameterUnknown, match="did not say its guid"):
        leftover.parameter("guid")


def test_kits_load_nothing_heavy() -> None:
    """Every kit of ours can be loaded without kernel, client, contract, requests, Flask, Hypothesis or pytest."""
    heavy = ("flask", "requests", "hypothesis", "jsonschema_rs", "pytest", "flowproof.kernel", "flowproof.clients")
    program = f"""import sys
from flowproof.providers import Kits
kits = Kits()
print([kits.find(each).slug for each in kits.names] and [name for name in {heavy} if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
