"""`flowproof break`: clients that are programs of their own, run again and again until one weather breaks them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CLIENT = """
import json, os, sys, time, urllib.error, urllib.request
from http.client import HTTPException

CARD = {"app_token": "1-f2b086b3", "sku": "123kdfgf"}

def call(method, path, body=None):
    request = urllib.request.Request(os.environ["FLOWPROOF_DOTS_ECO_URL"] + path, method=method)
    request.add_header("auth-token", os.environ["FLOWPROOF_DOTS_ECO_TOKEN"])
    request.add_header("content-type", "application/json")
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=5) as response:
        return json.load(response)

def buy():
    call("POST", "/api/v1/flow-card/add", CARD)
"""
HEEDLESS = """
for _ in range(5):
    try:
        buy()
    except (OSError, HTTPException, ValueError):
        continue
    sys.exit(0)
sys.exit("no card: " + os.environ["FLOWPROOF_DOTS_ECO_TOKEN"])
"""
CAREFUL = """
for _ in range(5):
    try:
        buy()
    except urllib.error.HTTPError as refused:
        time.sleep(int(refused.headers.get("retry-after", 0)))
    except (OSError, HTTPException, ValueError):
        sys.exit(75)  # whether the card was made, nobody can ask
    else:
        sys.exit(0)
sys.exit("no card")
"""
TIMID = """
try:
    buy()
except (OSError, HTTPException, ValueError):
    sys.exit(75)
