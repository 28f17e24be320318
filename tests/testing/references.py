"""Reference scenarios of providers that `clients.py` has none of: each drives its client without a mistake."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import requests

from flowproof.clients import RateLimited, ServerFailed, UnexpectedAnswer, Unreachable
from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.integrations import Integrations, Workflow
from flowproof.clients.otter import RETRY_WITH_401, Brand, Organization, Otter, OtterUser, Store
from flowproof.inbox import Inbox
from flowproof.target import Workspace

__all__ = ["CardBuyer", "Merchant", "Scheduler"]

T = TypeVar("T")

APPLICATION, SKU = "1-f2b086b3", "123kdfgf"
ATTEMPTS = 6
PAUSE_S = 30.0
TIMEOUT_S = 300.0
NAME, ENTITY, STORE = "close delivered ones", "Shipment", "kitchen-42"
UNKNOWN = (Unreachable, UnexpectedAnswer, ServerFailed)
"""Errors after which a request may have been processed."""


class CardBuyer:
    """Buys one card of Dots.eco. Whether a card was bought nobody can ask, so it gives up where the answer is lost."""

    provider = "dots_eco"
    gives_up: tuple[type[BaseException], ...] = UNKNOWN

    def __init__(self, workspace: Workspace, client: DotsEco, inbox: Inbox) -> None:
        self.client = client

    def run(self) -> None:
        """Drive the client, and assert what its user wants."""
        assert SKU in {each.sku for each in self.client.cards(APPLICATION)}
        assert self.client.balance(APPLICATION) > 0
        assert self.client.create_card(APPLICATION, SKU).code


class Scheduler:
    """Sets up one workflow of Integrations and switches it off, with a look at the list wherever an answer is lost."""

    provider = "integrations"
    gives_up: tuple[type[BaseException], ...] = ()

    def __init__(self, workspace: Workspace, client: Integrations, inbox: Inbox) -> None:
        self.workspace, self.client = workspace, client

    def run(self) -> None:
        """Drive the client, and assert what its user wants."""
        guid = self.configured().guid
        self.switch_off(guid)
        self.workspace.faults.clear()
        assert [(each.guid, each.is_active) for each in self.listed()] == [(guid, False)]

    def configured(self) -> Workflow:
        """The workflow, which is there once."""
        trigger = self.again(lambda: self.client.triggers(ENTITY))[0]
        action = {"type": "update_status", "status": "closed"}
        for _ in range(ATTEMPTS):
            try:
                return self.client.configure_workflow(NAME, ENTITY, trigger.guid, action, {"status": "delivered"})
            except UNKNOWN:
                if found := self.listed():
                    return found[0]
        raise AssertionError("the workflow could not be set up")

    def switch_off(self, guid: str) -> None:
        for _ in range(ATTEMPTS):
            with suppress(*UNKNOWN):
                self.client.toggle(guid)
            if not self.listed()[0].is_active:
                return
        raise AssertionError("the workflow could not be switched off")

    def listed(self) -> list[Workflow]:
        return [each for each in self.again(lambda: self.client.workflows(ENTITY)) if each.name == NAME]

    def again(self, read: Callable[[], T]) -> T:
        """What is read, however often the answer is lost."""
        for _ in range(ATTEMPTS):
            try:
                return read()
            except UNKNOWN:
                self.workspace.clock.advance(PAUSE_S)
        raise AssertionError("the list could not be read")


class Merchant:
    """Lets a user of Otter give permission and connects a store; where a step is lost, it begins that step anew."""

    provider = "otter"
    gives_up: tuple[type[BaseException], ...] = ()

    def __init__(self, workspace: Workspace, client: Otter, inbox: Inbox) -> None:
        self.workspace, self.client = workspace, client
        client.retry = RETRY_WITH_401  # each token is new, so that a 401 is an occasional one

    def run(self) -> None:
        """Drive the client, and assert what its user wants."""
        user = self.again(self.permitted)
        done = self.again(lambda: user.onboard(first_store, our_store_id=STORE, replace=True))
        connection = self.again(lambda: user.connection(done.brand.id, done.store.id))
        assert connection is not None
        assert connection.store_id == STORE

    def permitted(self) -> OtterUser:
        """A user with a token; a code whose token is lost is used up, so that the user is asked again."""
        authorization = self.client.authorization()
        return self.client.as_user(self.client.exchange(authorization, self.browse(authorization.url)))

    def browse(self, url: str) -> str:
        """The user's browser, which loads the page again where it has failed."""
        for _ in range(ATTEMPTS):
            try:
                answer = self.client.session.get(url, allow_redirects=False, timeout=TIMEOUT_S)
            except requests.RequestException:
                answer = None
            if answer is not None and "location" in answer.headers:
                return str(answer.headers["location"])
            self.workspace.clock.advance(PAUSE_S)
        raise AssertionError("the page could not be loaded")

    def again(self, step: Callable[[], T]) -> T:
        for _ in range(ATTEMPTS):
            try:
                return step()
            except (*UNKNOWN, RateLimited):
                self.workspace.clock.advance(PAUSE_S)
        raise AssertionError("the step never came to its end")


def first_store(_organization: Organization, stores: Any) -> tuple[Brand, Store]:
    """The first brand with its first store."""
    chosen: tuple[Brand, Store] = next(iter(stores))
    return chosen
