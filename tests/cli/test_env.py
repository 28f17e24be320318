"""Base URLs and credentials as variables: printed, pasted, and read again."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from flowproof.providers import Kits
from flowproof.target import Credentials, Site, environment_of, site_from_environment
from tests import tree
from tests.cli.servers import Served, clean, flowproof, serving
from tests.fork_server import ForkServer

TIMEOUT_S = 60
SUITE_TIMEOUT_S = 900.0  # what hangs is ended; nothing else depends on it
FEW_EXAMPLES = {"HYPOTHESIS_PROFILE": "few"}

QUICK: dict[str, Any] = {
    "flow1st": ("settings", {"pending_s": 0, "fulfil_s": 0}),
    "oneflow": ("settings", {"processing_s": 0}),
}
"""What of a provider's seed data is changed, so that no test has to wait on a real clock."""
SLOW: dict[str, tuple[str, ...]] = {"flow1st": ("-k", "not test_webhook_is_repeated_until_acknowledged")}
"""What is left out, since no seed data makes it quicker: a webhook comes again after a minute."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has written its variables into a file."""
    folder = tmp_path_factory.mktemp("env")
    with serving(folder, "--env", str(folder / "served.env")) as server:
        yield server


def pasted(folder: Path, script: str) -> dict[str, str]:
    """The variables of ours that a shell has after it has run a script."""
    read = f"{script}\nexec {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    ended = subprocess.run(
        ["sh", "-ec", read], capture_output=True, text=True, check=True, cwd=folder, env=clean({}), timeout=TIMEOUT_S
    )
    found: dict[str, str] = json.loads(ended.stdout)
    return {name: value for name, value in found.items() if name.startswith("FLOWPROOF_")}


def test_printed_variables_are_read_again(served: Served) -> None:
    """The variables of a provider, pasted into a shell, are the site that the server has."""
    printed = flowproof(served.folder, "env", "flow1st", "--all-roles", "--server", served.url).stdout
    site = site_from_environment(
        "flow1st",
        served.ready["providers"]["flow1st"]["base_url"],
        pasted(served.folder, printed),
        parts=Kits().find("flow1st").credential_parts,
    )
    shown = served.ready["providers"]["flow1st"]["credentials"]

    assert {role: (keys.key, keys.secret, keys.values["webhook_token"]) for role, keys in site.keys.items()} == {
        role: (parts["key"], parts["secret"], parts["webhook_token"]) for role, parts in shown.items()
    }


def test_variables_are_printed_once(served: Served) -> None:
    """No variable is printed twice, whichever provider it is of."""
    printed = flowproof(served.folder, "env", "--all-roles", "--server", served.url).stdout
    names = [line.partition("=")[0] for line in printed.splitlines()]

    assert len(names) == len(set(names)) > 20


def test_only_the_default_role_is_printed_unasked(served: Served) -> None:
    """Other roles' credentials are printed on demand: one role by its name."""
    bare, other = (
        flowproof(served.folder, "env", "oneflow", *options, "--server", served.url).stdout.splitlines()
        for options in ((), ("--role", "other"))
    )

    assert [line.partition("=")[0] for line in bare] == [
        "export FLOWPROOF_ONEFLOW_URL",
        "export FLOWPROOF_ONEFLOW_TOKEN",
        "export FLOWPROOF_ONEFLOW_SECRET",
    ]
    assert [line.partition("=")[0] for line in other] == [
        "export FLOWPROOF_ONEFLOW_URL",
        "export FLOWPROOF_ONEFLOW_OTHER_TOKEN",
        "export FLOWPROOF_ONEFLOW_OTHER_SECRET",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nobody"], "The server does not serve nobody. It serves dots_eco, "),
        (["oneflow", "--role", "king"], "There is no role king. There are default, other."),
        (["--workspace", "nowhere"], "There is no workspace nowhere."),
    ],
)
@pytest.mark.usefixtures("quick_start")
def test_unknown_part_of_the_variables_is_named(served: Served, options: list[str], message: str) -> None:
    """An unknown provider, role or workspace ends with exit code 2 and what there is."""
    ended = flowproof(served.folder, "env", *options, "--server", served.url)

    assert (ended.returncode, ended.stderr.count("\n"), message in ended.stderr) == (2, 1, True)


@pytest.mark.parametrize("form", ["dotenv", "json"])
def test_other_forms_hold_the_same_variables(served: Served, form: str) -> None:
    """A .env file and JSON hold what the shell gets."""
    shell, other = (
        flowproof(served.folder, "env", "otter", "--format", each, "--server", served.url).stdout
        for each in ("shell", form)
    )
    read = json.loads(other) if form == "json" else pasted(served.folder, f"set -a\n{other}")

    assert read == pasted(served.folder, shell)


def test_workspace_of_its_own_has_its_own_variables(served: Served) -> None:
    """The variables of another workspace lead to that workspace."""
    made = requests.post(f"{served.url}/_flowproof/workspaces", json={"id": "mine"}, timeout=TIMEOUT_S).json()
    printed = flowproof(served.folder, "env", "oneflow", "--workspace", "mine", "--server", served.url).stdout
    place = made["providers"]["oneflow"]

    assert pasted(served.folder, printed) == {
        "FLOWPROOF_ONEFLOW_URL": place["base_url"],
        "FLOWPROOF_ONEFLOW_TOKEN": place["credentials"]["default"]["key"],
        "FLOWPROOF_ONEFLOW_SECRET": place["credentials"]["default"]["secret"],
    }


