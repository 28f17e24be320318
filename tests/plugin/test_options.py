"""The plugin's options, ini keys, environment variables, markers and weight."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fork_server import ForkServer

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("loaded")

OPTIONS = ("--flowproof-server", "--flowproof-base-url", "--flowproof-providers", "--flowproof-transport")


def test_options_stand_in_one_group_of_the_help(pytester: pytest.Pytester) -> None:
    """Every option is in one group of --help, and again as an ini key."""
    shown = pytester.runpytest("--help").stdout.str()
    group = shown.partition("Flowproof: contract tests")[2].partition("\n\n")[0]

    assert [option for option in OPTIONS if option not in group] == []
    assert [option for option in OPTIONS if f"  {option[2:].replace('-', '_')} (" not in shown] == []


def test_requirement_is_a_registered_marker(pytester: pytest.Pytester) -> None:
    """The marker is listed, and --strict-markers knows it."""
    pytester.makepyfile("import pytest\n@pytest.mark.requirement('acme.a.b')\ndef test_it(): pass")

    pytester.runpytest("--strict-markers").assert_outcomes(passed=1)
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.requirement(*ids)*"])


@pytest.mark.parametrize("value", ["oneflow", "=http://127.0.0.1", "oneflow=", "oneflow=ftp://127.0.0.1"])
def test_base_url_that_cannot_be_read_is_a_usage_error(pytester: pytest.Pytester, value: str) -> None:
    """A base URL in another form than PROVIDER=URL ends the run before it starts, saying how to write it."""
    ended = pytester.runpytest("--flowproof-base-url", value)

    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines(["*write PROVIDER=URL*"])


READS_URL = "def test_it(target): assert target.url('oneflow') == 'http://127.0.0.1:9/one'"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for a stranger's OneFlow in the environment."""
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_TOKEN", "token")
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_SECRET", "secret")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("way", ["flag", "environment", "one variable for it", "ini key", "flag over ini key"])
def test_base_url_comes_from_the_first_that_says_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A base URL comes from the flag, else the environment, else the ini key."""
    arguments = ["--flowproof-base-url", "oneflow=http://127.0.0.1:9/one/"] if way.startswith("flag") else []
    if way == "environment":
        monkeypatch.setenv("FLOWPROOF_BASE_URL", "otter=http://127.0.0.1:8 oneflow=http://127.0.0.1:9/one")
    if way == "one variable for it":
        monkeypatch.setenv("FLOWPROOF_ONEFLOW_URL", "http://127.0.0.1:9/one")
    if way.endswith("ini key"):
        url = "http://127.0.0.1:9/one" if way == "ini key" else "http://127.0.0.1:7"
        pytester.makeini(f"[pytest]\nflowproof_base_url =\n    oneflow={url}\n")
    pytester.makepyfile("def test_it(target, make_oneflow): assert target.url('oneflow') == 'http://127.0.0.1:9/one'")

    pytester.runpytest(*arguments).assert_outcomes(passed=1)


def test_missing_credentials_are_an_error_that_names_them(pytester: pytest.Pytester) -> None:
    """A base URL without credentials in the environment is an error, which names the variables to set."""
    pytester.makepyfile("def test_it(oneflow): pass")
    ended = pytester.runpytest("--flowproof-base-url", "oneflow=http://127.0.0.1:9")

    ended.assert_outcomes(errors=1)
    ended.stdout.fnmatch_lines(["*Set FLOWPROOF_ONEFLOW_TOKEN and FLOWPROOF_ONEFLOW_SECRET*"])


def test_plugin_is_light_to_load() -> None:
    """Loading the plugin loads no kernel, client, contract, Flask, requests or Hypothesis."""
    heavy = ("flask", "requests", "hypothesis", "jsonschema", "yaml", "flowproof.kernel", "flowproof.clients")
    program = f"import sys, flowproof.plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


WITHOUT_OTHERS = ("-p", "no:schemathesis")  # whose plugin loads Hypothesis and requests in every session


def test_session_without_our_fixtures_loads_nothing(pytester: pytest.Pytester) -> None:
    """A session that uses nothing of Flowproof loads no kit, and nothing that a kit would bring."""
    heavy = ("flask", "requests", "flowproof.kernel", "flowproof.clients", "flowproof.suites", "flowproof.conformance")
    pytester.makepyfile(f"import sys\ndef test_it(): assert [name for name in {heavy} if name in sys.modules] == []")

    pytester.runpytest_subprocess(*WITHOUT_OTHERS).assert_outcomes(passed=1)


PROFILE = """
name = "Acme's sandbox"
[oneflow]
url = "http://127.0.0.1:9/one"
credentials.default = { key = "$ACME_TOKEN", secret = "$ACME_SECRET" }
"""


@pytest.fixture
def profile(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sandbox profile's file, and its credentials in the environment."""
    monkeypatch.setenv("ACME_TOKEN", "the-token")
    monkeypatch.setenv("ACME_SECRET", "the-secret")
    return str(pytester.makefile(".toml", sandbox=PROFILE))


READS_PROFILE = """
def test_it(target, oneflow):
    assert (target.name, target.url("oneflow")) == ("Acme's sandbox", "http://127.0.0.1:9/one")
    assert target.credentials("oneflow").secret == "the-secret"
"""


@pytest.mark.parametrize("way", ["flag", "environment", "ini key"])
def test_profile_is_the_target(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, profile: str, way: str
) -> None:
    """A profile says where a provider is and with which credentials, whichever way it was named."""
    if way == "environment":
        monkeypatch.setenv("FLOWPROOF_TARGET", profile)
    if way == "ini key":
        pytester.makeini(f"[pytest]\nflowproof_target = {profile}\n")
    pytester.makepyfile(READS_PROFILE)

    pytester.runpytest(*(["--flowproof-target", profile] if way == "flag" else [])).assert_outcomes(passed=1)


