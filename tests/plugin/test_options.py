"""The plugin's options, ini keys, environment variables, markers and weight."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

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
        monkeypatch.setenv("FLOWPROOF_BASE_URL", "other=http://127.0.0.1:8 oneflow=http://127.0.0.1:9/one")
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
