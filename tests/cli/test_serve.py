"""``flowproof serve``: the real command in a process of its own."""

import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from flowproof.cli.announcement import Announcement
from flowproof.cli.foreground import announce
from flowproof.cli.options import ServeOptions
from tests.cli.servers import Served, awaited_text, command, flowproof, serving
from tests.postgres import shared_cluster

TIMEOUT_S = 60
EVERYWHERE = "0.0.0.0"  # noqa: S104 (to see it refused, or asking for its token)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server as it comes, for tests of how it presents itself."""
    with serving(tmp_path_factory.mktemp("fresh")) as served:
        yield served


def test_ready_signal_is_the_last_line_of_stdout(fresh: Served) -> None:
    """When the server answers, the last line on stdout says ready and where."""
    message = awaited_text(fresh, "out", "\nready ")

    assert message.splitlines()[-1] == f"ready {fresh.url}"


def test_server_answers_when_the_ready_file_is_there(tmp_path: Path) -> None:
    """The ready file appears only when the server answers, and names its process."""
    with serving(tmp_path) as served:
        health = requests.get(f"{served.url}/_flowproof/health", timeout=TIMEOUT_S)

        assert (health.status_code, served.ready["pid"]) == (200, served.process.pid)


def test_ready_file_is_for_its_owner_only(fresh: Served) -> None:
    """The ready file holds credentials, so nobody else can read it."""
    assert stat.S_IMODE((fresh.folder / "ready.json").stat().st_mode) == 0o600


def test_first_screen_fits_a_small_terminal(fresh: Served) -> None:
    """The first screen has every provider and address, no credential, and no line of more than 80 characters."""
    message = awaited_text(fresh, "out", "\nready ")
    providers = fresh.ready["providers"].values()

    assert max(map(len, message.splitlines())) <= 80
    assert [each["base_url"] for each in providers if each["base_url"] not in message] == []
    assert [key for each in providers for key in _secrets(each) if key in message] == []


def _secrets(provider: dict[str, Any]) -> list[str]:
    return [parts[name] for parts in provider["credentials"].values() for name in ("key", "secret") if name in parts]


def test_first_screen_says_how_to_reach_this_server(fresh: Served) -> None:
    """A server on another port than the usual one shows the variable by which commands find it."""
    assert f"export FLOWPROOF_SERVER={fresh.url}\n" in awaited_text(fresh, "out", "\nready ")


def test_refused_request_shows_on_the_console(fresh: Served) -> None:
    """A refused request is one line on the console, with the id by which it can be explained."""
    answer = requests.get(f"{fresh.oneflow['base_url']}/api/order", timeout=TIMEOUT_S)
    message = awaited_text(fresh, "err", "\n")

    assert message.startswith(f"{answer.headers['Flowproof-Exchange']} GET /api/order answered 401: ")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_server_cleanly(tmp_path: Path, by: int) -> None:
    """SIGINT and SIGTERM end the server with exit code 0, without a traceback, and the ready file goes with it."""
    with serving(tmp_path) as served:
        code = served.end(by)

        assert (code, served.output("err"), (tmp_path / "ready.json").exists()) == (0, "", False)


@pytest.mark.usefixtures("quick_start")
def test_frozen_clock_is_that_of_the_default_workspace(tmp_path: Path) -> None:
    """With --clock the default workspace stands still at that time."""
    with serving(tmp_path, "--clock", "2024-09-13T12:00:00Z") as served:
        clock = requests.get(f"{served.url}/_flowproof/workspaces/default/clock", timeout=TIMEOUT_S).json()

        assert clock == {"mode": "frozen", "now": "2024-09-13T12:00:00+00:00"}


@pytest.mark.usefixtures("quick_start")
def test_same_seed_gives_the_same_credentials(tmp_path: Path) -> None:
    """Two servers with the same --seed give a new workspace the same id and credentials."""
    made = []
    for _ in range(2):
        with serving(tmp_path, "--seed", "7") as served:
            workspace = requests.post(f"{served.url}/_flowproof/workspaces", json={}, timeout=TIMEOUT_S).json()
            made.append((workspace["id"], workspace["providers"]["oneflow"]["credentials"]))

    assert made[0] == made[1]


@pytest.mark.usefixtures("quick_start")
def test_body_limit_is_that_of_the_option(tmp_path: Path) -> None:
    """A body of more than --max-body bytes is too large."""
    with serving(tmp_path, "--max-body", "10") as served:
        answer = requests.post(f"{served.url}/_flowproof/workspaces", json={"id": "x" * 20}, timeout=TIMEOUT_S)

        assert answer.status_code == 413


@pytest.mark.usefixtures("quick_start")
def test_state_file_outlives_the_server(tmp_path: Path) -> None:
    """What a workspace is, credentials included, is still there after a restart with the same state file."""
    state = ("--state", str(tmp_path / "state.db"))
    with serving(tmp_path, *state) as served:
        made = requests.post(f"{served.url}/_flowproof/workspaces", json={"id": "kept"}, timeout=TIMEOUT_S).json()
        served.end()
    with serving(tmp_path, *state) as served:
        found = requests.get(f"{served.url}/_flowproof/workspaces/kept", timeout=TIMEOUT_S).json()

    assert found["providers"]["oneflow"]["credentials"] == made["providers"]["oneflow"]["credentials"]


