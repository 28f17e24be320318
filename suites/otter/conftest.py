"""Fixtures that only Otter's suite needs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import pytest

from flowproof.clients import NotFound
from flowproof.clients.otter import ONBOARDING, Otter, OtterUser, Token
from flowproof.edge_cases import repeat_refusals
from flowproof.target import ControlMissing, Target, Workspace

from .access import token_of
from .raw_client import TIMEOUT_S, RawClient
from .setup import ADA, CLIENT_SCOPES, ENABLED, SEEDED, Account


@pytest.fixture
def raw(otter: Otter, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(otter, target.credentials("otter"), decides=target.workspace is not None)


@pytest.fixture(autouse=True)
def refused_each_time(request: pytest.FixtureRequest) -> None:
    """
    What is refused in a test is refused the second time, too.

    Left out are properties, which refuse much, and tests of the rate limits, which count requests.
    """
    marked = [str(each) for mark in request.node.iter_markers("requirement") for each in mark.args]
    is_left_out = getattr(request.function, "is_hypothesis_test", False) or any(".rate." in each for each in marked)
    if "otter" in request.fixturenames and not is_left_out:
        otter: Otter = request.getfixturevalue("otter")
        repeat_refusals(otter.session)


@pytest.fixture
def mock_page(workspace: Workspace) -> Workspace:
    """The workspace of a mock, whose authorization page no document describes."""
    return workspace


@pytest.fixture(scope="session")
def found_scopes() -> dict[str, frozenset[str]]:
    """Which scopes of the client-credentials flow a sandbox turned out to give each application, by its id."""
    return {}


@pytest.fixture
def enabled_for(target: Target, found_scopes: dict[str, frozenset[str]]) -> Callable[[RawClient], frozenset[str]]:
    """The scopes of the client-credentials flow that an application has: a mock knows them, others are asked."""

    def scopes(raw: RawClient) -> frozenset[str]:
        if target.workspace is not None:
            return next(
                each for role, each in ENABLED.items() if target.credentials("otter", role).key == raw.client_id
            )
        if raw.client_id not in found_scopes:
            given = {each: raw.token(grant_type="client_credentials", scope=each) for each in sorted(CLIENT_SCOPES)}
            found_scopes[raw.client_id] = frozenset(each for each, answer in given.items() if answer.status_code == 200)
        return found_scopes[raw.client_id]

    return lambda raw: scopes(raw) & CLIENT_SCOPES


@pytest.fixture
def enabled(raw: RawClient, enabled_for: Callable[[RawClient], frozenset[str]]) -> frozenset[str]:
    """The scopes of the client-credentials flow that the application has."""
    return enabled_for(raw)


@pytest.fixture
def permit(target: Target) -> Callable[..., Token]:
    """
    A user's permission as a token: `permit(otter)`, `permit(otter, ["organization.read"], user=LIN)`.

    A mock decides at once for whoever is no browser. On a sandbox a person has to: the token they got goes into
    FLOWPROOF_OTTER_ACCESS_TOKEN, and is of no use where other scopes or users are wanted.
    """

    def ask(otter: Otter, scopes: Sequence[str] = ONBOARDING, *, user: str = ADA) -> Token:
        """The token."""
        try:
            workspace = target.controlled("a person has to give the permission")
        except ControlMissing as missing:
            if "access" not in target.site("otter").keys or tuple(scopes) != ONBOARDING or user != ADA:
                advice = "set FLOWPROOF_OTTER_ACCESS_TOKEN for the tests that need one user's token"
                raise ControlMissing(missing.target, f"{missing.what}; {advice}") from missing
            return token_of(target.credentials("otter", "access").key)
        workspace.control("PUT", "otter/consent", {"consent": "approve", "user": user})
        authorization = otter.authorization(scopes)
        answer = otter.session.get(authorization.url, allow_redirects=False, timeout=TIMEOUT_S)
        return otter.exchange(authorization, answer.headers["location"])

    return ask


@pytest.fixture
def user(otter: Otter, permit: Callable[..., Token]) -> OtterUser:
    """The first user's organization, with every scope of onboarding."""
    return otter.as_user(permit(otter))


@pytest.fixture(scope="session")
def found_accounts() -> list[Account | None]:
    """What was read of a sandbox account, once it was read."""
    return []


@pytest.fixture
def account(user: OtterUser, target: Target, found_accounts: list[Account | None]) -> Iterator[Account]:
    """
    What the user's organization has: the seed's on a mock, else what the API lists; skips where that is too little.

    Connections of a sandbox account that a test leaves are undone, since the next test meets the same account.
    """
    if target.workspace is not None:
        yield SEEDED
        return
    if not found_accounts:
        found_accounts.append(_read_account(user))
    found = found_accounts[0]
    if found is None:
        pytest.skip("the account has no brand with two stores that are not connected")
    yield found
    for store in found.stores:
        with suppress(NotFound):
            user.disconnect(found.brand, store)


def _read_account(user: OtterUser) -> Account | None:
    brands = tuple(each.id for each in user.brands())
    for brand in brands:
        stores = tuple(each.id for each in user.stores(brand))
        free = tuple(each for each in stores if user.connection(brand, each) is None)
        if len(free) > 1:
            return Account(brand, free, stores, brands)
    return None


@pytest.fixture
def seeded(target: Target) -> None:
    """Skips the test where the account is not that of the seed."""
    target.controlled("what is compared is in the mock's seed data alone")
