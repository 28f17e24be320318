"""Who may import whom, read from the syntax trees."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import pytest

from tests import tree
from tests.imports import UNREADABLE, Import, Module, imports
from tests.rules import below, is_below, judge, module_name


@dataclass(frozen=True, slots=True)
class Layer:
    """
    A row of the table: who may import whom.

    Args:
        prefix: Modules it speaks of. ``{provider}`` is any one provider. The longest row that fits counts.
        may: What of flowproof they may import, beside their own package.
        never: Third parties and parts of the standard library they must not import.
        own_by_dots: Their own package is imported with leading dots only.
        own: Whether they may import what stands beside and below them.
    """

    prefix: str
    may: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    own_by_dots: bool = False
    own: bool = True


BASE = ("errors", "exchange", "extras", "json_pointer", "json_types", "loopback", "plurals", "text_file")
TOP = (
    *BASE,
    "cases",
    "certify",
    "checklist",
    "clients",
    "compatibility",
    "conduct",
    "conformance",
    "doctor",
    "drift",
    "inbox",
    "kernel",
    "kit",
    "providers",
    "proxy",
    "recording",
    "removal",
    "replay",
    "target",
    "tls",
)
TESTING = ("pytest", "_pytest", "hypothesis")
SERVING = ("flask", "werkzeug", "uvicorn")
SQLITE = ("sqlite3", "fcntl", "flowproof.kernel.state.sqlite")
POSTGRES = ("psycopg", "psycopg_pool", "flowproof.kernel.state.postgres")
DATABASE = (*SQLITE, *POSTGRES)  # what stands behind the store's protocol

LAYERS = (
    Layer("", (), TESTING, own=False),
    Layer("__main__", ("cli",), TESTING),
    Layer("errors", (), (*TESTING, *SERVING, "requests")),
    Layer("extras", ("errors",), (*TESTING, *SERVING, "requests")),
    Layer("exchange", (), (*TESTING, *SERVING, "requests")),
    Layer("json_pointer", (), (*TESTING, *SERVING, "requests")),
    Layer("json_types", (), (*TESTING, *SERVING, "requests")),
    Layer("loopback", (), (*TESTING, *SERVING, "requests")),
    Layer("plurals", (), (*TESTING, *SERVING, "requests")),
    Layer("workflow_commands", (), (*TESTING, *SERVING, "requests")),
    Layer("text_file", ("errors",), (*TESTING, *SERVING, "requests")),
    Layer("har", (), (*TESTING, *SERVING, "requests")),
    Layer("curl", ("redaction",), (*TESTING, *SERVING, "requests")),
    Layer("redaction", ("json_pointer",), (*TESTING, *SERVING, "requests")),
    Layer("conformance", BASE, (*TESTING, *SERVING, "requests")),
    Layer(
        "compatibility",
        ("errors", "json_pointer", "json_types", "openapi", "plurals", "workflow_commands"),
        (*TESTING, *SERVING, "requests"),
    ),
    Layer("kernel", (*BASE, "conformance", "curl", "expectation", "har", "redaction"), (*TESTING, *DATABASE)),
    Layer("kernel.assembly", ("kernel", "conformance", "errors"), TESTING),
    Layer("kernel.state", ("errors",), (*TESTING, *SERVING, *DATABASE)),
    Layer("kernel.state.sqlite", ("errors", "kernel.state"), (*TESTING, *SERVING, *POSTGRES)),
    Layer("kernel.state.postgres", ("errors", "kernel.state", "kernel.time"), (*TESTING, *SERVING, *SQLITE)),
    Layer("kernel.time", ("errors", "kernel.state"), (*TESTING, *SERVING, *DATABASE)),
    Layer(
        "kernel.webhooks",
        (*BASE, "kernel.provider_context", "kernel.state", "kernel.time"),
        (*TESTING, *SERVING, *DATABASE),
    ),
    Layer("mocks", (), (*TESTING, "requests"), own=False),
    Layer("mocks.{provider}", ("kernel", "conformance", *BASE), (*TESTING, "requests"), own_by_dots=True),
    Layer("clients", ("errors",), (*TESTING, *SERVING)),
    Layer("suites", (), SERVING, own=False),
    Layer("conduct", (*BASE, "conformance"), (*TESTING, *SERVING, "requests")),
    Layer("suites.{provider}.conduct", ("conduct", "conformance"), (*TESTING, *SERVING, "requests"), own=False),
    Layer(
        "suites.{provider}.doctor",
        (
            *("doctor", "clients", "plurals", "target"),
            *("suites.{provider}.access", "suites.{provider}.holdings", "suites.{provider}.setup"),
        ),
        (*TESTING, *SERVING),
        own_by_dots=True,
    ),
    Layer("suites.{provider}.kit", ("kit",), (*TESTING, *SERVING, "requests"), own=False),
    Layer("suites.{provider}.access", ("cases", "clients", "kit", "target"), (*TESTING, *SERVING), own=False),
    Layer(
        "suites.{provider}",
        ("clients", "conformance", *BASE, "edge_cases", "target", "inbox"),
        SERVING,
        own_by_dots=True,
    ),
    Layer("edge_cases", (), (*SERVING, "requests", "pytest", "_pytest")),
    Layer("expectation", ("errors", "plurals"), (*TESTING, *SERVING, "requests")),
    Layer(
        "fuzz",
        (
            *BASE,
            "cases",
            "certify",
            "clients",
            "conformance",
            "curl",
            "drift",
            "edge_cases",
            "kernel",
            "kit",
            "openapi",
            "providers",
            "removal",
            "target",
        ),
        ("pytest", "_pytest", *SERVING),
    ),
    Layer(
        "certify",
        (*BASE, "conformance", "target", "checklist", "curl", "har", "redaction", "workflow_commands"),
        (*TESTING, *SERVING),
    ),
    Layer("doctor", (*BASE, "conformance", "clients", "target", "inbox"), (*TESTING, *SERVING)),
    Layer("cases", BASE, (*TESTING, *SERVING)),
    Layer("kit", ("cases", "conduct", "doctor", "errors", "target"), (*TESTING, *SERVING, "requests")),
    Layer("removal", ("clients", "errors", "kit"), (*TESTING, *SERVING)),
    Layer("proxy", (*BASE, "cases", "certify", "conformance", "kernel", "kit", "target"), TESTING),
    Layer("drift", (*BASE, "cases", "conformance", "kit", "redaction", "removal", "target"), (*TESTING, *SERVING)),
    Layer(
        "replay",
        (*BASE, "conformance", "drift", "kernel", "openapi", "openapi_mock", "proxy", "recording", "redaction"),
        TESTING,
    ),
    Layer(
        "recording",
        (*BASE, "conformance", "drift.folding", "drift.saving", "redaction"),
        (*TESTING, *SERVING, "requests"),
    ),
    Layer("target", (*BASE, "conformance", "expectation", "tls"), (*TESTING, *SERVING)),
    Layer("tls", ("errors",), (*TESTING, *SERVING)),
    Layer("inbox", BASE, TESTING),
    Layer("checklist", ("errors", "json_pointer"), (*TESTING, *SERVING, "requests")),
    Layer("providers", ("errors", "extras", "kernel", "kit"), TESTING),
    Layer("plugin", TOP),
    Layer(
        "testing",
        ("certify", "conduct", "conformance", "errors", "inbox", "kernel", "kit", "plurals", "providers", "target"),
        ("pytest", "_pytest", *SERVING),
    ),
    Layer("mutation", (*TOP, "plugin")),
    Layer("openapi", ("conformance", "errors", "json_pointer", "json_types"), (*TESTING, *SERVING, "requests")),
    Layer("openapi_mock", (*BASE, "conformance", "kernel", "openapi"), (*TESTING, "requests")),
    Layer("openapi_suite", (*BASE, "conformance", "edge_cases", "openapi"), (*TESTING, *SERVING, "requests")),
    Layer("openapi_suite.strategies", ("openapi",), (*SERVING, "requests", "pytest", "_pytest")),
    Layer(
        "openapi_suite.properties",
        ("conformance", "openapi", "openapi_suite"),
        (*SERVING, "requests", "pytest", "_pytest"),
    ),
    Layer("openapi_traffic", (*BASE, "conformance", "recording", "redaction"), (*TESTING, *SERVING, "requests")),
    Layer(
        "scaffold", ("cases", "conformance", "errors", "openapi", "openapi_traffic", "recording"), (*TESTING, *SERVING)
    ),
    Layer(
        "scaffold.templates", (*TOP, "edge_cases", "openapi_mock", "openapi_suite"), own_by_dots=True
    ),  # a distribution of its own, whose every file is judged where it is installed
    Layer("cli", (*TOP, "fuzz", "mutation", "openapi", "openapi_mock", "scaffold", "testing"), TESTING),
)

FINDS_PROVIDERS = "flowproof.providers"
LOADS_REPLACEMENTS = "flowproof.openapi_mock.replacements"  # of a provider's own package
LOADS_PARTS = "flowproof.kit"  # of a provider's own suite, which tests/test_rooms.py sees to
FINDS_COMMANDS = "flowproof.cli.group"  # of its own package, whose modules are judged each for itself
PLACES = {"contracts", "fixtures", "mocks", "suites"}
ONE_WAY = ("flowproof.plugin",)


def layer_of(name: str) -> Layer | None:
    """The longest row of the table that fits a module."""
    inner = name.removeprefix("flowproof").removeprefix(".")
    return max((each for each in LAYERS if _covers(each, inner)), key=lambda each: len(each.prefix), default=None)


def _covers(layer: Layer, inner: str) -> bool:
    wanted, given = layer.prefix.split("."), inner.split(".")
    return layer.prefix == inner or (
        bool(layer.prefix)
        and len(given) >= len(wanted)
        and all(want in {"{provider}", got} for want, got in zip(wanted, given, strict=False))
    )


def own_package(name: str, layer: Layer) -> str:
    """The package that a row means by "their own"."""
    return ".".join(name.split(".")[: layer.prefix.count(".") + 2])


def import_offences(module: Module) -> Iterator[str]:
    """Imports that the table does not allow."""
    layer = layer_of(module.name)
    if layer is None:
        yield f"{module.name} has no row in the table of tests/test_architecture.py"
        return
    for each in imports(module):
        if reason := objection(each, module, layer):
            yield f"{module.name}:{each.line} imports {each.target}: {reason}"


def objection(found: Import, module: Module, layer: Layer) -> str | None:
    """Why a module may not import this, or None."""
    own = own_package(module.name, layer)
    if found.target == UNREADABLE:
        may_compute = module.name in (LOADS_PARTS, LOADS_REPLACEMENTS, FINDS_COMMANDS)
        return None if may_compute else "an import by a computed name cannot be judged"
    if is_below(found.target, *PLACES):
        return "it ships as a part of flowproof; its bare name exists in a checkout only"
    if is_below(found.target, "importlib.metadata.entry_points") and module.name != FINDS_PROVIDERS:
        return "only flowproof.providers finds providers"
    if is_below(found.target, *layer.never):
        return f"flowproof.{layer.prefix} never does"
    if not is_below(found.target, "flowproof") or found.target == "flowproof.__version__":
        return None
    if layer.own and is_below(found.target, own):
        return "a provider's own package is imported with dots" if layer.own_by_dots and not found.is_relative else None
    provider = module.name.split(".")[2:3]
    allowed = [f"flowproof.{prefix}".replace("{provider}", "".join(provider)) for prefix in layer.may]
    return None if is_below(found.target, *allowed) else f"flowproof.{layer.prefix} may import {layer.may or 'nothing'}"


def test_modules_import_only_what_the_table_allows() -> None:
    """Every import of the package, whichever way it is spelled, is one that the table of layers allows."""
    assert judge(import_offences, below("flowproof")) == []


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other in a loop, the first one at the end too; nothing where there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def import_graph(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Which of these modules import which, for types too. That a module's own package is imported does not count."""
    names = {each.name: each for each in modules}
    graph: dict[str, set[str]] = {name: set() for name in names}
    for name, module in names.items():
        for found in imports(module):
            target = found.target if found.target in names else found.target.rpartition(".")[0]
            if target in names and target != name:
                graph[name].add(target)
    return graph


