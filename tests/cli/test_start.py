"""What a start loads: modules that nothing has asked for yet are not imported."""

import subprocess
import sys

import pytest

from flowproof.cli import SUMMARIES, main

# What explains, delivers or calls: none of it is needed before a mock answers.
# fmt: off
LATER = frozenset({
    "aiosmtplib", "cryptography", "dns", "email_validator", "http_ece", "hypothesis", "idna", "jsonschema", "pytest",
    "referencing", "requests", "urllib3", "flowproof.conformance.explanation", "flowproof.kernel.diagnosis",
    "flowproof.mocks.oneflow.handlebars",
})
# fmt: on


def loaded(program: str) -> set[str]:
    """The modules that a new interpreter has after a program, without and with what was parsed before."""
    command = [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split())


def test_command_line_loads_the_command_that_is_run() -> None:
    """Beside click the command line has loaded its own frame, and no command."""
    found = loaded("import flowproof.cli")

    assert found & {"flask", "requests", "yaml", "tomllib", "uvicorn", "pytest", "flowproof.kernel", *LATER} == set()
    assert {each for each in found if each.startswith("flowproof.cli.")} == {
        "flowproof.cli.group",
        "flowproof.cli.settings",
        "flowproof.cli.terminal",
    }


def test_asking_for_one_command_loads_no_other() -> None:
    """A command is there under its name, and no other was loaded for it."""
    found = loaded("import click, flowproof.cli as cli\ncli.main.get_command(click.Context(cli.main), 'serve')")

    assert "flowproof.cli.serve" in found
    assert found & {"flowproof.cli.clock", "flowproof.cli.certify", "flowproof.cli.mutants", "flask"} == set()


def test_help_lists_the_commands_without_loading_them() -> None:
    """The list of commands is there without any command's module."""
    found = loaded(
        "from click.testing import CliRunner\nimport flowproof.cli as cli\nCliRunner().invoke(cli.main, '--help')"
    )

    assert {each for each in found if each.startswith("flowproof.cli.")} == {
        "flowproof.cli.group",
        "flowproof.cli.settings",
        "flowproof.cli.terminal",
    }


def test_summary_of_a_command_is_the_beginning_of_its_help() -> None:
    """What the list of commands says of one is the first sentence of that command's own help."""
    beginnings = {name: " ".join((main.commands[name].help or "").split()) for name in SUMMARIES}

    assert {name: text[: len(SUMMARIES[name])] for name, text in beginnings.items()} == dict(SUMMARIES)


def test_server_loads_nothing_that_only_some_request_needs() -> None:
    """A server of all providers, ready to answer, has loaded nothing that explains, calls, mails or encrypts."""
    found = loaded(
        "from flowproof.cli.options import ServeOptions\n"
        "from flowproof.cli import foreground, serve\n"
        "from flowproof.kernel.assembly import ServerSettings, build_gateway\n"
        "from flowproof.providers import find_providers\n"
        "build_gateway(find_providers(), ServerSettings(entropy=1))"
    )

    assert found & LATER == set()


@pytest.mark.parametrize("module", ["flowproof.kernel.assembly", "flowproof.kernel.serving", "flowproof.conformance"])
def test_part_of_a_server_loads_no_client_and_no_suite(module: str) -> None:
    """The kernel and the contracts stand without clients, suites, pytest and what explains."""
    found = loaded(f"import {module}")

    assert found & LATER == set()
    assert {
        each for each in found if each.startswith(("flowproof.clients", "flowproof.suites", "flowproof.plugin"))
    } == set()