def test_file_of_variables_is_for_its_owner_only(served: Served) -> None:
    """The file of --env holds credentials, so nobody else can read it."""
    assert stat.S_IMODE((served.folder / "served.env").stat().st_mode) == 0o600


@pytest.mark.usefixtures("quick_start")
def test_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    """A file that the server has not written itself is refused for --env, and not changed."""
    own = tmp_path / ".env"
    own.write_text("MINE=1\n")
    ended = flowproof(tmp_path, "serve", "--port", "0", "--env", str(own))

    assert (ended.returncode, own.read_text()) == (2, "MINE=1\n")
    assert "is a file of your own" in ended.stderr


@pytest.mark.usefixtures("quick_start")
def test_file_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    """A file of variables that an earlier run has written is written anew."""
    for _ in range(2):
        with serving(tmp_path, "oneflow", "--env", "served.env") as server:
            found = pasted(tmp_path, ". ./served.env")["FLOWPROOF_ONEFLOW_URL"]

            assert found == server.oneflow["base_url"]


@pytest.mark.parametrize("provider", tree.every_slug())
def test_pasted_variables_run_the_suite_twice(
    tmp_path: Path, served: Served, fork_server: ForkServer, provider: str
) -> None:
    """A provider's suite runs by the pasted variables, twice in a row on one workspace, without a failure."""
    found = pasted(served.folder, ". ./served.env")
    variables = {name: value for name, value in found.items() if name.startswith(f"FLOWPROOF_{provider.upper()}_")}
    _quicken(served, provider)
    ended = [
        fork_server.pytest(
            *("-q", "--pyargs", f"flowproof.suites.{provider}", *SLOW.get(provider, ())),
            cwd=tmp_path,
            env=variables | FEW_EXAMPLES,
            timeout_s=SUITE_TIMEOUT_S,
        )
        for _ in range(2)
    ]

    assert [each.returncode for each in ended] == [0, 0], "\n".join(each.stdout[-4000:] for each in ended)
    assert [" passed" in each.stdout for each in ended] == [True, True]


def test_account_without_money_is_a_reason_to_skip(tmp_path: Path, served: Served, fork_server: ForkServer) -> None:
    """By a base URL, an account that cannot pay for an order skips the tests that place one, with the reason."""
    control = f"{served.url}/_flowproof/workspaces"
    requests.post(control, json={"id": "poor"}, timeout=TIMEOUT_S).raise_for_status()
    seed = requests.get(f"{control}/poor/seed/flow1st", timeout=TIMEOUT_S).json()
    seed["environments"][0]["balances"] = {"USD": 98}
    requests.put(f"{control}/poor/seed/flow1st", json=seed, timeout=TIMEOUT_S).raise_for_status()
    printed = flowproof(served.folder, "env", "flow1st", "--workspace", "poor", "--server", served.url).stdout
    ended = fork_server.pytest(
        *("-q", "-rs", "--pyargs", "flowproof.suites.flow1st"),
        *("-k", "same_order_again_is_one_order or unknown_sku or client_signs"),
        cwd=tmp_path,
        env=pasted(served.folder, printed) | FEW_EXAMPLES,
        timeout_s=SUITE_TIMEOUT_S,
    )

    assert ended.returncode == 0, ended.stdout[-4000:]
    assert "precondition missing: the account's balance at http" in ended.stdout
    assert " passed" in ended.stdout


def _quicken(served: Served, provider: str) -> None:
    if provider in QUICK:
        place = f"{served.url}/_flowproof/workspaces/default/seed/{provider}"
        seed = requests.get(place, timeout=TIMEOUT_S).json()
        name, changes = QUICK[provider]
        seed[name] |= changes
        requests.put(place, json=seed, timeout=TIMEOUT_S).raise_for_status()


PARTS = st.lists(st.sampled_from(["signing_key", "webhook_token", "redirect_uri", "privateKey"]), unique=True)
VALUES = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1)


@given(parts=PARTS, values=st.lists(VALUES, min_size=6, max_size=6), role=st.sampled_from(["production", "read_only"]))
def test_site_survives_its_own_variables(parts: list[str], values: list[str], role: str) -> None:
    """Whatever its credentials are made of, a site is the same after it went through the environment."""
    texts = dict(zip(("secret", *parts), values[1:], strict=False))
    keys = {each: Credentials(values[0], texts, each) for each in ("default", role)}
    site = Site("acme", "https://sandbox.example.test/x", keys)
    read = site_from_environment("acme", site.url, environment_of(site, parts=parts, roles=keys), parts=parts)

    assert (read.url, read.keys) == (site.url, keys)


def test_part_that_ends_in_token_is_no_role() -> None:
    """A part whose name ends in token is a part of the default role, and no other role's token."""
    environment = {"FLOWPROOF_ACME_TOKEN": "key", "FLOWPROOF_ACME_WEBHOOK_TOKEN": "hook"}
    site = site_from_environment("acme", "https://acme.example", environment, parts=("webhook_token",))

    assert {role: dict(keys.values) for role, keys in site.keys.items()} == {"default": {"webhook_token": "hook"}}
