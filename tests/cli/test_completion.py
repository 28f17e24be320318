"""Completion in the real shells: what each offers after the script of `flowproof completion` was read."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowproof.cli import main
from tests.cli.servers import clean
from tests.test_documentation import need_programs

TIMEOUT_S = 300.0
LINES = {
    "a command": ("flowproof prov", {"providers"}),
    "commands that begin alike": ("flowproof co", {"contracts", "conduct", "completion"}),
    "a command of a group": ("flowproof contracts cov", {"coverage"}),
    "an option": ("flowproof serve --max", {"--max-body", "--max-state"}),
    "a provider": ("flowproof certify one", {"oneflow"}),
    "a value": ("flowproof completion f", {"fish"}),
}
each_line = pytest.mark.parametrize(("line", "offered"), LINES.values(), ids=list(LINES))


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which a shell finds the command by its name."""
    program = tmp_path / "flowproof"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m flowproof "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return os.pathsep.join([str(tmp_path), os.environ["PATH"]])


def output(command: list[str], path: str) -> str:
    """What a shell prints that must not fail."""
    done = subprocess.run(
        command, env=clean({"PATH": path}), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@each_line
def test_bash_offers_what_can_follow(path: str, line: str, offered: set[str]) -> None:
    """In bash the function of the script puts what can follow into COMPREPLY."""
    script = (
        'eval "$(flowproof completion bash)"\n'
        f"COMP_WORDS=({line}) COMP_CWORD={line.count(' ')}\n"
        "function=$(complete -p flowproof) function=${function##*-F }\n"
        '${function%% *} flowproof\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert set(output(["bash", "--norc", "-c", script], path).split()) == offered


@each_line
def test_fish_offers_what_can_follow(path: str, line: str, offered: set[str]) -> None:
    """In fish the shell itself says what it would offer after a line."""
    need_programs("fish")
    script = f"flowproof completion fish | source; complete --do-complete '{line}'"

    shown = output(["fish", "--no-config", "-c", script], path)

    assert {each.split("\t")[0] for each in shown.splitlines()} == offered


@pytest.mark.parametrize(
    ("line", "usage"), [("flowproof verif", "verify"), ("flowproof contracts cov", "contracts coverage")]
)
def test_zsh_completes_a_line_on_its_terminal(path: str, tmp_path: Path, line: str, usage: str) -> None:
    """In zsh, on a terminal, the key Tab completes the line, and Enter runs the command that it names."""
    need_programs("zsh")
    zsh = shutil.which("zsh")
    assert zsh is not None
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        os.execve(  # noqa: S606 (a shell on a terminal of its own)
            zsh, ["zsh", "-f", "-i"], clean({"PATH": path, "TERM": "dumb", "HOME": str(tmp_path), "COLUMNS": "200"})
        )
    try:
        script = 'autoload -U compinit; compinit -u -D; eval "$(flowproof completion zsh)"; echo read" "it\r'
        typed(terminal, script, "read it")
        shown = typed(terminal, f"{line}\t--help\r", f"Usage: flowproof {usage} ")
    finally:
        os.close(terminal)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)

    assert f"Usage: flowproof {usage} " in shown


def typed(terminal: int, keys: str, expected: str) -> str:
    """What a terminal shows after some keys, up to the expected text or the end of the time."""
    os.write(terminal, keys.encode())
    deadline, shown = time.monotonic() + TIMEOUT_S, b""
    while expected.encode() not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65536)
    return shown.decode(errors="replace")


def test_another_shell_is_refused_with_the_choice() -> None:
    """A shell that is not supported is a usage error, which names those that are."""
    done = CliRunner().invoke(main, ["completion", "tcsh"])

    assert done.exit_code == 2
    assert all(each in done.stderr for each in ("bash", "zsh", "fish"))
