"""Why a test needs a control API, found in the code that it runs."""

from textwrap import dedent

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("loaded")

SUITES = {
    "in a fixture": (
        """
        @pytest.fixture
        def frozen(workspace): workspace.clock.freeze()
        def test_it(frozen, oneflow): pass
        """,
        "this test sets the clock",
    ),
    "in a helper that a helper calls": (
        """
        def inner(workspace): return workspace.journal.entries()
        def outer(workspace): return inner(workspace)
        def test_it(workspace, oneflow): outer(workspace)
        """,
        "this test reads the journal",
    ),
    "several": (
        "def test_it(workspace, oneflow):\n    workspace.clock.advance(1)\n    workspace.faults.set({})\n",
        "this test sets the clock and makes things go wrong on purpose",
    ),
    "in a property": (
        "@given(st.integers())\ndef test_it(make_workspace, make_oneflow, n):\n    make_workspace().snapshot()\n",
        "this test takes a snapshot",
    ),
    "a clock that is only read": (
        "def test_it(workspace, oneflow): workspace.clock.now()",
        "this test needs an account of its own, which nobody else changes",
    ),
    "said by a mark": (
        """
        @pytest.mark.needs_control('counts what nobody else may send')
        def test_it(workspace, oneflow): workspace.clock.freeze()
        """,
        "this test counts what nobody else may send",
    ),
}


@pytest.mark.parametrize(("code", "reason"), SUITES.values(), ids=SUITES)
def test_skip_gives_the_true_reason(pytester: pytest.Pytester, code: str, reason: str) -> None:
    """The reason is what the test does with the control API, wherever its suite does it, or what its mark says."""
    package = pytester.mkpydir("acme")
    imports = "import pytest\nfrom hypothesis import given, strategies as st\n"
    (package / "test_it.py").write_text(f"{imports}{dedent(code)}\n")
    ended = pytester.runpytest("-rs", "--flowproof-base-url", "oneflow=http://127.0.0.1:9", "--strict-markers")

    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines([f"SKIPPED*has no control API: {reason}"])