def test_kernel_has_no_import_circle() -> None:
    """No modules of the kernel import each other in a loop, not even for the type checker only."""
    modules = [Module.read(path, tree.ROOT) for path in below("flowproof.kernel")]

    assert circle(import_graph(modules)) == []


def test_import_circle_is_noticed() -> None:
    """A loop over three modules is noticed, although one of its imports is for the type checker only."""
    sources = {
        "a": "from .b import B",
        "b": "def late():\n    from flowproof.kernel import c",
        "c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import A",
    }
    modules = [Module.parse(source, f"flowproof.kernel.{name}") for name, source in sources.items()]

    assert {each.rpartition(".")[2] for each in circle(import_graph(modules))} == {"a", "b", "c"}


@pytest.mark.parametrize("package", ONE_WAY)
def test_modules_of_a_package_import_in_one_direction(package: str) -> None:
    """No module of the package needs another that needs it, not even for its types."""
    modules = [Module.read(path, tree.ROOT) for path in below(package)]
    names = {each.name for each in modules}
    needs = {each.name: {*(_module_of(found.target, names) for found in imports(each))} - {None} for each in modules}
    needs[package] = set()  # the package itself only gathers what its modules have

    assert tuple(TopologicalSorter(needs).static_order()) != ()


def _module_of(target: str, names: set[str]) -> str | None:
    return next((each for each in (target, target.rpartition(".")[0]) if each in names), None)


