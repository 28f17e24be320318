"""Whatever stream, encoding, argument or file a command gets: no traceback, and a sentence that helps."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flowproof.cli import SUMMARIES, main
from flowproof.cli.group import CommandGroup
from tests.cli.servers import clean, command, flowproof, serving
from tests.fork_server import ForkServer

TIMEOUT_S = 120.0
NOT_UTF8 = os.fsdecode(b"K\xf6ln")
FULL = Path("/dev/full")
BOM = b"\xef\xbb\xbf"


def every_command() -> list[tuple[str, ...]]:
    """The words of each command, those of groups with each of their own."""
    found: list[tuple[str, ...]] = [()]
    for name in SUMMARIES:
        one = main.commands[name]
        found += [(name,), *((name, each) for each in (one.commands if isinstance(one, CommandGroup) else ()))]
    return found


each_command = pytest.mark.parametrize("words", every_command(), ids=" ".join)


@each_command
def test_help_is_written_in_any_encoding(tmp_path: Path, fork_server: ForkServer, words: tuple[str, ...]) -> None:
    """The help of every command is written to a terminal that knows ASCII only."""
    ended = fork_server.run(
        command([*words, "--help"]), cwd=tmp_path, env=clean({"PYTHONIOENCODING": "ascii"}), timeout_s=TIMEOUT_S
    )

    assert (ended.returncode, ended.stderr, ended.stdout.startswith("Usage: flowproof")) == (0, "", True)


@each_command
def test_output_without_room_is_one_sentence(tmp_path: Path, fork_server: ForkServer, words: tuple[str, ...]) -> None:
    """Where standard output is full, every command says so in one line, with exit code 2."""
    errors = tmp_path / "errors.txt"
    with FULL.open("wb") as full, errors.open("wb") as err:
        process = fork_server.start(command([*words, "--help"]), cwd=tmp_path, env=clean({}), stdout=full, stderr=err)
        code = process.wait(TIMEOUT_S)

    assert (code, errors.read_text()) == (2, "flowproof: The output cannot be written: No space left on device.\n")


@each_command
def test_argument_that_is_not_utf8_is_named(tmp_path: Path, fork_server: ForkServer, words: tuple[str, ...]) -> None:
    """An argument that is not UTF-8 is shown and refused by every command."""
    ended = subprocess.CompletedProcess[str]((), 0)
    if words in {(), ("serve",)}:  # once through the operating system, the others as forks
        ended = flowproof(tmp_path, *words, NOT_UTF8)
    else:
        ended = fork_server.run(command([*words, NOT_UTF8]), cwd=tmp_path, env=clean({}), timeout_s=TIMEOUT_S)

    expected = "flowproof: The argument K\\xf6ln is not UTF-8. Write it in UTF-8.\n"
    assert (ended.returncode, ended.stderr) == (2, expected)


def test_variable_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """So is one of our environment variables."""
    ended = flowproof(tmp_path, "journal", FLOWPROOF_WORKSPACE=NOT_UTF8)

    assert (ended.returncode, "The variable FLOWPROOF_WORKSPACE has the value K\\xf6ln" in ended.stderr) == (2, True)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])  # (for ASCII click writes UTF-8)
def test_characters_that_cannot_be_shown_are_escaped(tmp_path: Path, encoding: str) -> None:
    """A character that the terminal's encoding lacks is written as an escape."""
    ended = subprocess.run(
        command(["certify", "nobody\N{SNOWMAN}", "--target", "mock"]),
        capture_output=True,
        env=clean({"PYTHONIOENCODING": encoding}),
        cwd=tmp_path,
        timeout=TIMEOUT_S,
        check=False,
    )
    shown = "\N{SNOWMAN}" if encoding == "utf-8" else "\\u2603"

    assert (ended.returncode, f"There is no provider nobody{shown}." in ended.stderr.decode(encoding)) == (2, True)


