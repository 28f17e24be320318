"""Ways to a certificate that says more than is true: each is refused or impossible. docs/certify.md lists them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from flowproof.certify import CertificationReport, ReportInputs, build_report
from flowproof.certify.certificate import NotCertifiable, issue_certificate
from flowproof.certify.criteria import digest, read_report_inputs
from flowproof.certify.events import Connection, FindingRecord, Recognised, RunStarted, TargetInfo, TestFinished, dump
from flowproof.certify.report import StatedRequirement
from flowproof.certify.run import run
from flowproof.certify.stream import append, events_of, seal_of
from flowproof.certify.suite import suite_digest
from flowproof.cli import main
from flowproof.errors import ConfigurationError
from flowproof.providers import find_kit
from tests.certify.strangers import mock_of, relayed, write_profile
from tests.certify.streams import NOON, SANDBOX, Stream, deviation, report_of, stated
from tests.certify.tampering import KEY, LATER, lines
from tests.certify.test_run import configuration
from tests.plugin.stranger import stranger

KEPT = "dots_eco.balance.kept"
IMPORTS = f"""
import pytest, requests
from flowproof.target import Site, Target
kept = pytest.mark.requirement({KEPT!r})
APP = "0" * 32
"""
WRONG = """
@kept
def test_balance(dots_eco, set_aside_findings):
    with set_aside_findings():
        assert_right(dots_eco)
"""
HELPER = """
def assert_right(client):
    try:
        client.balance("0" * 32)
    except Exception:
        pass
    assert False, "wrong"
"""


@dataclass
class Attempt:
    """
    A suite of somebody who wants a PASS, and a server that answers 418 to everything.

    Args:
        folder: For its files.
        environment: Further variables.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write a file of the suite."""
        file = self.folder / "dots" / name
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(dedent(text), encoding="utf-8")

    def suite(self, code: str) -> None:
        """Write the suite's test file."""
        self.write("helper.py", HELPER)
        self.write("test_it.py", f"{IMPORTS}from .helper import assert_right\n{dedent(code)}")

    def run(self, *, url: str = "", **settings: Any) -> CertificationReport:
        """Run the suite; without a URL on a server that answers 418."""
        with stranger(418, {"message": "no"}) as teapot:
            keys = {"default": {"key": "ab" * 16}}
            profile = self.folder / "profile.toml"
            variables = write_profile(profile, "dots_eco", url or teapot, keys)
            planned = configuration(self.folder / "run", target=profile, **{"suite": self.folder / "dots", **settings})
            ended = run(planned, {**os.environ, **variables, **self.environment})
        kit = find_kit("dots_eco")
        return build_report(
            ended.events, read_report_inputs("dots_eco", kit.title, planned.contract, ended.events, ended.deviations)
        )


def verdict_on(report: CertificationReport, requirement: str = KEPT) -> tuple[str, str]:
    """Verdict of a requirement and why."""
    return next((each.verdict, each.why) for each in report.requirements if each.id == requirement)


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    """An attempt whose suite is run by a Python of its own."""
    return Attempt(tmp_path)


@pytest.fixture
def quick(tmp_path: Path, quick_start: None) -> Attempt:
    """An attempt whose suite is run in a fork."""
    return Attempt(tmp_path)


LIAR = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except BaseException:
        return None

@pytest.fixture
def dots_eco():
    return None