@pytest.mark.usefixtures("quick_start")
def test_state_in_memory_ends_with_the_server(tmp_path: Path) -> None:
    """Without a state file a restart begins with an empty state."""
    with serving(tmp_path) as served:
        requests.post(f"{served.url}/_flowproof/workspaces", json={"id": "lost"}, timeout=TIMEOUT_S)
        served.end()
    with serving(tmp_path) as served:
        assert requests.get(f"{served.url}/_flowproof/workspaces/lost", timeout=TIMEOUT_S).status_code == 404


@pytest.mark.usefixtures("quick_start")
def test_open_host_without_token_is_refused(tmp_path: Path) -> None:
    """A server that others can reach does not start without a token, and says why."""
    ended = flowproof(tmp_path, "serve", "--host", EVERYWHERE, "--port", "0")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Without a token the control API" in ended.stderr


@pytest.mark.usefixtures("quick_start")
def test_empty_token_is_no_token(tmp_path: Path) -> None:
    """An empty token, as an unset secret of a pipeline gives, does not open the control API to everybody."""
    ended = flowproof(tmp_path, "serve", "--host", EVERYWHERE, "--port", "0", "--token", "")

    assert ended.returncode == 2


@pytest.mark.usefixtures("quick_start")
def test_open_host_with_token_asks_for_it(tmp_path: Path) -> None:
    """With a token a server listens on every address, and its control API asks for the token."""
    with serving(tmp_path, "--host", EVERYWHERE, FLOWPROOF_TOKEN="t0ken") as served:
        bare = requests.get(f"{served.url}/_flowproof/providers", timeout=TIMEOUT_S)
        known = requests.get(
            f"{served.url}/_flowproof/providers", headers={"Authorization": "Bearer t0ken"}, timeout=TIMEOUT_S
        )

        assert (served.url.startswith("http://127.0.0.1:"), bare.status_code, known.status_code) == (True, 401, 200)


@pytest.mark.usefixtures("quick_start")
def test_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    """A port that is taken ends the start with exit code 2 and one line that names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = flowproof(tmp_path, "serve", "--port", str(port))

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert f"127.0.0.1:{port} cannot be listened on" in ended.stderr


@pytest.mark.usefixtures("quick_start")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nobody"], "There is no provider nobody. Choose from: "),
        (["--clock", "yesterday"], "'yesterday' is not a date or time."),
        (["--state", "missing/folder/state.db"], "the state file missing/folder/state.db cannot be opened"),
        (["--state", "postgresql://a:s3cret@127.0.0.1:1/none"], "the database cannot be reached: connection failed"),
        (["--workers", "2"], "2 workers cannot share a state in memory."),
        (["--workers", "2", "--state", "state.db"], "2 workers cannot share a state in a file."),
        (["--state", "mysql://user:s3cret@host/db"], "State cannot live in 'mysql'."),
        (["--token", "two words"], "The token has blanks"),
        (["--open", "--no-page"], "--open and --no-page contradict each other."),
        (["--ready-file", "missing/ready.json"], "missing/ready.json"),
    ],
)
def test_misconfigured_server_says_so_in_one_line(tmp_path: Path, options: list[str], message: str) -> None:
    """Whatever is set up wrong ends the start with exit code 2 and one line, never with a traceback."""
    ended = flowproof(tmp_path, "serve", "--port", "0", *options)

    assert (ended.returncode, ended.stderr.count("\n"), message in ended.stderr) == (2, 1, True)


@pytest.mark.usefixtures("quick_start")
@pytest.mark.parametrize(("options", "content_type"), [([], "text/html"), (["--no-page"], "application/json")])
def test_page_is_served_unless_it_is_left_out(tmp_path: Path, options: list[str], content_type: str) -> None:
    """A browser gets the page at the server's root; with --no-page it gets what programs get."""
    with serving(tmp_path, *options) as served:
        answer = requests.get(f"{served.url}/", headers={"Accept": "text/html"}, timeout=TIMEOUT_S)

        assert answer.headers["Content-Type"].startswith(content_type)


@pytest.mark.usefixtures("quick_start")
def test_file_that_is_no_state_is_left_alone(tmp_path: Path) -> None:
    """A file with anything else in it is refused as state, and not changed."""
    letter = tmp_path / "letter.txt"
    letter.write_text("dear sir")

    ended = flowproof(tmp_path, "serve", "--port", "0", "--state", str(letter))

    assert (ended.returncode, letter.read_text()) == (2, "dear sir")