@pytest.mark.usefixtures("quick_start")
def test_server_outlives_a_console_without_room(tmp_path: Path) -> None:
    """A server whose standard output is full says so once, serves all the same, and ends with exit code 0."""
    ready, errors = tmp_path / "ready.json", tmp_path / "err.txt"
    with FULL.open("wb") as full, errors.open("wb") as err:
        arguments = ["serve", "dots_eco", "--port", "0", "--ready-file", str(ready), "--env", "served.env"]
        process = subprocess.Popen(command(arguments), stdout=full, stderr=err, cwd=tmp_path, env=clean({}))
        try:
            _wait_for(errors, "\n", process)
            process.terminate()
            code = process.wait(TIMEOUT_S)
        finally:
            process.kill()

    assert (code, errors.read_text()) == (
        0,
        "flowproof: the console cannot be written: No space left on device.\n",
    )


def _wait_for(file: Path, text: str, process: "subprocess.Popen[bytes]") -> None:
    while text not in file.read_text() and process.poll() is None:
        os.sched_yield()


@pytest.mark.parametrize("command_line", [["serve", "--port", "0"], ["providers"]])
def test_settings_may_begin_with_a_byte_order_mark(tmp_path: Path, command_line: list[str]) -> None:
    """Settings that an editor has saved with a byte order mark are read."""
    (tmp_path / "flowproof.toml").write_bytes(BOM + b'[serve]\nclock = "yesterday"\n')
    ended = flowproof(tmp_path, *command_line)

    assert "byte" not in ended.stderr
    assert (ended.returncode, "'yesterday' is not a date" in ended.stderr) == (
        (2, True) if command_line[0] == "serve" else (0, False)
    )


READERS = {
    "settings": ("flowproof.toml", ["providers"]),
    "profile": ("sandbox.toml", ["doctor", "--target", "sandbox.toml"]),
    "journal": ("journal.json", ["conduct", "oneflow", "--journal", "journal.json"]),
    "results": ("junit.xml", ["checklist", "flow1st", "--results", "junit.xml"]),
    "attestations": ("mine.toml", ["checklist", "flow1st", "--attestations", "mine.toml"]),
    "coverage": ("coverage.json", ["contracts", "coverage", "--results", "coverage.json"]),
}


@pytest.mark.usefixtures("quick_start")
@pytest.mark.parametrize(("name", "command_line"), READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name = 1\n".encode("utf-16"), "is not UTF-8. It is UTF-16. Save it as UTF-8."),
        (b"K\xf6ln", "is not UTF-8. Byte 2 is 0xf6. Save it as UTF-8."),
    ],
    ids=["UTF-16", "Latin-1"],
)
def test_file_in_another_encoding_is_named(
    tmp_path: Path, name: str, command_line: list[str], content: bytes, message: str
) -> None:
    """A file that is not UTF-8 is refused by every command that reads one, with what it is."""
    (tmp_path / name).write_bytes(content)
    ended = flowproof(tmp_path, *command_line)

    assert (ended.returncode, ended.stderr) == (2, f"flowproof: {name} {message}\n")


