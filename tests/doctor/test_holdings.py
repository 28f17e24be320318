"""What an account must hold: doctor says what is missing before a run, and the tests skip for it."""

import copy
from pathlib import Path
from typing import Any

import pytest

from flowproof.target import Workspace
from tests.doctor.test_doctor import exported, profile, run, wrong
from tests.fork_server import ForkServer


def without(workspace: Workspace, provider: str) -> None:
    """Give a mock an account that lacks what its suite needs."""
    seed: Any = copy.deepcopy(dict(workspace.seed(provider)))
    match provider:
        case "flow1st":
            for product in seed["products"]:
                product["bundles"] = [each for each in product["bundles"] if each["sku"] != "codm80cp"]
        case "dots_eco":
            seed["applications"] = [each for each in seed["applications"] if each["app_token"] != "5-f1b086b3"]
        case "integrations":
            seed["triggers"]["Product"] = []
    workspace.replace_seed(provider, seed)


@pytest.mark.parametrize(
    ("provider", "text"),
    [
        ("flow1st", "has no bundle codm80cp in its catalog"),
        ("dots_eco", "has no application 5-f1b086b3"),
        ("integrations", "has no trigger of the entity type Product"),
    ],
)
def test_account_that_lacks_something_cannot_run(
    tmp_path: Path, workspace: Workspace, provider: str, text: str
) -> None:
    """What the suite needs and the account lacks is wrong, and named."""
    without(workspace, provider)
    environment, lines = exported(workspace, provider)
    checked = profile(workspace.url(provider), *lines, provider=provider)

    result = run(tmp_path, checked, "--json", environment=environment)

    assert (wrong(result, provider), result.exit_code) == ({"account"}, 2)
    assert text in result.output


def test_tests_of_an_account_that_lacks_something_skip(
    tmp_path: Path, workspace: Workspace, fork_server: ForkServer
) -> None:
    """A test that needs what is missing is skipped with that reason; one about access runs."""
    without(workspace, "flow1st")
    keys = workspace.credentials("flow1st")
    variables = {
        "FLOWPROOF_FLOW1ST_TOKEN": keys.key,
        "FLOWPROOF_FLOW1ST_SECRET": keys.secret,
        "FLOWPROOF_FLOW1ST_SIGNING_KEY": str(keys.values["signing_key"]),
    }
    chosen = "test_token_lets_the_client_in or test_sixteen_that_send_one_order_place_one"
    options = ("-q", "-rs", "--pyargs", "flowproof.suites.flow1st", "-k", chosen)
    target = f"--flowproof-base-url=flow1st={workspace.url('flow1st')}"
    done = fork_server.pytest(*options, target, "-p", "no:cacheprovider", cwd=tmp_path, env=variables)

    assert "1 passed, 1 skipped" in done.stdout, done.stdout
    assert "has no bundle codm80cp in its catalog" in " ".join(done.stdout.split())
