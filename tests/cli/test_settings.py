"""Which setting counts, and what a settings file may say. Every command is run without a server."""

import socket
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.cli.options import ServeOptions
from flowproof.cli.serve import serve
from flowproof.cli.settings import default_map
from tests import tree
from tests.markdown import blocks


@pytest.fixture
def run_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs serve up to the point where it would start, and hands out the options that counted."""
    monkeypatch.chdir(tmp_path)
    seen: list[ServeOptions] = []

    def start(**options: Any) -> None:
        seen.append(ServeOptions(**options))

    monkeypatch.setattr(serve, "callback", start)

    def run(*arguments: str, **variables: str) -> ServeOptions:
        result = CliRunner(env=variables).invoke(main, list(arguments))
        assert result.exit_code == 0, result.output
        return seen.pop()

    return run


def write(text: str, name: str = "flowproof.toml") -> None:
    """A settings file in the working directory."""
    Path(name).write_text(text)


def test_option_counts_before_the_environment(run_serve: Any) -> None:
    """What the command line says counts before what the environment says."""
    write("[serve]\nport = 1\n")

    assert run_serve("serve", "--port", "3", FLOWPROOF_SERVE_PORT="2").port == 3


def test_environment_counts_before_the_file(run_serve: Any) -> None:
    """What the environment says counts before what the settings file says."""
    write("[serve]\nport = 1\n")

    assert run_serve("serve", FLOWPROOF_SERVE_PORT="2").port == 2


def test_file_counts_before_the_default(run_serve: Any) -> None:
    """What the settings file of the working directory says counts before the default."""
    write("[serve]\nport = 1\n")

    assert run_serve("serve").port == 1


def test_default_counts_last(run_serve: Any) -> None:
    """Without any setting the server listens on loopback, port 4010, with its state in memory."""
    options = run_serve("serve")

    assert (options.host, options.port, options.state) == ("127.0.0.1", 4010, "memory")


def test_named_file_counts_instead_of_the_usual_one(run_serve: Any) -> None:
    """The file that --config names is read instead of flowproof.toml."""
    write("[serve]\nport = 1\n")
    write("[serve]\nport = 5\n", "other.toml")

    assert run_serve("--config", "other.toml", "serve").port == 5


def test_file_may_name_providers_and_hyphenated_options(run_serve: Any) -> None:
    """A settings file can say everything that the command line can, in TOML's own types."""
    write('[serve]\nproviders = ["oneflow"]\nmax-body = 10\nclock = 2024-09-13T12:00:00Z\n')

    options = run_serve("serve")

    assert (options.providers, options.max_body) == (("oneflow",), 10)
    assert str(options.clock).startswith("2024-09-13")


def test_token_comes_from_the_short_variable(run_serve: Any) -> None:
    """The control API's token is FLOWPROOF_TOKEN for every command."""
    assert run_serve("serve", FLOWPROOF_TOKEN="t0ken").token == "t0ken"


def test_token_is_in_no_representation(run_serve: Any) -> None:
    """The options can be shown in a log without the token."""
    assert "t0ken" not in repr(run_serve("serve", FLOWPROOF_TOKEN="t0ken"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[serve", "flowproof.toml cannot be read"),
        ("[serv]\nport = 1", "unknown entry serv. Its tables may be [serve]"),
        ("port = 1", "unknown entry port."),
        ("serve = 1", "unknown entry serve."),
        ("[serve]\nprot = 1", "unknown setting serve.prot. There are: allow-host, as-proxy, clock, cors, env, host,"),
        ("[contracts.dif]", "unknown entry contracts.dif. Its tables may be [contracts.check],"),
    ],
)
def test_settings_file_with_a_mistake_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    """A settings file that says something unknown is refused, with what it may say."""
    monkeypatch.chdir(tmp_path)
    write(text)

    result = CliRunner().invoke(main, ["providers"])

    assert (result.exit_code, result.stderr.count("\n"), message in result.stderr) == (2, 1, True)


def test_settings_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """A settings file that was named but is not there is refused."""
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "none.toml"), "providers"])

    assert (result.exit_code, "cannot be read: No such file" in result.stderr) == (2, True)


def test_every_option_has_help() -> None:
    """Every command and every option says what it is for."""
    silent = [
        f"{path} {parameter.name}"
        for path, command in commands(main, "flowproof")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]
    silent += [path for path, command in commands(main, "flowproof") if not command.help]

    assert silent == []


def commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    """A command and all below it."""
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return [(path, command), *(found for name, each in below for found in commands(each, f"{path} {name}"))]


def test_server_that_does_not_answer_is_told_with_a_hint() -> None:
    """A command that needs a server says how to start one when none answers, with exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    result = CliRunner().invoke(main, ["explain", "--server", f"http://127.0.0.1:{port}"])

    message = f"No server answers at http://127.0.0.1:{port}. Start one with flowproof serve, or name it with --server."
    assert (result.exit_code, result.stderr) == (2, f"flowproof: {message}\n")


def test_settings_of_the_readme_are_accepted(tmp_path: Path) -> None:
    """The settings that the README shows are read, spelled as the options are."""
    readme = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = (block.text for block in blocks(readme) if block.language == "toml")
    (tmp_path / "flowproof.toml").write_text(shown)

    assert default_map(tmp_path / "flowproof.toml", main)["certify"] == {"folder": "reports"}
