"""Programs that begin as forks are as programs that begin anew, as far as tests rely on it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.fork_server import ForkServer

TELLS = """
import json, os, sys
print(sys.argv[1:], os.getcwd(), os.environ["WORD"], hasattr(json, "changed"), sys.stdin.read() == "")
print("aside", file=sys.stderr)
json.changed = True
sys.exit(3)
"""


def command(folder: Path, source: str, *arguments: str) -> list[str]:
    """What runs a program in a folder."""
    (folder / "program.py").write_text(source)
    return [sys.executable, "-m", "program", *arguments]


def test_program_has_what_it_is_given_and_nothing_else(fork_server: ForkServer, tmp_path: Path) -> None:
    """Arguments, directory, variables and streams are its own, its exit code is told, and no other one changes it."""
    wanted = command(tmp_path, TELLS, "a", "b c")
    done = [fork_server.run(wanted, cwd=tmp_path, env={**os.environ, "WORD": "w"}) for _ in range(2)]

    assert {(each.returncode, each.stdout, each.stderr) for each in done} == {
        (3, f"['a', 'b c'] {tmp_path} w False True\n", "aside\n")
    }


@pytest.mark.parametrize("is_group", [False, True])
def test_program_is_watched_and_ended_by_a_signal(fork_server: ForkServer, tmp_path: Path, is_group: bool) -> None:
    """It can be waited for in vain, be sent a signal, by its group too where it has one, and tells which it died of."""
    wanted = command(tmp_path, "import time; time.sleep(60)")
    with tempfile.TemporaryFile() as said:
        born = fork_server.begin(
            wanted, cwd=tmp_path, env=os.environ, stdout=said, stderr=said, start_new_session=is_group
        )
        with pytest.raises(subprocess.TimeoutExpired):
            born.wait(0.05)
        running = born.poll()
        if is_group:
            os.killpg(born.pid, signal.SIGKILL)
        else:
            born.kill()

        assert (running, born.wait(30), born.poll()) == (None, -signal.SIGKILL, -signal.SIGKILL)