"""
CLOSED = "sys.exit('closed today: ' + os.environ['FLOWPROOF_DOTS_ECO_TOKEN'])"
ENDLESS = "while True: call('GET', '/api/v1/application-balance/1-f2b086b3')"

Break = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def break_program(tmp_path: Path) -> Break:
    """Runs `flowproof break` on a program: `break_program(CAREFUL, "--runs=8")`."""

    def run(text: str, *options: str) -> "subprocess.CompletedProcess[str]":
        program = tmp_path / "client.py"
        program.write_text(CLIENT + text)
        client = ("--", sys.executable, "-S", str(program))
        return flowproof("dots_eco", *options, *client)

    return run


def flowproof(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What the command says with these arguments."""
    command = [sys.executable, "-m", "flowproof", "break", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_program_that_buys_twice_is_found(break_program: Break, tmp_path: Path) -> None:
    """A program that repeats a purchase whose answer is lost is found by its second card, and the plan replays it."""
    plan = tmp_path / "plan.json"

    found = break_program(HEEDLESS, f"--out={plan}", "--runs=12", "--budget=10m")

    assert found.returncode == 1, found.stderr
    report = json.loads(plan.read_text())
    assert [each["what"] for each in report["broken"]] == ["twice", "dots_eco.flow_card.lost_answer"]
    assert len(report["weather"]["faults"]) == 1
    assert "held   fair weather" in found.stderr
    assert "flowproof faults set" in found.stdout
    assert {"Broken:", "What happened:"} <= set(found.stdout.splitlines())
    assert break_program(HEEDLESS, f"--replay={plan}").returncode == 1
    assert break_program(CAREFUL, f"--replay={plan}", "--gives-up=75").returncode == 0


def test_careful_program_survives(break_program: Break, tmp_path: Path) -> None:
    """A program that repeats what was refused and gives up where an answer is lost survives all; the report says so."""
    folder = tmp_path / "report"

    held = break_program(CAREFUL, "--gives-up=75", "--runs=14", "--budget=10m", "--jobs=3", f"--report={folder}")

    assert held.returncode == 0, held.stdout
    assert held.stderr.count("held ") > 8
    assert "none left out" in held.stdout
    report = json.loads((folder / "report.json").read_text())
    assert {each["verdict"] for each in report["tests"]} == {"PASS"}
    covered = {each["kind"]: each for each in report["coverage"]}
    assert "createFlowCard reset" in covered["faults"]["exercised"]
    assert "createFlowCard 503" in covered["statuses"]["exercised"]
    assert covered["obligations"]["exercised"]


HEEDLESS_SHELL = """
curl --silent --fail --output /dev/null --max-time 5 --retry 4 --retry-all-errors --retry-delay 0 \\
  --header "auth-token: $FLOWPROOF_DOTS_ECO_TOKEN" --json '{"app_token": "1-f2b086b3", "sku": "123kdfgf"}' \\
  "$FLOWPROOF_DOTS_ECO_URL/api/v1/flow-card/add"
"""
CAREFUL_SHELL = """
for attempt in 1 2 3 4 5; do
  status=$(curl --silent --output card.json --dump-header head --max-time 5 --write-out '%{http_code}' \\
    --header "auth-token: $FLOWPROOF_DOTS_ECO_TOKEN" --json '{"app_token": "1-f2b086b3", "sku": "123kdfgf"}' \\
    "$FLOWPROOF_DOTS_ECO_URL/api/v1/flow-card/add") || exit 75
  case $status in
    200) grep -q '"code"' card.json && exit 0 || exit 75 ;;
    429) sleep "$(sed -n 's/^retry-after: *\\([0-9]*\\).*/\\1/Ip' head)" ;;
    *) exit 75 ;;
  esac
done
exit 1
"""
NODE = """
const card = { app_token: "1-f2b086b3", sku: "123kdfgf" };
const buy = () => fetch(process.env.FLOWPROOF_DOTS_ECO_URL + "/api/v1/flow-card/add", {
  method: "POST", body: JSON.stringify(card), signal: AbortSignal.timeout(5000),
  headers: { "content-type": "application/json", "auth-token": process.env.FLOWPROOF_DOTS_ECO_TOKEN },
});
const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
"""
HEEDLESS_NODE = """
for (let attempt = 0; attempt < 5; attempt++) {
  try { const answer = await buy(); if (answer.ok) { await answer.json(); process.exit(0); } } catch {}
}
process.exit(1);
"""
CAREFUL_NODE = """
for (let attempt = 0; attempt < 5; attempt++) {
  let answer;
  try { answer = await buy(); if (answer.ok) { await answer.json(); process.exit(0); } } catch { process.exit(75); }
  if (answer.status !== 429) process.exit(75);
  await pause(Number(answer.headers.get("retry-after") ?? 0));
}
process.exit(1);
"""
CLIENTS = {
    "shell": (["sh"], "client.sh", HEEDLESS_SHELL, CAREFUL_SHELL),
    "node": (["node"], "client.mjs", NODE + HEEDLESS_NODE, NODE + CAREFUL_NODE),
}


@pytest.mark.parametrize(("interpreter", "name", "heedless", "careful"), CLIENTS.values(), ids=CLIENTS)
def test_client_in_another_language_is_broken(
    interpreter: list[str], name: str, heedless: str, careful: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script with curl, or a program for Node, that repeats a lost purchase is found; a careful one survives."""
    if shutil.which(interpreter[0]) is None:
        pytest.skip(f"{interpreter[0]} is not installed")
    monkeypatch.chdir(tmp_path)
    program, plan, folder = tmp_path / name, tmp_path / "plan.json", tmp_path / "report"
    program.write_text(heedless)

    found = flowproof(
        "dots_eco", f"--out={plan}", "--runs=12", "--budget=10m", f"--report={folder}", "--", *interpreter, name
    )
    program.write_text(careful)
    held = flowproof("dots_eco", f"--replay={plan}", "--gives-up=75", "--", *interpreter, name)

    assert (found.returncode, held.returncode) == (1, 0), found.stderr + held.stdout + held.stderr
    assert json.loads(plan.read_text())["broken"][0]["what"] == "twice"
    report = json.loads((folder / "report.json").read_text())
    assert "FAIL" in {each["verdict"] for each in report["tests"]}
    results = json.loads((folder / "report.sarif").read_text())["runs"][0]["results"]
    assert {"weather.twice", "dots_eco.flow_card.lost_answer"} <= {each["ruleId"] for each in results}


def test_program_that_gives_up_unasked_has_lost_something(break_program: Break) -> None:
    """A program that gives up counts as broken, unless its exit code says that it knows."""
    plain, known = (break_program(TIMID, *each, "--runs=2", "--budget=10m") for each in ((), ("--gives-up=75",)))

    assert "lost: The mock's state has 0 of card, and 1 in fair weather." in plain.stdout
    assert "lost:" not in known.stdout


WRONG = {
    "a program that fails in fair weather": (
        CLOSED,
        "fails in fair weather: scenario: It raised CommandFailed: exit code 1: closed today: [secret]",
    ),
    "a program that never ends": (ENDLESS, "fails in fair weather: hang"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_program_that_fails_in_fair_weather_is_explained(text: str, message: str, break_program: Break) -> None:
    """A program that fails without any fault ends the search with a sentence, without its credentials."""
    refused = break_program(text, "--timeout=2s")

    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


USED_WRONGLY = {
    "no such command": (["dots_eco", "--", "no-such-client"], "There is no command no-such-client."),
    "no such provider": (["acme", "--", "true"], "There is no provider acme."),
    "a client that sends nothing": (["dots_eco", "--", "true"], "sent no request to dots_eco"),
    "no time": (["dots_eco", "--budget=soon", "--", "true"], "'soon' is no budget"),
    "no plan": (["dots_eco", "--replay=/dev/null", "--", "true"], "is no JSON"),
}


@pytest.mark.parametrize(("arguments", "message"), USED_WRONGLY.values(), ids=USED_WRONGLY)
def test_wrong_use_of_the_command_is_explained(arguments: list[str], message: str) -> None:
    """Whatever cannot be searched is refused with a sentence and exit code 2."""
    refused = flowproof(*arguments)

    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert message in refused.stderr


def test_plan_of_another_provider_is_refused(tmp_path: Path) -> None:
    """A plan whose operation the provider does not have is refused with those that it has."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"faults": [{"fault": "reset", "operation": "submitOrder", "first": 1}]}))

    refused = flowproof("dots_eco", f"--replay={plan}", "--", "true")

    assert refused.returncode == 2
    assert "does not fit: dots_eco has no operation submitOrder" in refused.stderr
