"""The plugin's fixtures, as a project of somebody else's uses them."""

import re
from collections.abc import Callable

import pytest

from flowproof.target import ControlClient, Workspace
from tests.fork_server import ForkServer
from tests.plugin.stranger import stranger

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("loaded")

EMPTY_PAGE = {"success": True, "count": 0, "page": 1, "pages": 0, "data": []}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for a stranger's OneFlow in the environment, and no other setting of this machine."""
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_TOKEN", "token")
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_SECRET", "secret")
    for name in ("FLOWPROOF_SERVER", "FLOWPROOF_BASE_URL", "FLOWPROOF_ONEFLOW_URL"):
        monkeypatch.delenv(name, raising=False)


def test_client_works_in_an_empty_directory(pytester: pytest.Pytester) -> None:
    """A test that asks for a client gets one on a mock of its own, without any other set-up."""
    pytester.makepyfile("def test_it(oneflow): assert oneflow.orders().orders == ()")

    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_each_test_has_a_workspace_of_its_own(pytester: pytest.Pytester, fork_server: ForkServer) -> None:
    """Two tests see none of each other's orders, also on several workers."""
    pytester.makepyfile(
        """
        import pytest
        @pytest.mark.parametrize("number", range(6))
        def test_it(workspace, oneflow, number):
            assert oneflow.orders().orders == ()
            workspace.clock.freeze("2024-09-13")
            oneflow.submit({})
            assert workspace.clock.advance(60).isoformat() == "2024-09-13T00:01:00+00:00"
            assert len(workspace.control("GET", "oneflow/submission-errors")["submissionErrors"]) == 1
        """
    )

    ended = fork_server.pytest("-W", "error", "-p", "xdist.plugin", "-n", "2", cwd=pytester.path)

    assert re.search("=== 6 passed in ", ended.stdout), ended.stdout


def test_left_over_workspaces_go_at_the_end(pytester: pytest.Pytester, flowproof_server: ControlClient) -> None:
    """A workspace of the factory that its test did not delete is deleted before the session ends."""
    pytester.makepyfile("def test_it(make_workspace): make_workspace()")
    before = flowproof_server.ask("GET", "/ready")["workspaces"]

    pytester.runpytest().assert_outcomes(passed=1)
    pytester.runpytest("--flowproof-server", flowproof_server.url).assert_outcomes(passed=1)

    assert flowproof_server.ask("GET", "/ready")["workspaces"] == before


def test_waits_of_a_client_move_the_clock(pytester: pytest.Pytester) -> None:
    """On a mock the client's waits take no time: they move the workspace's clock on."""
    pytester.makepyfile(
        """
        import pytest
        from flowproof.clients import NotInTime
        def test_it(workspace, oneflow):
            before = workspace.clock.freeze()
            with pytest.raises(NotInTime):
                oneflow.wait_for_order("0" * 24, timeout_s=60)
            assert (workspace.clock.now() - before).total_seconds() == 60
        """
    )

    pytester.runpytest().assert_outcomes(passed=1)


def test_running_server_can_be_used(pytester: pytest.Pytester, flowproof_server: ControlClient) -> None:
    """With --flowproof-server no server is started: workspaces are made on the one that runs."""
    pytester.makepyfile(
        f"def test_it(workspace, oneflow):\n"
        f"    assert workspace.url('oneflow').startswith('{flowproof_server.url}/w/')\n"
        f"    assert oneflow.orders().page == 1\n"
    )
    before = flowproof_server.ask("GET", "/ready")["workspaces"]

    pytester.runpytest("--flowproof-server", flowproof_server.url).assert_outcomes(passed=1)

    assert flowproof_server.ask("GET", "/ready")["workspaces"] == before


def test_suite_runs_against_any_base_url(pytester: pytest.Pytester) -> None:
    """A suite is pointed at a stranger's base URL by an option, and its client goes there."""
    pytester.makepyfile("def test_it(oneflow): assert oneflow.orders().count == 0")
    with stranger(200, EMPTY_PAGE) as url:
        ended = pytester.runpytest("--flowproof-base-url", f"oneflow={url}")

    ended.assert_outcomes(passed=1)


def test_findings_fail_a_test(pytester: pytest.Pytester) -> None:
    """An answer that breaks the contract fails a test whose own assertions hold, and says what differs and why."""
    pytester.makepyfile("def test_it(oneflow): assert oneflow.orders().orders == ()")
    with stranger(200, {"data": [], "count": "none"}) as url:
        ended = pytester.runpytest("--flowproof-base-url", f"oneflow={url}")

    ended.assert_outcomes(failed=1)
    ended.stdout.fnmatch_lines(
        [
            "2 differences from the contract in 1 exchange:",
            "  oneflow GET /api/order answered 200",
            "    response.body#/*: expected *, got * [[]oneflow.order.list_envelope[]]",
        ]
    )


def test_findings_stand_beside_another_failure(pytester: pytest.Pytester) -> None:
    """A test that fails by itself keeps its own message, with the differences in a section."""
    pytester.makepyfile("def test_it(oneflow): assert oneflow.orders().page == 2")
    with stranger(200, {"data": []}) as url:
        ended = pytester.runpytest("--flowproof-base-url", f"oneflow={url}")

    ended.assert_outcomes(failed=1)
    ended.stdout.fnmatch_lines(["*assert 1 == 2*", "*flowproof: contract*", "1 difference from the contract*"])


def test_findings_of_one_test_are_no_others(pytester: pytest.Pytester) -> None:
    """Differences count for the test in which they came, and for no other."""
    pytester.makepyfile("def test_bad(oneflow): oneflow.orders()\ndef test_good(): pass")
    with stranger(200, {"data": []}) as url:
        ended = pytester.runpytest("--flowproof-base-url", f"oneflow={url}")

    ended.assert_outcomes(failed=1, passed=1)