def workers_of(served: Served) -> list[int]:
    """Processes that a server has started."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(served.process.pid)],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return [int(line) for line in listed.stdout.split()]


@pytest.mark.usefixtures("quick_start")
def test_workers_share_one_state(tmp_path: Path) -> None:
    """Two workers behind one port make workspaces at the same time and both know all of them."""
    shared = ("--state", shared_cluster().emptied())
    with serving(tmp_path, "dots_eco", "--workers", "2", *shared, "--seed", "1") as served:
        made = [
            requests.post(f"{served.url}/_flowproof/workspaces", json={}, timeout=TIMEOUT_S).json()["id"]
            for _ in range(20)
        ]
        found = {
            requests.get(f"{served.url}/_flowproof/workspaces/{each}", timeout=TIMEOUT_S).status_code
            for each in made
            for _ in range(2)
        }

        assert (len(set(made)), found, len(workers_of(served))) == (20, {200}, 2)


@pytest.mark.usefixtures("quick_start")
def test_workers_end_with_their_server(tmp_path: Path) -> None:
    """A signal to the server ends its workers, with exit code 0; so does a kill that it cannot handle."""
    state = ("dots_eco", "--workers", "2", "--state", shared_cluster().emptied())
    left: list[int] = []
    for by, expected in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with serving(tmp_path, *state) as served:
            workers = workers_of(served)
            assert served.end(by) == expected
        left += [each for each in workers if not _is_gone(each)]

    assert left == []


@pytest.mark.usefixtures("quick_start")
def test_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    """When a worker dies the others go on, and another one takes its place; the log says so."""
    state = shared_cluster().emptied()
    with serving(tmp_path, "dots_eco", "--workers", "2", "--state", state, "--log-format", "json") as served:
        workers = workers_of(served)
        os.kill(workers[0], signal.SIGKILL)
        answers = {requests.get(f"{served.url}/_flowproof/ready", timeout=TIMEOUT_S).status_code for _ in range(10)}
        deadline = time.monotonic() + TIMEOUT_S
        while len(set(now := workers_of(served)) - {workers[0]}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        log = [json.loads(line) for line in served.output("err").splitlines()]

    assert (answers, workers[1] in now, set(now) == set(workers)) == ({200}, True, False)
    assert [(each["level"], each["message"]) for each in log if "replaced" in each["message"]] == [
        ("error", "worker 1 ended with exit code -9 and is replaced")
    ]


@pytest.mark.usefixtures("quick_start")
def test_second_server_on_a_file_is_refused(tmp_path: Path) -> None:
    """A second server on a state file ends with exit code 2 and names the first and what to use instead."""
    state = str(tmp_path / "state.db")
    with serving(tmp_path, "dots_eco", "--state", state) as served:
        second = flowproof(tmp_path, "serve", "dots_eco", "--port", "0", "--state", state)

        assert second.returncode == 2
        assert f"belongs to process {served.process.pid}" in second.stderr
        assert "--state postgresql://USER@HOST/DATABASE" in second.stderr


@pytest.mark.usefixtures("quick_start")
def test_workers_add_up_what_they_count(tmp_path: Path) -> None:
    """Whichever worker is asked for the metrics shows what all of them have served."""
    with serving(tmp_path, "oneflow", "--workers", "2", "--state", shared_cluster().emptied()) as served:
        base_url = served.ready["providers"]["oneflow"]["base_url"]
        for _ in range(20):
            requests.get(f"{base_url}/api/order", timeout=TIMEOUT_S)
        deadline, wanted = time.monotonic() + TIMEOUT_S, 'status="401"} 20.0'
        while wanted not in (text := requests.get(f"{served.url}/_flowproof/metrics", timeout=TIMEOUT_S).text):
            assert time.monotonic() < deadline, text
            time.sleep(0.05)

    assert "flowproof_workspaces 1.0" in text


def _is_gone(pid: int) -> bool:
    """Whether a process ends by itself within some seconds."""
    waited = subprocess.run(
        ["sh", "-c", f"for i in $(seq 100); do kill -0 {pid} 2>/dev/null || exit 0; sleep 0.05; done; exit 1"],
        timeout=TIMEOUT_S,
        check=False,
    )
    return waited.returncode == 0


def test_command_line_is_the_same_as_a_module(tmp_path: Path) -> None:
    """``python -m flowproof`` is the command ``flowproof``."""
    message = subprocess.run(command(["--help"]), capture_output=True, text=True, check=True, timeout=TIMEOUT_S).stdout

    assert message.startswith("Usage: flowproof [OPTIONS] COMMAND [ARGS]...")


def test_browser_is_opened_when_the_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --open the page is opened when a server announces itself, whether it has one worker or several."""
    opened: list[str] = []
    monkeypatch.setattr("flowproof.cli.foreground.open_in_browser", opened.append)
    options = ServeOptions((), "127.0.0.1", 4010, "memory", None, None, 500, 1024, 1024, None, 2, None, open=True)

    announce(options, Announcement("http://127.0.0.1:4010", 1, ()))
    announce(replace(options, open=False), Announcement("http://127.0.0.1:4011", 1, ()))

    assert opened == ["http://127.0.0.1:4010/"]
