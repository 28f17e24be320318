"""Programs started as forks behave as programs started anew, as far as tests rely on it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.fork_server import ForkServer

REPORTS = """
import json, os, sys
print(sys.argv[1:], os.getcwd(), os.environ["WORD"], hasattr(json, "changed"), sys.stdin.read() == "")
print("aside", file=sys.stderr)
json.changed = True
sys.exit(3)
"""


def command(folder: Path, source: str, *arguments: str) -> list[str]:
    """The command that runs a program in a folder."""
    (folder / "program.py").write_text(source)
    return [sys.executable, "-m", "program", *arguments]


def test_program_has_what_it_is_given_and_nothing_else(fork_server: ForkServer, tmp_path: Path) -> None:
    """A program gets its own arguments, directory, variables and streams, and no other program changes it."""
    args = command(tmp_path, REPORTS, "a", "b c")
    done = [fork_server.run(args, cwd=tmp_path, env={**os.environ, "WORD": "w"}) for _ in range(2)]

    assert {(each.returncode, each.stdout, each.stderr) for each in done} == {
        (3, f"['a', 'b c'] {tmp_path} w False True\n", "aside\n")
    }


@pytest.mark.parametrize("is_group", [False, True])
def test_program_is_watched_and_ended_by_a_signal(fork_server: ForkServer, tmp_path: Path, is_group: bool) -> None:
    """A program can be waited for with a time-out and killed, by its group too; its exit code names the signal."""
    args = command(tmp_path, "import time; time.sleep(60)")
    with tempfile.TemporaryFile() as output:
        process = fork_server.start(
            args, cwd=tmp_path, env=os.environ, stdout=output, stderr=output, start_new_session=is_group
        )
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
        running = process.poll()
        if is_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()

        assert (running, process.wait(30), process.poll()) == (None, -signal.SIGKILL, -signal.SIGKILL)