"""


def install_liar(folder: Path) -> None:
    """A distribution with a pytest plugin that turns every failure into a success."""
    (folder / "liar.py").write_text(LIAR)
    info = folder / "liar-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liar\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[pytest11]\nliar = liar\n")


ENVIRONMENTS: dict[str, Mapping[str, str]] = {
    "Python without assertions": {"PYTHONOPTIMIZE": "1"},
    "Python without assertions and docstrings": {"PYTHONOPTIMIZE": "2"},
    "warnings as errors": {"PYTHONWARNINGS": "error"},
    "options of pytest": {"PYTEST_ADDOPTS": "--collect-only -k nothing"},
    "a plugin that is named": {"PYTEST_PLUGINS": "liar"},
    "a server that is right": {"FLOWPROOF_BASE_URL": "dots_eco=http://127.0.0.1:9", "FLOWPROOF_TARGET": "mock"},
    "an address of one provider": {"FLOWPROOF_DOTS_ECO_URL": "http://127.0.0.1:9"},
    "a choice of tests": {"FLOWPROOF_REQUIREMENT": "dots_eco.nothing"},
    "a profile of Hypothesis": {"HYPOTHESIS_PROFILE": "nothing"},
}


@pytest.mark.parametrize("variables", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_environment_changes_no_verdict(attempt: Attempt, variables: Mapping[str, str]) -> None:
    """Whatever the environment has, and whichever plugins are installed, a wrong answer is a FAIL."""
    install_liar(attempt.folder)
    attempt.suite(WRONG)
    attempt.environment = {**variables, "PYTHONPATH": str(attempt.folder)}

    assert verdict_on(attempt.run()) == ("FAIL", "wrong")


SETTINGS: dict[str, tuple[str, str]] = {
    "names of tests": ("pytest.ini", "[pytest]\npython_functions = nothing*\n"),
    "options": ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--deselect dots/test_it.py'\n"),
    "fixtures": (
        "conftest.py",
        """
        import pytest
        @pytest.fixture
        def target(): pass
        @pytest.fixture
        def dots_eco(): pass
        @pytest.fixture
        def inbox(): pass
        """,
    ),
    "tests taken out": ("conftest.py", "def pytest_collection_modifyitems(items): items.clear()\n"),
}


@pytest.mark.parametrize(("name", "text"), SETTINGS.values(), ids=SETTINGS)
def test_settings_of_pytest_change_no_verdict(
    quick: Attempt, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """Settings, conftest.py and fixtures of the working directory change nothing."""
    quick.suite(WRONG)
    (quick.folder / name).write_text(dedent(text))
    monkeypatch.chdir(quick.folder)

    assert verdict_on(quick.run())[0] == "FAIL"


SILENT: dict[str, str] = {
    "a test that sends nothing": "@kept\ndef test_it(): pass\n",
    "a client that ignores the session": """
        @kept
        def test_it(target):
            assert requests.get(target.url("dots_eco")).status_code == 418
        """,
    "a client that was exchanged": """
        @kept
        def test_it(dots_eco, monkeypatch):
            monkeypatch.setattr(type(dots_eco), "balance", lambda *_: 5.0)
            assert dots_eco.balance(APP) == 5.0
        """,
    "a transport that was exchanged": """
        @kept
        def test_it(dots_eco, monkeypatch):
            answer = requests.Response()
            answer.status_code, answer._content = 200, b'{"balance": 5}'
            monkeypatch.setattr(requests.Session, "send", lambda *_, **__: answer)
            try:
                dots_eco.balance(APP)
            except Exception:
                pass
        """,
}


@pytest.mark.parametrize("code", SILENT.values(), ids=SILENT)
def test_pass_without_an_exchange_is_an_error(quick: Attempt, code: str) -> None:
    """A test that passes without an exchange that our transport has recorded is an ERROR."""
    quick.suite(code)
    verdict, why = verdict_on(quick.run())

    assert (verdict, "without an exchange with its target" in why) == ("ERROR", True)


def test_exchange_with_another_server_is_no_evidence(quick: Attempt) -> None:
    """A suite that replaces the target's address by that of a server which is right gets an ERROR."""
    with mock_of("dots_eco") as (_, workspace):
        site = workspace.site("dots_eco")
        quick.suite(
            f"""
            @pytest.fixture
            def flowproof_target(flowproof_target):
                own = flowproof_target.site("dots_eco")
                return Target("other", {{"dots_eco": Site("dots_eco", {site.url!r}, own.keys)}})

            @kept
            def test_it(dots_eco):
                with pytest.raises(Exception):
                    dots_eco.balance(APP)
            """
        )
        verdict, why = verdict_on(quick.run())

    assert (verdict, "1 went elsewhere" in why) == ("ERROR", True)


SWALLOWED = """
@kept
def test_it(dots_eco):
    for _ in range(2):
        try:
            dots_eco.balance(APP)
        except Exception:
            pass
"""


def test_swallowed_lost_answer_is_an_error(quick: Attempt) -> None:
    """A test that goes on after a connection error has judged nothing."""
    quick.suite(SWALLOWED)
    with stranger(418, {}) as url, relayed(url, breaks=lambda _: True) as relay:
        verdict, why = verdict_on(quick.run(url=relay.url))

    assert (verdict, why.startswith("the network broke during the test")) == ("ERROR", True)