def on_terminal(folder: Path, *arguments: str, **variables: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    script = f"stty cols 80 rows 24; exec {' '.join(command(arguments))}"
    process = subprocess.Popen(
        ["sh", "-c", script], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=clean(variables)
    )
    os.close(theirs)
    pieces = []
    try:
        while piece := _read(ours):
            pieces.append(piece)
        process.wait(TIMEOUT_S)
    finally:
        process.kill()
        os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux's word for the end of a terminal that nobody has open
        return b""


COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SCREENS = {
    "help": ("--help",),
    "providers": ("providers",),
    "provider": ("providers", "oneflow"),
    "checklist": ("checklist", "flow1st"),
    "drift": ("drift", "dots_eco", "--target", "mock", "--target", "mock"),
    "webhooks": ("webhooks", "--help"),
    "workspace": ("workspace", "--help"),
    "error": ("journal", "--server", "http://127.0.0.1:9"),
}


@pytest.mark.parametrize("arguments", SCREENS.values(), ids=SCREENS)
def test_screen_breaks_between_words(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """On a terminal of 80 columns no line is longer, unless it is a single word."""
    lines = [COLOUR.sub("", line) for line in on_terminal(tmp_path, *arguments).splitlines()]

    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []
    assert lines != []


def test_journal_of_a_small_terminal_is_whole(tmp_path: Path) -> None:
    """The journal and the judgement of a client fit 80 columns, with the verdict in its colour and in words."""
    import requests

    with serving(tmp_path, "oneflow") as served:
        key = served.oneflow["credentials"]["default"]["key"]
        for path in ("/api/order", "//api/order", "/api/order/5910757faab8ec6f60127999"):
            requests.get(f"{served.oneflow['base_url']}{path}", timeout=TIMEOUT_S)
        signed = {"x-oneflow-authorization": f"{key}:{'0' * 40}", "x-oneflow-date": "2026-01-01T12:00:00Z"}
        requests.get(f"{served.oneflow['base_url']}/api/order", headers=signed, timeout=TIMEOUT_S)
        where = ("--server", served.url)
        journal, judged = on_terminal(tmp_path, "journal", *where), on_terminal(tmp_path, "conduct", "oneflow", *where)
        explained = on_terminal(tmp_path, "explain", "default-2", *where)
        diagnosed = on_terminal(tmp_path, "explain", "default-4", *where)

    lines = COLOUR.sub("", "\n".join([journal, judged, explained, diagnosed])).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert "without a double slash it is listOrders: GET /api/order" in " ".join(explained.split())
    assert "No usual mistake reproduces it" in " ".join(diagnosed.split())
    assert "\x1b[31mFAIL\x1b[0m" in judged


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=["bare", "NO_COLOR", "empty", "dumb"],
)
def test_no_color_is_honoured(tmp_path: Path, variables: dict[str, str], is_coloured: bool) -> None:
    """A terminal has colour, unless NO_COLOR has a value or the terminal is dumb; so has an error."""
    plain = {"NO_COLOR": "", "TERM": "xterm", **variables}
    shown = [on_terminal(tmp_path, *each, **plain) for each in (("providers",), ("providers", "nobody"))]

    assert ["\x1b[" in each for each in shown] == [is_coloured, is_coloured]


def test_colour_can_be_forced_into_a_pipe(tmp_path: Path) -> None:
    """FORCE_COLOR gives colour where there is no terminal, for logs that show it."""
    bare, forced = flowproof(tmp_path, "providers"), flowproof(tmp_path, "providers", FORCE_COLOR="1")

    assert ["\x1b[" in each.stdout for each in (bare, forced)] == [False, True]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("flowproof serv", ["serve"]),
        ("flowproof serve otter o", ["oneflow"]),
        ("flowproof certify dots", ["dots_eco"]),
        ("flowproof conduct i", ["integrations"]),
        ("flowproof env fl", ["flow1st"]),
        ("flowproof explain --provider on", ["oneflow"]),
        ("flowproof workspace re", ["reset"]),
    ],
)
def test_shell_completes_commands_and_providers(
    tmp_path: Path, fork_server: ForkServer, words: str, expected: list[str]
) -> None:
    """A shell completes commands, and providers wherever one is named."""
    asked = {"_FLOWPROOF_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = "import sys; sys.argv = ['flowproof']; from flowproof.cli import main; main(prog_name='flowproof')"
    (tmp_path / "completing.py").write_text(program)
    ended = fork_server.run((sys.executable, "-m", "completing"), cwd=tmp_path, env=clean(asked), timeout_s=TIMEOUT_S)

    assert [line.removeprefix("plain,") for line in ended.stdout.splitlines()] == expected
