"""The scope matrix: no grant, application, permission or exchange reaches an operation without its scope."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients.otter import Otter
from flowproof.target import Workspace

from .operations import OPERATIONS, Operation
from .profiles import NETWORKED
from .raw_client import RawClient, error, returned
from .setup import CLIENT_SCOPES, ENABLED, READ, SERVICE_INTEGRATION, USER_SCOPES
from .strategies import scope_texts


def statuses(raw: RawClient, access_token: str, operations: Sequence[Operation] = OPERATIONS) -> list[int]:
    """The status of each operation for a token."""
    answers = [
        raw.ask(each.method, each.path, access_token, json={"storeId": "kitchen"} if each.has_body else None)
        for each in operations
    ]
    return [each.status_code if each.ok else error(each)[0] for each in answers]


def reached(raw: RawClient, access_token: str) -> set[Operation]:
    """The operations that a token reaches: their status is neither 401 nor 403."""
    answers = zip(OPERATIONS, statuses(raw, access_token), strict=True)
    return {each for each, status in answers if status not in (401, 403)}


@pytest.mark.requirement(
    "otter.access.read", "otter.access.service_integration", "otter.access.user_token", "otter.token.scope_narrowed"
)
@pytest.mark.parametrize("granted", [[READ], [SERVICE_INTEGRATION], [READ, SERVICE_INTEGRATION]], ids=" ".join)
@pytest.mark.parametrize("requested", [[READ], [SERVICE_INTEGRATION], [READ, SERVICE_INTEGRATION]], ids=" ".join)
def test_every_permission_against_every_operation(raw: RawClient, granted: list[str], requested: list[str]) -> None:
    """
    For each permission and each exchange of it, every operation answers as the token's scopes say, and else 403.
    """
    answer = raw.token(code=raw.code(scope=" ".join(granted)), scope=" ".join(requested))
    if not set(requested) <= set(granted):
        assert answer.status_code == 400
        return

    found = statuses(raw, answer.json()["access_token"])

    fine = [200, 200, 200, 200, 200, 404, 204, 204]
    assert found == [ok if each.scope in requested else 403 for each, ok in zip(OPERATIONS, fine, strict=True)]


@pytest.mark.requirement("otter.access.client_token", "otter.access.user_token")
@pytest.mark.parametrize("requested", [{"ping"}, {"stores.manage"}, {"store.read"}, CLIENT_SCOPES], ids=len)
def test_application_token_reaches_no_organization(
    otter: Otter, raw: RawClient, enabled: frozenset[str], requested: frozenset[str]
) -> None:
    """
    A token of the application's own credentials, whatever its scopes, is answered 403 by all eight operations.
    """
    if not requested & enabled:
        pytest.skip(f"the application does not have the scope {' '.join(requested)}")
    token = otter.application_token(sorted(requested & enabled))

    assert statuses(raw, token.access_token) == [403] * len(OPERATIONS)


@pytest.mark.requirement(
    "otter.authorize.scope_allowed",
    "otter.token.scope_granted",
    "otter.token.scope_of_client",
    "otter.access.read",
    "otter.access.service_integration",
    "otter.access.client_token",
)
@NETWORKED
@given(
    role=st.sampled_from(sorted(ENABLED)),
    grant=st.sampled_from(["code", "client"]),
    requested=scope_texts(),
    exchanged=scope_texts(),
)
def test_no_combination_reaches_more_than_it_should(
    workspace: Workspace, make_raw: Callable[[str], RawClient], role: str, grant: str, requested: str, exchanged: str
) -> None:
    """
    Whoever asks for whatever scopes in whatever way reaches exactly what application, permission and exchange allow.
    """
    raw = make_raw(role)
    first, second = set(requested.split()), set(exchanged.split())

    if grant == "client":
        answer = raw.token(grant_type="client_credentials", scope=requested)
        may_have = bool(first) and first <= ENABLED[role] & CLIENT_SCOPES
        allowed: set[str] = set()
    else:
        back = raw.authorize(scope=requested)
        may_ask = bool(first) and first <= ENABLED[role] & USER_SCOPES
        if not may_ask:
            assert back.status_code == 400 if not requested else "code" not in returned(back)
            return
        answer = raw.token(code=returned(back)["code"], scope=exchanged)
        may_have = bool(second) and second <= first
        allowed = second

    assert (answer.status_code == 200) == may_have
    if may_have:
        token = answer.json()["access_token"]
        assert reached(raw, token) == {each for each in OPERATIONS if each.scope in allowed}


@pytest.fixture
def make_raw(workspace: Workspace, make_otter: Callable[..., Otter]) -> Callable[[str], RawClient]:
    """Makes the raw client of an application, once for each role."""
    made: dict[str, RawClient] = {}

    def make(role: str) -> RawClient:
        if role not in made:
            made[role] = RawClient(make_otter(workspace, role=role), workspace.credentials("otter", role))
        return made[role]

    return make