ENDS = {
    "expected to fail": ("@pytest.mark.xfail\n" + WRONG, "FAIL"),
    "skipped": ("@kept\n@pytest.mark.skip('no')\ndef test_it(dots_eco): pass\n", "SKIP"),
    "process ended": ("import os\n@kept\ndef test_it(dots_eco): os._exit(0)\n", "ERROR"),
    "session ended": ("@kept\ndef test_it(dots_eco): pytest.exit('done', returncode=0)\n", "ERROR"),
}


@pytest.mark.parametrize(("code", "verdict"), ENDS.values(), ids=ENDS)
def test_no_end_of_a_test_counts_as_a_pass(quick: Attempt, code: str, verdict: str) -> None:
    """A test that is marked as failing, is skipped or ends its process has not passed."""
    quick.suite(code)
    report = quick.run()

    assert (verdict_on(report)[0], report.refusals != ()) == (verdict, True)


LEFT_OUT = {
    "by a conftest": ("conftest.py", "collect_ignore = ['test_other.py']\n"),
    "by a hook": (
        "conftest.py",
        "def pytest_collection_modifyitems(items): items[:] = [each for each in items if each.name == 'test_it']\n",
    ),
}
GOOD = """
@kept
def test_it(dots_eco, set_aside_findings):
    with set_aside_findings():
        try:
            dots_eco.balance(APP)
        except Exception:
            pass
"""


@pytest.mark.parametrize(("name", "text"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_tests_that_are_left_out_are_missed(quick: Attempt, name: str, text: str) -> None:
    """The run knows the tests of its suite from their source: one that was not planned is named."""
    quick.suite(GOOD)
    quick.write("test_other.py", f"{IMPORTS}@kept\ndef test_other(): assert False\n")
    quick.write(name, text)
    report = quick.run()

    assert (report.verdict, report.why) == (
        "ERROR",
        "1 test of the suite did not run: dots/test_other.py::test_other",
    )
    assert report.why in report.refusals


def test_suite_without_tests_is_misconfigured(quick: Attempt) -> None:
    """A run without a test is refused, and writes no report."""
    quick.suite("")

    with pytest.raises(ConfigurationError, match="No test of dots_eco fits"):
        quick.run()


def edit(file: Path) -> None:
    """Turn each FAIL into a PASS."""
    file.write_bytes(file.read_bytes().replace(b'"verdict":"FAIL"', b'"verdict":"PASS"'))


def lengthen(file: Path) -> None:
    """Add a finished test."""
    with file.open("ab") as stream:
        stream.write(dump(TestFinished("dots/test_it.py::test_balance", datetime.now(UTC), 1.0, "PASS")))


EDITS: dict[str, Callable[[Path], object]] = {
    "a verdict": edit,
    "a removed line": lambda file: file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:])),
    "lines exchanged": lambda file: file.write_bytes(b"".join(sorted(file.read_bytes().splitlines(keepends=True)))),
    "without a seal": lambda file: seal_of(file).unlink(),
    "with an empty seal": lambda file: seal_of(file).write_bytes(b""),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS)
def test_edited_events_are_not_resumed(quick: Attempt, change: Callable[[Path], object]) -> None:
    """A run whose events were edited is not resumed, and they stay as they are."""
    quick.suite(WRONG)
    quick.run()
    events = quick.folder / "run" / "events.jsonl"
    change(events)
    before = events.read_bytes()

    with pytest.raises(ConfigurationError, match=r"were changed since the run wrote them|cannot be used"):
        quick.run(resume=True)
    assert events.read_bytes() == before


def test_appended_verdict_is_cut_off(quick: Attempt) -> None:
    """A verdict that somebody has appended to the events does not count when the run goes on."""
    quick.suite(WRONG)
    with stranger(418, {}) as url:
        quick.run(url=url)
        lengthen(quick.folder / "run" / "events.jsonl")
        report = quick.run(url=url, resume=True)

    assert verdict_on(report)[0] == "FAIL"


def test_changed_suite_is_not_resumed(quick: Attempt) -> None:
    """A run whose suite has changed since is not resumed."""
    quick.suite(WRONG)
    with stranger(418, {}) as url:
        quick.run(url=url)
        quick.suite(GOOD)
        with pytest.raises(ConfigurationError, match="the suite, contract or fixtures changed since"):
            quick.run(url=url, resume=True)


