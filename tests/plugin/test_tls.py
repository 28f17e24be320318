"""--flowproof-tls: the session's own server speaks https, and the clients under test trust it."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("loaded")

READS = """
import os

import requests


def test_it(workspace, oneflow):
    url = workspace.url("oneflow")
    assert url.startswith("https://127.0.0.1:"), url
    assert requests.get(f"{url}/api/order", timeout=60).status_code == 401
    oneflow.orders()
    assert os.environ["NODE_EXTRA_CA_CERTS"].endswith("ca.pem")
"""


@pytest.mark.parametrize("way", ["flag", "environment", "ini key"])
def test_server_of_the_session_speaks_tls(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    """By flag, environment or ini key, base URLs are https, and the usual variables name what trusts them."""
    monkeypatch.setenv("FLOWPROOF_TLS_FOLDER", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    if way == "environment":
        monkeypatch.setenv("FLOWPROOF_TLS", "1")
    if way == "ini key":
        pytester.makeini("[pytest]\nflowproof_tls = true\n")
    pytester.makepyfile(READS)

    pytester.runpytest(*(["--flowproof-tls"] if way == "flag" else [])).assert_outcomes(passed=1)


def test_switch_that_is_none_is_a_usage_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is neither on nor off ends the run before it starts, saying what to write."""
    monkeypatch.setenv("FLOWPROOF_TLS", "maybe")
    ended = pytester.runpytest()

    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines(["*FLOWPROOF_TLS is 'maybe': write 1 or 0*"])
