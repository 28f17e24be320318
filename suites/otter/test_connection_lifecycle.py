"""Connections of stores by two applications at once, against a model of the documented flow."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from flowproof.clients import NotFound
from flowproof.clients.otter import AlreadyConnected, Onboarded, Otter, OtterUser, Token
from flowproof.target import Workspace

from .profiles import NETWORKED
from .raw_client import RawClient, error
from .setup import BRAND, SEEDED, STORES, Account
from .strategies import partner_store_ids

roles, stores, ours = st.sampled_from(["default", "other"]), st.sampled_from(STORES), partner_store_ids()


class ConnectionLifecycle(RuleBasedStateMachine):
    """Connects, reads and disconnects at random; the model is a dict of expected connections."""

    users: Callable[[], dict[str, OtterUser]]

    @initialize()
    def arrive(self) -> None:
        self.user = type(self).users()
        self.model: dict[tuple[str, str], str] = {}
        self.touched: str = STORES[0]

    @rule(role=roles, store=stores, our_store_id=ours)
    def connect(self, role: str, store: str, our_store_id: str) -> None:
        self.touched = store
        if (role, store) in self.model:
            with pytest.raises(AlreadyConnected):
                self.user[role].connect(BRAND, store, our_store_id=our_store_id)
        else:
            self.user[role].connect(BRAND, store, our_store_id=our_store_id)
            self.model[role, store] = our_store_id

    @rule(role=roles, store=stores)
    def disconnect(self, role: str, store: str) -> None:
        self.touched = store
        if (role, store) in self.model:
            self.user[role].disconnect(BRAND, store)
            del self.model[role, store]
        else:
            with pytest.raises(NotFound):
                self.user[role].disconnect(BRAND, store)

    @rule(role=roles, store=stores, our_store_id=ours, replace=st.booleans())
    def onboard(self, role: str, store: str, our_store_id: str, replace: bool) -> None:
        self.touched = store
        before = self.model.get((role, store))
        chosen = lambda _, pairs: next(pair for pair in pairs if pair[1].id == store)  # noqa: E731 (a choice in one line)
        if before not in (None, our_store_id) and not replace:
            with pytest.raises(AlreadyConnected):
                self.user[role].onboard(chosen, our_store_id=our_store_id)
            return
        done = self.user[role].onboard(chosen, our_store_id=our_store_id, replace=replace)
        assert (done.store.id, done.was, done.is_changed) == (store, before, before != our_store_id)
        self.model[role, store] = our_store_id

    @rule(store=stores)
    def look_elsewhere(self, store: str) -> None:
        self.touched = store

    @invariant()
    def each_application_sees_its_own_connection_with_the_store(self) -> None:
        for role, user in self.user.items():
            found = user.connection(BRAND, self.touched)
            assert (found.store_id if found else None) == self.model.get((role, self.touched))


@pytest.mark.requirement(
    "otter.connection.get",
    "otter.connection.not_connected",
    "otter.connection.create",
    "otter.connection.conflict",
    "otter.connection.delete",
    "otter.connection.delete_missing",
    "otter.connection.replace",
    "otter.connection.per_application",
    "otter.connection.body",
)
def test_connection_lifecycle(
    workspace: Workspace, make_workspace: Callable[..., Workspace], make_otter: Callable[..., Otter]
) -> None:
    """
    Whatever two applications do with the stores of one brand, each sees exactly the connections that it made.
    """

    def users() -> dict[str, OtterUser]:
        """Both applications, allowed by one user, in a new workspace."""
        fresh = make_workspace()
        return {role: _allowed(make_otter(fresh, role=role)) for role in ("default", "other")}

    class Machine(ConnectionLifecycle):
        pass

    Machine.users = staticmethod(users)
    few_steps = settings(NETWORKED, max_examples=min(20, settings().max_examples), stateful_step_count=15)
    run_state_machine_as_test(Machine, settings=few_steps)


def _allowed(otter: Otter) -> OtterUser:
    request = otter.authorization()
    back = otter.session.get(request.url, allow_redirects=False).headers["location"]
    return otter.as_user(otter.exchange(request, back))


def first_store(_: Any, pairs: Any) -> Any:
    """Choose the first store."""
    return next(iter(pairs))


@pytest.mark.requirement(
    "otter.consent.user_decides", "otter.connection.create", "otter.store.list", "otter.brand.list"
)
def test_onboarding_flow_in_one_call(otter: Otter, workspace: Workspace) -> None:
    """
    From the callback to the connected store in one call: exchange, structure, choice, 404, POST.
    """
    request = otter.authorization()
    callback = otter.session.get(request.url, allow_redirects=False).headers["location"]

    done: Onboarded = otter.onboard(request, callback, choose=first_store, our_store_id="kitchen-42")

    assert (done.store.id, done.store_id, done.was) == (STORES[0], "kitchen-42", None)


@pytest.mark.requirement("otter.connection.create", "otter.connection.get", "otter.connection.body")
@pytest.mark.parametrize("our_store_id", [" Kitchen 42 ", "KITCHEN", 'küche/42?"%2F"', "7", "k" * 400])
def test_connection_keeps_the_store_id_as_it_is(user: OtterUser, account: Account, our_store_id: str) -> None:
    """
    Whatever the partner calls a store, the connection answers with that very text, as often as it is asked.
    """
    user.connect(account.brand, account.stores[0], our_store_id=our_store_id)

    found = [user.connection(account.brand, account.stores[0]) for _ in range(2)]

    assert [each and each.store_id for each in found] == [our_store_id] * 2


@pytest.mark.requirement("otter.connection.create", "otter.connection.delete", "otter.connection.not_connected")
def test_connection_is_of_one_store_alone(user: OtterUser, account: Account) -> None:
    """
    Connecting and disconnecting a store leaves the other stores of the brand as they are, also under the same storeId.
    """
    user.connect(account.brand, account.stores[0], our_store_id="kitchen")
    after_one = _store_ids(user, account)
    user.connect(account.brand, account.stores[1], our_store_id="kitchen")
    after_two = _store_ids(user, account)
    user.disconnect(account.brand, account.stores[0])

    others = [None] * (len(account.stores) - 2)
    assert [after_one, after_two] == [["kitchen", None, *others], ["kitchen", "kitchen", *others]]
    assert _store_ids(user, account) == [None, "kitchen", *others]


@pytest.mark.requirement("otter.connection.conflict", "otter.error.message")
@pytest.mark.parametrize("again", ["kitchen", "another"])
def test_conflict_leaves_the_connection_as_it_is(raw: RawClient, user: OtterUser, account: Account, again: str) -> None:
    """
    A second POST is answered 409, under the same storeId as under another, and changes nothing.
    """
    user.connect(account.brand, account.stores[0], our_store_id="kitchen")

    answer = raw.ask("POST", account.connection, user.token.access_token, json={"storeId": again})

    assert error(answer)[0] == 409
    assert _store_ids(user, account)[0] == "kitchen"


@pytest.mark.requirement("otter.connection.replace", "otter.connection.delete", "otter.connection.delete_missing")
def test_store_id_is_replaced_by_delete_and_post(raw: RawClient, user: OtterUser, account: Account) -> None:
    """
    After DELETE the store is not connected, and POST connects it under the new storeId, over and over.
    """
    found = []
    for each in ("first", "second", "first"):
        user.connect(account.brand, account.stores[0], our_store_id=each)
        found.append(_store_ids(user, account)[0])
        user.disconnect(account.brand, account.stores[0])
        found.append(_store_ids(user, account)[0])

    assert found == ["first", None, "second", None, "first", None]
    assert error(raw.ask("DELETE", account.connection, user.token.access_token))[0] == 404


@pytest.mark.requirement("otter.connection.per_application", "otter.connection.conflict", "otter.connection.delete")
def test_each_application_has_its_own_connection(workspace: Workspace, make_otter: Callable[..., Otter]) -> None:
    """
    Two applications connect one store under an id each, and one that disconnects leaves the other's connection.
    """
    first, second = (_allowed(make_otter(workspace, role=role)) for role in ("default", "other"))
    first.connect(BRAND, STORES[0], our_store_id="kitchen-1")
    before = _store_ids(second, SEEDED)[0]
    second.connect(BRAND, STORES[0], our_store_id="kitchen-2")
    both = [_store_ids(each, SEEDED)[0] for each in (first, second)]
    first.disconnect(BRAND, STORES[0])

    assert (before, both) == (None, ["kitchen-1", "kitchen-2"])
    assert [_store_ids(each, SEEDED)[0] for each in (first, second)] == [None, "kitchen-2"]


def _store_ids(user: OtterUser, account: Account) -> list[str | None]:
    """Under which id each store of the brand is connected."""
    found = [user.connection(account.brand, each) for each in account.stores]
    return [each.store_id if each else None for each in found]


@pytest.mark.requirement("otter.connection.created_empty")
def test_changes_are_answered_without_a_body(raw: RawClient, user: OtterUser, account: Account) -> None:
    """
    Connecting and disconnecting are answered 204, without a body or a type.
    """
    access = user.token.access_token

    answers = [
        raw.ask("POST", account.connection, access, json={"storeId": "kitchen"}),
        raw.ask("DELETE", account.connection, access),
    ]

    assert [(each.status_code, each.content, "content-type" in each.headers) for each in answers] == [
        (204, b"", False)
    ] * 2


@pytest.mark.requirement("otter.connection.store_id", "otter.connection.request_body")
@pytest.mark.parametrize(
    "body", [{}, {"storeId": None}, {"storeId": ""}, {"storeId": 7}, {"store_id": "a"}, [], "a", 7]
)
def test_connection_needs_a_store_id(raw: RawClient, user: OtterUser, account: Account, body: Any) -> None:
    """
    A body without a storeId that is text is not valid, and connects nothing.
    """
    assert error(raw.ask("POST", account.connection, user.token.access_token, json=body))[0] == 422
    assert user.connection(account.brand, account.stores[0]) is None


@pytest.mark.requirement("otter.request.json", "otter.request.content_type")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b'{"storeId": "\xff"}', "application/json"),
        (b'{"storeId": "a"}', "text/plain"),
        (b"storeId=a", "application/x-www-form-urlencoded"),
    ],
)
def test_body_must_be_json(raw: RawClient, user: OtterUser, account: Account, body: bytes, content_type: str) -> None:
    """
    What is no JSON, or does not say so, is malformed.
    """
    headers = {"Content-Type": content_type}

    assert error(raw.ask("POST", account.connection, user.token.access_token, data=body, headers=headers))[0] == 400


@pytest.fixture
def spare(permit: Callable[..., Token], otter: Otter) -> OtterUser:
    """The same user with another token."""
    return otter.as_user(permit(otter))


@pytest.mark.requirement("otter.connection.per_application")
def test_connection_belongs_to_the_application_not_the_token(
    user: OtterUser, account: Account, spare: OtterUser
) -> None:
    """
    A connection that was made with one token is there for the next.
    """
    user.connect(account.brand, account.stores[0], our_store_id="kitchen-42")
    found = spare.connection(account.brand, account.stores[0])

    spare.disconnect(account.brand, account.stores[0])

    assert found is not None
    assert found.store_id == "kitchen-42"