def test_every_layer_of_the_table_is_about_something() -> None:
    """The rules see the package: they judge the modules at the top and those in the linked folders."""
    assert {module_name(path) for path in below("flowproof")} >= {
        "flowproof.errors",
        "flowproof.mocks",
        "flowproof.suites",
    }


IMPORT_OFFENCES = {
    "errors imports exchange": ("errors", "import flowproof.exchange"),
    "conformance imports kernel": ("conformance.check", "from flowproof.kernel import clock"),
    "redaction imports kernel": ("redaction.marks", "from flowproof.kernel import provider"),
    "kernel imports a mock": ("kernel.app", "from flowproof.mocks.acme import provider"),
    "kernel imports from the root": ("kernel.app", "from flowproof import mocks"),
    "kernel imports relatively": ("kernel.app", "from ..mocks import acme"),
    "kernel imports from two levels up": ("kernel.control.routes", "from ... import clients"),
    "kernel imports in a function": ("kernel.app", "def late():\n    import flowproof.clients.acme"),
    "kernel imports for types": (
        "kernel.app",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flowproof.clients import acme",
    ),
    "kernel imports by importlib": ("kernel.app", "import importlib\nimportlib.import_module('flowproof.mocks.acme')"),
    "kernel imports by a renamed importlib": (
        "kernel.app",
        "from importlib import import_module as load\nload('flowproof.mocks.acme')",
    ),
    "kernel imports by importlib relatively": (
        "kernel.app",
        "import importlib as i\ni.import_module('..mocks', __package__)",
    ),
    "kernel imports by dunder": ("kernel.app", "__import__('flowproof.mocks')"),
    "kernel imports a computed name": ("kernel.app", "import importlib\nimportlib.import_module(name)"),
    "kernel reaches through an attribute": ("kernel.app", "import flowproof.kernel\nflowproof.mocks.acme.provider"),
    "kernel imports the whole package": ("kernel.app", "import flowproof"),
    "kernel finds providers": ("kernel.app", "from importlib.metadata import entry_points"),
    "kernel imports pytest": ("kernel.app", "import pytest"),
    "kernel imports the driver": ("kernel.workspaces.registry", "import sqlite3"),
    "kernel imports the driver's error": ("kernel.webhooks.outbox", "from sqlite3 import IntegrityError"),
    "kernel imports the other driver": ("kernel.mock", "import psycopg"),
    "one implementation imports the other": ("kernel.state.postgres.store", "from ..sqlite import SqliteStore"),
    "kernel imports the implementation": ("kernel.mock", "from .state.sqlite import SqliteStore"),
    "the protocol imports its implementation": ("kernel.state.protocol", "from .sqlite.store import SqliteStore"),
    "the store imports a workspace": ("kernel.state.sqlite.store", "from flowproof.kernel.workspaces import Workspace"),
    "mock imports a mock": ("mocks.acme.routes", "from flowproof.mocks.other import rules"),
    "mock imports a mock relatively": ("mocks.acme.routes", "from ..other import rules"),
    "mock imports a client": ("mocks.acme.routes", "from flowproof.clients.acme import sign"),
    "mock imports requests": ("mocks.acme.routes", "import requests.auth"),
    "mock imports hypothesis": ("mocks.acme.routes", "from hypothesis import strategies"),
    "mock imports its own by full name": ("mocks.acme.routes", "from flowproof.mocks.acme import rules"),
    "mock imports by its bare name": ("mocks.acme.routes", "from mocks.acme import rules"),
    "client imports a mock": ("clients.acme", "from flowproof.mocks.acme import auth"),
    "client imports kernel": ("clients.acme", "import flowproof.kernel.time.clock as clock"),
    "client imports exchange": ("clients.acme", "from flowproof.exchange import Exchange"),
    "client imports flask": ("clients.acme", "import flask"),
    "suite imports a mock": ("suites.acme.test_orders", "from flowproof.mocks.acme import provider"),
    "suite imports kernel": ("suites.acme.test_orders", "from flowproof.kernel.time.clock import Clock"),
    "suite imports flask": ("suites.acme.test_orders", "from flask.testing import FlaskClient"),
    "suite imports another suite": ("suites.acme.test_orders", "from ..other.strategies import orders"),
    "suite imports a mock if it is there": (
        "suites.acme.test_orders",
        "import pytest\npytest.importorskip('flowproof.mocks.acme')",
    ),
    "plugin imports a mock": ("plugin.fixtures", "from flowproof.mocks.acme import provider"),
    "cli imports a mock": ("cli.serve", "import flowproof.mocks.acme"),
    "cli imports pytest": ("cli.certify", "import pytest"),
    "the root imports a part": ("", "from flowproof import errors"),
    "mocks import a mock": ("mocks", "from flowproof.mocks import acme"),
    "a module without a row": ("helpers", "import json"),
}