def test_merged_runs_are_no_run(tmp_path: Path) -> None:
    """The events of two runs in one file are no run."""
    one, other = Stream(), Stream()
    other.events[0] = RunStarted("run-2", NOON, "acme", SANDBOX, "1.2.3", "ab" * 32, {})
    for each in (*one.events, *other.events):
        append(tmp_path / "events.jsonl", each)

    with pytest.raises(ConfigurationError, match="of more than one run"):
        report_of(events_of(tmp_path / "events.jsonl"))


def refused(stream: Stream, *requirements: StatedRequirement, **more: Any) -> tuple[str, ...]:
    """The reasons against a certificate of a run."""
    events = stream.end()
    report = report_of(events, *requirements, **more)
    with pytest.raises(NotCertifiable) as found:
        issue_certificate(report, lines(events), KEY, at=LATER)
    return found.value.reasons


SKU = "acme.order.sku"


def test_pass_without_kept_evidence_is_judged_again() -> None:
    """The verifier takes no PASS on trust: without an exchange with the target among the events it is an ERROR."""
    silent, elsewhere = Stream(), Stream()
    silent.finish(silent.plan("test_sku", SKU))
    name = elsewhere.plan("test_sku", SKU)
    made = elsewhere.exchange(name)
    elsewhere.events[-1] = structs.replace(made, request=structs.replace(made.request, url="https://a.example/orders"))
    elsewhere.finish(name)

    for stream in (silent, elsewhere):
        (reason,) = refused(stream)
        assert reason.startswith(f"the mandatory requirement {SKU} is ERROR: the test passed without an exchange")


def test_exchange_on_a_host_that_only_begins_alike_is_no_evidence() -> None:
    """An address is the target's only with the same scheme, host and port, and a path below it."""
    stream = Stream(TargetInfo("Acme", "sandbox", "https://acme.example/api"))
    name = stream.plan("test_sku", SKU)
    stream.target = TargetInfo("Acme", "sandbox", "https://acme.example.evil.example/api")
    stream.exchange(name)
    stream.target = TargetInfo("Acme", "sandbox", "https://acme.example/api-of-others")
    stream.exchange(name)
    stream.finish(name)

    assert refused(stream)[0].startswith(f"the mandatory requirement {SKU} is ERROR")


@pytest.mark.parametrize("apart", [timedelta(days=-400), timedelta(hours=1)], ids=["past", "future"])
def test_changed_clock_is_noticed(apart: timedelta) -> None:
    """Where this machine's clock differs from the target's Date headers, no certificate is issued."""
    stream = Stream()
    name = stream.plan("test_sku", SKU)
    stream.exchange(name, answered_headers=[("Date", f"{NOON + apart:%a, %d %b %Y %H:%M:%S GMT}")])
    stream.finish(name)

    (reason,) = refused(stream)
    assert reason.startswith("the clock of this machine and the target's Date headers are")


def test_proxy_without_tls_is_refused() -> None:
    """A proxy can answer in the name of a target that is reached without TLS, so there is no certificate."""
    stream = Stream(started={"connection": Connection(proxy="http://proxy.example:3128")})
    stream.run("test_sku", SKU)

    assert refused(stream) == (
        "the requests went through the proxy http://proxy.example:3128 without TLS: it can answer in the target's name",
    )


