"""The mock on a socket, an account at it, and OneFlow's own SDK set up for that account."""

from collections.abc import Iterator

import pytest

from tests.interop import account, programs
from tests.interop.sdk import Sdk


@pytest.fixture(scope="session")
def mock_server() -> Iterator[str]:
    """URL of a mock server in this process."""
    with account.serving() as url:
        yield url


@pytest.fixture
def partner(mock_server: str) -> Iterator[account.Account]:
    """A fresh account, whose clock stands still."""
    with account.open_account(mock_server) as opened:
        yield opened


@pytest.fixture(scope="session")
def installed_sdk() -> None:
    """Node, and the SDK as its lockfile pins it; in CI, Node has to be there."""
    programs.require("node", "npm", always_in_ci=True)
    programs.install()


@pytest.fixture
def sdk(installed_sdk: None, partner: account.Account) -> Sdk:
    """The SDK as it comes, set up for the account."""
    return Sdk.of(partner)


@pytest.fixture
def hasty_sdk(installed_sdk: None, partner: account.Account) -> Sdk:
    """The SDK told not to wait before it tries again; by itself it would wait for 36 seconds after a 429."""
    return Sdk.of(partner, hurry=True)
