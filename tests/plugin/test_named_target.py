"""What a session that names a target does with tests whose provider the target does not have: nothing on a mock."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from flowproof.cli import main as flowproof
from tests.plugin.stranger import stranger

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("loaded")

PROFILE = """
name = "Acme's sandbox"
[oneflow]
url = "{url}"
credentials.default = {{ key = "$ACME_TOKEN", secret = "$ACME_SECRET" }}
"""
EMPTY_PAGE = {"success": True, "count": 0, "page": 1, "pages": 0, "data": []}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for the profile in the environment, and no other setting of this machine."""
    monkeypatch.setenv("ACME_TOKEN", "the-token")
    monkeypatch.setenv("ACME_SECRET", "the-secret")
    for name in ("FLOWPROOF_SERVER", "FLOWPROOF_BASE_URL", "FLOWPROOF_ONEFLOW_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def profile(pytester: pytest.Pytester) -> str:
    """A profile that has OneFlow at an address where nobody listens."""
    return str(pytester.makefile(".toml", sandbox=PROFILE.format(url="http://127.0.0.1:9")))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_certification_that_uses_another_provider_is_misconfigured(profile: str, tmp_path: Path, jobs: str) -> None:
    """A suite with a test of a provider that the profile lacks is not certified: exit code 2, and the reason."""
    (tmp_path / "test_it.py").write_text("def test_it(oneflow): pass\ndef test_otter(otter): pass\n")
    options = ["--target", profile, "--suite", str(tmp_path), "--report", str(tmp_path / "report"), "--jobs", jobs]
    ended = CliRunner().invoke(flowproof, ["certify", "oneflow", *options])

    assert (ended.exit_code, "has no [otter]" in ended.stderr) == (2, True), ended.output


USES = {
    "client": "def test_it(otter): pass",
    "factory": "def test_it(make_otter): pass",
    "among others": "def test_other(oneflow): pass\ndef test_it(oneflow, otter): pass",
}


@pytest.mark.parametrize("use", USES)
def test_provider_that_the_target_lacks_ends_the_session(pytester: pytest.Pytester, profile: str, use: str) -> None:
    """A session is ended with exit code 2 before any test runs, and says which table the profile lacks."""
    pytester.makepyfile(USES[use])
    ended = pytester.runpytest("--flowproof-target", profile)

    assert (ended.ret, ended.parseoutcomes()) == (2, {})
    ended.stdout.fnmatch_lines(['*The profile "Acme\'s sandbox" has no [[]otter[]], which *::test_it uses*'])
    ended.stdout.fnmatch_lines(["*Add the table [[]otter[]] with its url and credentials*"])


def test_suite_of_a_provider_that_the_target_lacks_ends_the_session(pytester: pytest.Pytester, profile: str) -> None:
    """A test of a provider's suite uses that provider, though it asks for no client."""
    ended = pytester.runpytest(
        "--flowproof-target", profile, "--pyargs", "flowproof.suites.otter", "-k", "test_documented"
    )

    assert ended.ret == 2
    ended.stdout.fnmatch_lines(["*has no [[]otter[]]*"])


def test_tests_that_are_not_chosen_do_not_count(pytester: pytest.Pytester, profile: str) -> None:
    """Of the tests only those that are about to run are compared with the profile."""
    pytester.makepyfile("def test_it(oneflow): pass\ndef test_otter(otter): pass")

    pytester.runpytest("--flowproof-target", profile, "-k", "test_it").assert_outcomes(passed=1, deselected=1)


NEEDS_A_MOCK = {
    "workspace": "def test_it(workspace): pass",
    "flowproof_mock_workspace": "def test_it(flowproof_mock_workspace): pass",
    "factory": "def test_it(make_workspace): make_workspace()",
    "server": "def test_it(flowproof_server): pass",
    "another provider": "def test_it(target): target.url('otter')",
}


@pytest.mark.parametrize("need", NEEDS_A_MOCK)
def test_nothing_of_a_session_with_a_target_runs_on_a_mock(pytester: pytest.Pytester, profile: str, need: str) -> None:
    """A test that needs a mock is skipped, also where it names no provider and stands in no suite."""
    pytester.makepyfile(NEEDS_A_MOCK[need])
    ended = pytester.runpytest("--flowproof-target", profile, "-rs")

    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*the target Acme's sandbox has no *"])


def test_target_is_that_of_the_profile_for_every_test(pytester: pytest.Pytester, profile: str) -> None:
    """A test that asks for the target alone gets the profile's, though it asks for no client."""
    pytester.makepyfile(
        "def test_it(target): assert (target.name, target.url('oneflow')) == (\"Acme's sandbox\", 'http://127.0.0.1:9')"
    )

    pytester.runpytest("--flowproof-target", profile).assert_outcomes(passed=1)


def test_base_url_speaks_of_its_own_provider_alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a base URL of one provider, that one is never mocked, and the others are."""
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_TOKEN", "token")
    monkeypatch.setenv("FLOWPROOF_ONEFLOW_SECRET", "secret")
    pytester.makepyfile(
        "def test_mocked(dots_eco, target): assert target.workspace is not None\n"
        "def test_both(dots_eco, oneflow, target): assert oneflow.orders().count == 0 and target.workspace is None\n"
        "def test_target_alone(target): assert '/w/' not in target.url('oneflow') and '/w/' in target.url('otter')\n"
    )
    with stranger(200, EMPTY_PAGE) as url:
        ended = pytester.runpytest("--flowproof-base-url", f"oneflow={url}")

    ended.assert_outcomes(passed=3)


def test_provider_without_credentials_is_not_mocked_either(pytester: pytest.Pytester) -> None:
    """Where a base URL lacks its credentials, its provider is missing from the target of tests that do not use it."""
    pytester.makepyfile("def test_it(target): target.url('oneflow')")
    ended = pytester.runpytest("--flowproof-base-url", "oneflow=http://127.0.0.1:9", "-rs")

    ended.assert_outcomes(skipped=1)
    ended.stdout.fnmatch_lines(["*the target mock has no oneflow*"])


def test_url_of_a_profile_has_the_default_of_the_kit(pytester: pytest.Pytester) -> None:
    """A provider's table without a url has the one that the provider's kit knows; what is written goes over it."""
    text = 'name = "Staging"\n[otter]\ncredentials.default = { key = "$ACME_TOKEN", secret = "$ACME_SECRET" }\n'
    profile = pytester.makefile(".toml", staging=text)
    pytester.makepyfile("def test_it(target): assert 'staging' in target.url('otter')")

    pytester.runpytest("--flowproof-target", str(profile)).assert_outcomes(passed=1)


def test_parts_of_credentials_come_from_the_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of credentials that a provider's kit names are read beside token and secret, for each role."""
    for name in ("TOKEN", "SECRET", "SIGNING_KEY", "PRODUCTION_TOKEN", "PRODUCTION_SIGNING_KEY"):
        monkeypatch.setenv(f"FLOWPROOF_FLOW1ST_{name}", f"the-{name}")
    pytester.makepyfile(
        "def test_it(flow1st, target):\n"
        "    roles = {role: dict(keys.values) for role, keys in target.site('flow1st').keys.items()}\n"
        "    assert roles == {\n"
        "        'default': {'secret': 'the-SECRET', 'signing_key': 'the-SIGNING_KEY'},\n"
        "        'production': {'signing_key': 'the-PRODUCTION_SIGNING_KEY'},\n"
        "    }\n"
    )

    pytester.runpytest("--flowproof-base-url", "flow1st=http://127.0.0.1:9").assert_outcomes(passed=1)


KIT = """
from flowproof.kit import ProviderKit

kit = ProviderKit(slug={slug!r}, title="Acme: an API", suite="acme", client=".access:connect")
"""


def install(pytester: pytest.Pytester, slug: str, source: str) -> None:
    """Put a distribution with a kit where the session finds it."""
    record = pytester.mkdir(f"{slug}-1.0.dist-info")
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {slug}\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(f"[flowproof.kits]\n{slug} = kit_of_{slug}:kit\n")
    pytester.makepyfile(**{f"kit_of_{slug}": source})
    pytester.syspathinsert()


def test_broken_kit_harms_only_tests_that_use_it(pytester: pytest.Pytester) -> None:
    """A kit that cannot be loaded fails the tests that ask for its client, and the list of fixtures says so."""
    install(pytester, "acme", "raise RuntimeError('out of order')")
    pytester.makepyfile("def test_ours(oneflow): pass\ndef test_theirs(acme): pass")
    ended = pytester.runpytest()
    listed = pytester.runpytest("--fixtures")

    ended.assert_outcomes(passed=1, errors=1)
    ended.stdout.fnmatch_lines(["*ProviderKit acme of acme 1.0 cannot be loaded: RuntimeError: out of order*"])
    listed.stdout.fnmatch_lines(["*acme: makes clients*", "*RuntimeError: out of order*", "*OneFlow*: makes clients*"])


def test_kit_with_the_name_of_a_fixture_takes_none_away(pytester: pytest.Pytester) -> None:
    """A provider that is named as one of our fixtures gets no fixture of its own."""
    install(pytester, "workspace", KIT.format(slug="workspace"))
    pytester.makepyfile("def test_it(workspace): assert workspace.clock.freeze()")

    pytester.runpytest().assert_outcomes(passed=1)
