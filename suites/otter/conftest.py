"""Fixtures that only Otter's suite needs."""

from collections.abc import Callable, Sequence

import pytest

from flowproof.clients.otter import ONBOARDING, Otter, OtterUser, Token
from flowproof.target import PreconditionMissing, Target

from .access import token_of
from .raw_client import TIMEOUT_S, RawClient
from .setup import ADA


@pytest.fixture
def raw(otter: Otter, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(otter, target.credentials("otter"))


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
        except PreconditionMissing as missing:
            if "access" not in target.site("otter").keys or tuple(scopes) != ONBOARDING or user != ADA:
                pytest.skip(f"{missing}; set FLOWPROOF_OTTER_ACCESS_TOKEN for the tests that need one user's token")
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