def test_findings_can_be_set_aside(pytester: pytest.Pytester) -> None:
    """Differences that a test provokes on purpose go into its list instead of failing it."""
    pytester.makepyfile(
        """
        def test_it(oneflow, set_aside_findings):
            with set_aside_findings() as findings:
                oneflow.orders()
            assert [finding.pointer for finding in findings] == ["/success"]
        """
    )
    with stranger(200, {"data": []}) as url:
        ended = pytester.runpytest("--flowproof-base-url", f"oneflow={url}")

    ended.assert_outcomes(passed=1)


SKIPS: dict[str, tuple[str, str]] = {
    "clock": ("workspace, oneflow", "workspace.clock.freeze()"),
    "faults": ("workspace, oneflow", "workspace.faults.clear()"),
    "set-up": ("workspace, oneflow", "workspace.replace_seed('oneflow', {})"),
    "own": ("workspace, oneflow", "pass"),
    "factory": ("make_workspace, make_oneflow", "make_workspace()"),
}
REASONS = {
    "clock": "this test sets the clock",
    "faults": "this test makes things go wrong on purpose",
    "set-up": "this test changes the account set-up",
    "own": "this test needs an account of its own, which nobody else changes",
    "factory": "this test makes accounts of its own",
}


@pytest.mark.parametrize("kind", SKIPS)
def test_target_without_control_api_is_a_skip(pytester: pytest.Pytester, kind: str) -> None:
    """A test that needs a workspace is skipped at a base URL, and the reason names what is missing and what for."""
    fixtures, code = SKIPS[kind]
    pytester.makepyfile(f"def test_it({fixtures}): {code}")
    ended = pytester.runpytest("-rs", "--flowproof-base-url", "oneflow=http://127.0.0.1:9")

    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines([f"SKIPPED*the target http://127.0.0.1:9 has no control API: {REASONS[kind]}"])


def test_workspace_for_other_providers_is_no_skip(pytester: pytest.Pytester) -> None:
    """A test that does not use the provider that is elsewhere gets its workspace as ever."""
    pytester.makepyfile("def test_it(workspace): assert workspace.clock.freeze()")

    ended = pytester.runpytest("--flowproof-base-url", "oneflow=http://127.0.0.1:9")

    ended.assert_outcomes(passed=1)


def test_failure_shows_what_was_refused_and_why(pytester: pytest.Pytester) -> None:
    """Beside a failure the report has the workspace's last refused exchanges with their explanations."""
    pytester.makepyfile(
        "def test_it(workspace, make_oneflow):\n    make_oneflow(workspace, secret='not the secret').orders()\n"
    )
    ended = pytester.runpytest()

    ended.assert_outcomes(failed=1)
    ended.stdout.fnmatch_lines(
        [
            "*flowproof: refused in workspace w*",
            "w*-1 GET /api/order answered 401 [[]oneflow.auth.signature[]]",
            "  request.headers#/x-oneflow-authorization: expected *, got *",
            "*GET /api/order 2*",
        ]
    )


def test_secrets_are_in_no_report(pytester: pytest.Pytester) -> None:
    """Neither a failing test's report nor its values show the secret of a workspace."""
    pytester.makepyfile(
        "import pathlib\n"
        "def test_it(workspace, target, oneflow):\n"
        "    pathlib.Path('secret').write_text(workspace.credentials('oneflow').secret)\n"
        "    site = workspace.site('oneflow')\n"
        "    assert not site\n"
    )
    ended = pytester.runpytest("--showlocals", "-vv")

    ended.assert_outcomes(failed=1)
    assert (pytester.path / "secret").read_text(encoding="utf-8") not in ended.stdout.str()


def test_suite_runs_from_an_empty_directory(pytester: pytest.Pytester) -> None:
    """Installed suites run by name, from a directory without any configuration."""
    ended = pytester.runpytest_subprocess(
        "-W",
        "error",
        "--pyargs",
        "flowproof.suites.oneflow",
        "-k",
        "known_answers or order_is_one_object or guessed_id",
    )

    assert ended.parseoutcomes().keys() <= {"passed", "deselected"}


def test_workspace_is_deleted_after_its_test(
    flowproof_server: ControlClient, make_workspace: Callable[..., Workspace]
) -> None:
    """A workspace that is used as a block is gone after it."""
    with make_workspace() as workspace:
        inside = flowproof_server.workspace(workspace.id).id

    listed = flowproof_server.ask("GET", "/workspaces", limit=1000)["workspaces"]
    assert (inside, workspace.id in listed) == (workspace.id, False)


def test_warning_filters_do_not_reach_the_mock(pytester: pytest.Pytester, fork_server: ForkServer) -> None:
    """In each test of a session whose warnings are errors, a mock whose libraries warn answers."""
    pytester.makeini("[pytest]\nfilterwarnings = error")
    pytester.makepyfile(
        """
        import warnings
        import pytest
        from flowproof.kernel.mock import Mock

        handle = Mock.handle

        def warning_handle(self, request):
            warnings.warn("old", DeprecationWarning)
            return handle(self, request)

        @pytest.mark.parametrize("number", range(2))
        @pytest.mark.filterwarnings("error::DeprecationWarning")
        def test_it(oneflow, monkeypatch, number):
            monkeypatch.setattr(Mock, "handle", warning_handle)
            assert oneflow.orders().orders == ()
            with pytest.raises(DeprecationWarning):
                warnings.warn("mine", DeprecationWarning)
        """
    )

    for transport in ("socket", "in-process"):
        ended = fork_server.pytest("--flowproof-transport", transport, cwd=pytester.path)
        assert re.search("=== 2 passed in ", ended.stdout), ended.stdout