@pytest.mark.usefixtures("keys")
def test_mock_is_the_target_whatever_the_environment_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the target mock, nothing but mocks is asked, though the environment has a base URL."""
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_URL", "http://127.0.0.1:9/one")
    pytester.makepyfile("def test_it(target, oneflow): assert target.name == 'mock'")

    pytester.runpytest("--flowproof-target", "mock").assert_outcomes(passed=1)


UNFIT_TARGETS = {
    "no such provider": (
        ["--flowproof-base-url", "onflow=http://127.0.0.1:9"],
        "given for onflow*Choose from: *oneflow",
    ),
    "two targets": (["--flowproof-target", "mock", "--flowproof-base-url", "oneflow=http://127.0.0.1:9"], "choose one"),
    "no such file": (["--flowproof-target", "nowhere.toml"], "cannot be read"),
}


@pytest.mark.parametrize(("arguments", "said"), UNFIT_TARGETS.values(), ids=UNFIT_TARGETS)
def test_target_that_cannot_be_used_is_a_usage_error(
    pytester: pytest.Pytester, arguments: list[str], said: str
) -> None:
    """A target that cannot be read, or two of them, end the run before it starts."""
    ended = pytester.runpytest(*arguments)

    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([f"*{said}*"])


def test_role_that_the_target_lacks_is_a_skip(pytester: pytest.Pytester, profile: str) -> None:
    """A test that wants credentials which the target does not have is skipped, and the reason says which."""
    pytester.makepyfile("def test_it(target, make_oneflow): make_oneflow(target, role='other')")
    ended = pytester.runpytest("--flowproof-target", profile, "-rs")

    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*has no oneflow credentials for the role 'other'*"])


def test_change_that_is_not_permitted_is_a_skip(pytester: pytest.Pytester, profile: str) -> None:
    """In a run without a record, too, what the profile does not permit is not sent: its test is skipped, not failed."""
    pytester.makepyfile("def test_it(oneflow): oneflow.submit({})")
    ended = pytester.runpytest("--flowproof-target", profile, "-rs")

    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*the target Acme's sandbox does not permit submitOrder*"])


MARKED = """
import pytest
@pytest.mark.requirement("acme.order.sku")
def test_sku(): pass
@pytest.mark.requirement("acme.order.sku.length")
def test_length(): pass
@pytest.mark.requirement("acme.order.sku_code")
def test_code(): pass
def test_other(): pass
"""


def test_requirement_chooses_tests(pytester: pytest.Pytester) -> None:
    """Of the tests only those of a requirement, or of one below it, are run."""
    pytester.makepyfile(MARKED)

    pytester.runpytest("--flowproof-requirement", "acme.order.sku").assert_outcomes(passed=2, deselected=2)


def test_events_are_appended_and_not_repeated(tmp_path: Path, fork_server: ForkServer) -> None:
    """A run of one's own can be recorded; a second run does only what has no verdict yet."""
    (tmp_path / "test_it.py").write_text("def test_one(): pass\ndef test_two(): raise KeyError('id')\n")
    first, second = (fork_server.pytest("-q", "--flowproof-events", "events.jsonl", cwd=tmp_path) for _ in range(2))
    lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()

    assert "1 failed, 1 passed in" in first.stdout
    assert "1 failed, 1 deselected in" in second.stdout
    assert [json.loads(each).get("verdict") for each in lines] == [None, None, "PASS", "ERROR", None, "ERROR"]


def test_session_without_a_property_never_loads_hypothesis(pytester: pytest.Pytester) -> None:
    """Hypothesis's own plugin does not load it for its summary where there was no property; where there was, it may."""
    ends = (
        f"import sys, pytest\ncode = pytest.main(['-q', *{WITHOUT_OTHERS}])\n"
        "print('hypothesis' in sys.modules, int(code))"
    )
    pytester.makepyfile("def test_it(workspace): pass")
    without = pytester.run(sys.executable, "-c", ends)
    pytester.makepyfile(
        "from hypothesis import given, strategies as st\n@given(st.none())\ndef test_it(value): assert value == 1"
    )
    with_property = pytester.run(sys.executable, "-c", ends)

    without.stdout.fnmatch_lines(["False 0"])
    with_property.stdout.fnmatch_lines(["True 1"])


def test_missing_extra_is_a_sentence_in_a_session(pytester: pytest.Pytester) -> None:
    """A fixture and a suite that need an extra which is not installed say so in one sentence, without a traceback."""
    pytester.makepyfile(
        light="""
        import sys
        class Nowhere:
            def find_spec(self, name, path=None, target=None):
                if name in ("flask", "hypothesis"):
                    raise ModuleNotFoundError(name, name=name)
        sys.meta_path.insert(0, Nowhere())
        """,
        test_fixture="def test_it(workspace): pass",
        test_suite="import hypothesis",
    )
    pytester.syspathinsert()
    ended = pytester.runpytest_subprocess("-p", "light", *WITHOUT_OTHERS, "--continue-on-collection-errors")

    ended.assert_outcomes(errors=2)
    ended.stdout.fnmatch_lines(["This needs hypothesis, which the extra suites brings.*"])
    ended.stdout.fnmatch_lines(["This needs flask, which the extra server brings.*"])
    ended.stdout.no_fnmatch_line("*Traceback*")
    ended.stdout.no_fnmatch_line("*find_spec*")
