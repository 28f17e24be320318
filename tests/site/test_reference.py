"""The documentation site: its reference says what the code says, and each page is in its contents."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.core import ParameterSource

from flowproof.cli import main
from flowproof.conformance import load_contract
from flowproof.kernel.control.access import PREFIX
from flowproof.kernel.control.app import control_contract
from flowproof.providers import find_providers
from tests import tree


def scripts_package(name: str) -> Any:
    """A package below scripts, which is on no path of these tests."""
    spec = importlib.util.spec_from_file_location(f"site_{name}", tree.ROOT / "scripts" / name / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = scripts_package("reference")
command_line, plugin = reference.command_line, reference.plugin

CONTEXTS = [each for each in command_line.contexts() if each.parent is not None]
SETTINGS = list(command_line.settings())
OPTION = re.compile(r"^  (?:-\w, )?(--?[a-z][\w-]*)", re.MULTILINE)
VARIABLE = re.compile(r"env\s+var:\s+(FLOWPROOF_\w+)")


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda each: each.command_path)
def test_settings_have_each_option_that_help_shows(context: click.Context) -> None:
    """The table of settings has every option of `--help`, and every environment variable that is named there."""
    shown = context.command.get_help(context)
    found = {each.option: each.variables for each in SETTINGS if each.command == context.command_path}

    assert set(OPTION.findall(shown)) - {"--help"} == set(found)
    assert set(VARIABLE.findall(shown)) <= {name for names in found.values() for name in names}


def test_each_variable_of_the_table_sets_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each environment variable of the table is where click takes the option's value from."""
    for context in CONTEXTS:
        options = {max(each.opts, key=len): each for each in context.command.params}
        for setting in (each for each in SETTINGS if each.command == context.command_path):
            for name in setting.variables:
                with monkeypatch.context() as patched:
                    patched.setenv(name, "1")
                    _, source = options[setting.option].consume_value(context, {})
                assert (setting, source) == (setting, ParameterSource.ENVIRONMENT)


def test_commands_say_where_their_settings_are() -> None:
    """The page of settings has a row for each setting."""
    page = command_line.settings_page()

    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == len(SETTINGS)
    assert all(f"`{name}`" in page for each in SETTINGS for name in each.variables)


def test_exit_codes_are_those_that_commands_name() -> None:
    """The page of exit codes quotes each command that says something about them."""
    page = command_line.exit_codes_page()
    named = {each.command_path for each in CONTEXTS if "exit code" in (each.command.help or "").lower()}

    assert set(re.findall(r"^\| `(flowproof [\w ]+)`", page, re.MULTILINE)) == named
    assert "`flowproof verify`" in page


def test_control_page_has_each_operation() -> None:
    """The page of the control API has the path of each operation of its document."""
    page = reference.PAGES["control-api"]()
    paths = control_contract().document["paths"]

    assert [path for path in paths if f"{PREFIX}{path}`" not in page] == []


def test_control_page_has_parameters_bodies_and_schemas() -> None:
    """The page has each parameter, each member of a body and of a schema, and each link in it leads to a heading."""
    page = reference.PAGES["control-api"]()
    document = control_contract().document
    named = {name for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})} | {
        each["name"] for each in document["components"]["parameters"].values()
    }
    headings = {heading.lower() for heading in re.findall(r"^### (\S+)$", page, re.MULTILINE)}

    assert [name for name in named if f"| `{name}` |" not in page] == []
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= headings
    assert {each.lower() for each in document["components"]["schemas"]} <= headings


def test_requirement_pages_have_each_requirement() -> None:
    """The page of a provider has the id and the sentence of each of its requirements."""
    pages = reference.pages()
    for provider in find_providers(()):
        stated = load_contract(provider.slug, provider.contract).requirements.values()
        page = pages[f"requirements-{provider.slug}"]

        assert [each.id for each in stated if f"| `{each.id}` |" not in page] == []


def test_pytest_page_has_fixtures_options_and_markers() -> None:
    """The page of the plugin has what the plugin declares, each with a text."""
    found = {name for name, _, text in plugin.fixtures() if text}

    assert {"workspace", "target", "inbox", "flowproof_server", "oneflow", "make_oneflow"} <= found
    assert "requirement(*ids)" in dict(plugin.markers())
    assert {"--flowproof-target FILE|mock", "--flowproof-server URL"} <= {name for name, _ in plugin.options()}
    assert all(text for _, text in (*plugin.options(), *plugin.ini_keys()))


def test_pages_of_formats_name_the_fields_of_events_and_report() -> None:
    """Every event has a section with its tag, and the report's first part is there."""
    events, report = reference.PAGES["events"](), reference.PAGES["report"]()

    assert {"`run_started`", "`exchanged`", "`run_finished`"} <= set(re.findall(r"`\w+`", events))
    assert "## CertificationReport" in report


def test_every_page_is_in_the_contents_of_the_site() -> None:
    """The front page leads to every document in docs and to every page of the reference."""
    index = (tree.ROOT / "docs" / "index.rst").read_text(encoding="utf-8")
    documents = {Path(tree.name(each)).stem for each in tree.files("docs") if each.suffix == ".md"}
    generated = {f"reference/{name}" for name in reference.PAGES}

    assert (documents | generated) - {line.strip() for line in index.splitlines()} == set()
    assert "reference/requirements-*" in index


def test_root_command_is_described() -> None:
    """The first context of the reference is the program itself."""
    assert next(command_line.contexts()).command is main