ALLOWED_IMPORTS = {
    "kernel imports errors": ("kernel.app", "from flowproof.errors import StoreError"),
    "kernel imports itself": ("kernel.app", "from flowproof.kernel import clock\nfrom . import store"),
    "assembly chooses the implementation": ("kernel.assembly", "from .state.sqlite import SqliteStore"),
    "the implementation imports the driver": (
        "kernel.state.sqlite.database",
        "import sqlite3\nfrom flowproof.kernel.state.rows import SEED\nfrom .cache import Cache",
    ),
    "mock imports kernel": ("mocks.acme.routes", "from flowproof.kernel.time.clock import Clock\nimport flask"),
    "mock imports its own by dots": ("mocks.acme.routes", "from . import rules\nfrom .models import Order"),
    "suite imports its own by dots": ("suites.acme.test_orders", "from .strategies import orders\nimport pytest"),
    "suite imports a client": ("suites.acme.test_orders", "from flowproof.clients.acme import Acme"),
    "client imports the version": ("clients.acme", "from flowproof import __version__\nimport requests"),
    "plugin imports kernel": ("plugin.fixtures", "import pytest\nfrom flowproof.kernel import serving"),
    "providers find entry points": ("providers", "from importlib.metadata import entry_points"),
    "kit imports a computed name": ("kit", "from importlib import import_module\nimport_module(name)"),
    "the root asks for its version": ("", "from importlib.metadata import version"),
}


@pytest.mark.parametrize(("name", "source"), IMPORT_OFFENCES.values(), ids=IMPORT_OFFENCES)
def test_forbidden_import_is_noticed(name: str, source: str) -> None:
    """An import that the table does not allow is noticed, however it is spelled."""
    assert list(import_offences(Module.parse(source, f"flowproof.{name}".rstrip(".")))) != []


@pytest.mark.parametrize(("name", "source"), ALLOWED_IMPORTS.values(), ids=ALLOWED_IMPORTS)
def test_allowed_import_is_let_through(name: str, source: str) -> None:
    """An import that the table allows is no offence."""
    assert list(import_offences(Module.parse(source, f"flowproof.{name}".rstrip(".")))) == []
