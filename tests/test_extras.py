"""A light installation: what it has needs no more, and what it lacks is said in a sentence."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from flowproof.cli import SUMMARIES
from flowproof.errors import ConfigurationError
from flowproof.extras import MissingExtra, missing_extra, require
from tests import tree

LIGHT = ("workspace", "clock", "faults", "journal", "webhooks", "env", "wait", "completion")
WITHOUT_EXTRAS = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None

sys.meta_path.insert(0, Nowhere())
"""


def packages(*extras: str) -> list[str]:
    """Names of the packages that extras bring."""
    found = tree.settings()["project"]["optional-dependencies"]
    return [each.partition(">")[0].partition("[")[0] for extra in extras for each in found[extra]]


def without(*extras: str) -> str:
    """A program in which what these extras bring is not installed."""
    modules = {each.replace("-", "_").replace("pyyaml", "yaml") for each in packages(*extras)} - {"flowproof"}
    return WITHOUT_EXTRAS.format(missing=modules | {"_pytest"})


def run(program: str) -> subprocess.CompletedProcess[str]:
    """A program, run to its end."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("flask", "server"),
        ("yaml", "server"),
        ("jsonschema_rs", "server"),
        ("hypothesis", "suites"),
        ("tqdm", "suites"),
    ],
)
def test_missing_package_leads_to_its_extra(module: str, extra: str) -> None:
    """The error of an import, and one that it has caused, name the smallest extra that brings the package."""
    error = ModuleNotFoundError("none", name=f"{module}.inner")
    caused = ConfigurationError("a", "b")
    caused.__cause__ = error

    assert str(missing_extra(error)) == (
        f"This needs {module}, which the extra {extra} brings. Install it: pip install 'flowproof[{extra}]'"
    )
    assert str(missing_extra(caused)) == str(missing_extra(error))


def test_other_errors_are_left_alone() -> None:
    """A module of somebody else's that is missing, and any other error, is no missing extra."""
    assert missing_extra(ModuleNotFoundError("none", name="acme_sdk")) is None
    assert missing_extra(ValueError("none")) is None
    with pytest.raises(MissingExtra, match="no_such_module"):
        require("no_such_module")


def test_light_installation_has_clients_and_commands_of_a_server() -> None:
    """Without any extra every client is there, and each command that only speaks to a server."""
    clients = [each.parent.name for each in tree.files("src/flowproof/clients/*/__init__.py")]
    modules = [*(f"flowproof.clients.{each}" for each in clients), *(f"flowproof.cli.{each}" for each in LIGHT)]
    done = run(without("server", "suites") + "".join(f"import {each}\n" for each in modules))

    assert (done.returncode, done.stderr) == (0, "")


def test_command_that_needs_more_says_which_extra() -> None:
    """Without extras each other command ends in one sentence and exit code 2; none shows a traceback."""
    others = [each for each in SUMMARIES if each not in LIGHT]
    program = f"""
from click.testing import CliRunner
from flowproof.cli import main
arguments = {{"serve": ["oneflow"], "replay": ["x"], "new": ["x"], "verify": ["x"], "drift": ["oneflow"]}}
for each in {others!r}:
    done = CliRunner().invoke(main, [each, *arguments.get(each, ["oneflow"])])
    print(each, done.exit_code, done.output.count("\\n"), "pip install 'flowproof[" in done.output)
"""
    done = run(without("server", "suites") + program)

    assert done.stdout.splitlines() == [f"{each} 2 1 True" for each in others], done.stdout + done.stderr


def test_server_alone_needs_no_suites() -> None:
    """With the extra server everything is imported that serves; pytest and Hypothesis are not needed."""
    program = """
import flowproof.cli.foreground, flowproof.cli.proxy, flowproof.cli.conduct, flowproof.cli.doctor, flowproof.cli.drift
import flowproof.openapi_mock, flowproof.replay, flowproof.scaffold
from flowproof.providers import find_providers
find_providers()
"""
    done = run(without("suites").replace("'jinja2', ", "").replace(", 'jinja2'", "") + program)

    assert (done.returncode, done.stderr) == (0, "")


def test_every_package_that_is_imported_is_installed() -> None:
    """What the package imports is of the standard library, its own, or brought by an extra for users."""
    named = {each.replace("-", "_") for each in [*packages("server", "suites", "fuzz"), "click", "requests", "certifi"]}
    known = named | {"yaml", "flowproof", "urllib3", "_pytest", "xdist", "markupsafe", "psycopg", "psycopg_pool"}
    found = {name for path in tree.modules("src/flowproof", "mocks", "suites") for name in imported(path.read_text())}

    assert found - known - sys.stdlib_module_names - {"prometheus_client"} == set()


def imported(source: str) -> Iterator[str]:
    """The top-level modules that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            yield node.module.partition(".")[0]