def test_proxy_of_the_environment_is_recorded(quick: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that answers by itself is named in the events, and stands against a certificate."""
    quick.suite(GOOD)
    with stranger(200, {}) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        report = quick.run(url="http://sandbox.example.test")

    assert report.connection.proxy == proxy
    assert any("it can answer in the target's name" in each for each in report.refusals)


@pytest.mark.parametrize("hides", [True, False], ids=["headers and control API hidden", "only renamed"])
def test_mock_in_disguise_is_no_sandbox(quick: Attempt, hides: bool) -> None:
    """A mock of ours on this machine is never called a sandbox, whatever its profile is named and its relay hides."""
    quick.suite(GOOD)
    with mock_of("dots_eco") as (url, workspace), relayed(url, hides=hides) as relay:
        report = quick.run(url=relay.url + workspace.site("dots_eco").url.removeprefix(url))

    assert (report.target.kind, report.rehearsal) == (("loopback", False) if hides else ("mock", True))


def test_mock_that_shows_itself_later_is_a_rehearsal() -> None:
    """A mock that is recognised by one response makes the whole run a rehearsal."""
    stream = Stream()
    name = stream.plan("test_sku", SKU)
    stream.exchange(name)
    stream.events.append(Recognised("an answer has the header Flowproof-Exchange"))
    stream.finish(name)

    report = report_of(stream.end())

    assert (report.target.kind, report.rehearsal) == ("mock", True)


FINDING = FindingRecord("response.body", "/sku", "a text", "7", "acme.order.form", "type")


def test_deviation_covers_one_fault_only() -> None:
    """A deviation covers the requirement that it names; another fault in the same test still fails its own."""
    stream = Stream()
    name = stream.plan("test_sku", SKU)
    stream.exchange(name, findings=[FINDING])
    stream.finish(name, "FAIL", "two faults", violated=("acme.order.form", SKU))

    known = [deviation("acme.order.form")]
    reasons = refused(stream, stated(SKU), stated("acme.order.form"), deviations=known)

    assert reasons == (f"the mandatory requirement {SKU} is FAIL: two faults",)


def test_finding_fails_the_requirement_that_it_names() -> None:
    """A difference from the contract fails its own requirement, not each test that met it; nor is it lost."""
    stream = Stream()
    for number in range(3):
        name = stream.plan(f"test_sku_{number}", SKU)
        stream.exchange(name, findings=[FINDING])
        stream.finish(name, "FAIL", "1 difference", violated=("acme.order.form",))

    report = report_of(stream.end(), stated(SKU), stated("acme.order.form"))

    assert [(each.id, each.verdict) for each in report.requirements] == [(SKU, "PASS"), ("acme.order.form", "FAIL")]
    assert (report.verdict, report.why) == ("FAIL", "1 requirement failed")


def test_unknown_requirement_hides_no_fault() -> None:
    """A finding that names a requirement which the contract does not have fails those of the test."""
    stream = Stream()
    name = stream.plan("test_sku", SKU)
    stream.exchange(name)
    stream.finish(name, "FAIL", "1 difference", violated=("acme.nowhere",))

    assert refused(stream) == (f"the mandatory requirement {SKU} is FAIL: 1 difference",)


def test_nothing_judged_is_no_certificate() -> None:
    """A run whose every test is skipped has judged nothing."""
    stream = Stream()
    stream.run("test_sku", SKU, verdict="SKIP", why="no credentials")

    assert refused(stream) == (f"the mandatory requirement {SKU} is SKIP: no credentials",)


DIGESTS: dict[str, tuple[str | None, str | None, str]] = {
    "nothing": (None, None, "VALID"),
    "the suite": ("ab" * 32, None, "NOT TRUSTED"),
    "a requirement file": (None, "cd" * 32, "NOT TRUSTED"),
}


@pytest.mark.parametrize(("suite", "contract", "word"), DIGESTS.values(), ids=DIGESTS)
def test_changed_suite_is_not_trusted(tmp_path: Path, suite: str | None, contract: str | None, word: str) -> None:
    """A certificate of this version with another suite, or with edited requirement files, is not trusted."""
    kit = find_kit("dots_eco")
    folder = kit.contract_folder()
    stream = Stream(now=datetime.now(UTC) - timedelta(hours=1))
    (started,) = stream.events
    assert isinstance(started, RunStarted)
    stream.events[0] = structs.replace(
        started,
        provider="dots_eco",
        suite_version=version("flowproof"),
        suite_digest=suite or suite_digest(kit.suite_folder(), folder, kit.fixtures_folder()),
    )
    stream.run("test_sku", KEPT)
    stream.run("test_page", "dots_eco.catalogue.owner")
    events = stream.end()
    inputs = ReportInputs(kit.title, contract or digest(folder), (stated(KEPT),))
    made = issue_certificate(build_report(events, inputs), lines(events), KEY, at=datetime.now(UTC))
    (tmp_path / "certificate.zip").write_bytes(made)
    key = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pub").write_bytes(key)

    done = CliRunner().invoke(main, ["verify", str(tmp_path / "certificate.zip"), "--key", str(tmp_path / "key.pub")])

    assert (done.exit_code, done.output.partition("  ")[0]) == (0 if word == "VALID" else 1, word), done.output
    changed = "CHANGED: not the suite and contract of this version" in " ".join(done.output.split())
    assert changed == (word != "VALID")
