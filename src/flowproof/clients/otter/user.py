"""The organization operations on behalf of a user: read the structure, connect stores."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from flowproof.clients.errors import NotFound, Refused, UnexpectedAnswer
from flowproof.clients.otter.results import (
    Brand,
    Connection,
    ItemPage,
    Onboarded,
    Organization,
    Store,
    Token,
)
from flowproof.clients.responses import JsonNode
from flowproof.clients.retry import Retry
from flowproof.clients.transport import Call, Transport, json_bytes, path_of, without_netrc

__all__ = ["AlreadyConnected", "Choose", "OtterUser"]

Choose = Callable[[Organization, Iterable[tuple[Brand, Store]]], tuple[Brand, Store]]
T = TypeVar("T")


@dataclass(eq=False)
class AlreadyConnected(Refused):
    """409: the store is connected. To replace the identifier, disconnect and connect again."""


@dataclass(frozen=True, slots=True)
class OtterUser:
    """
    The organization operations on behalf of one user.

    Reads are sent again after a lost response; `connect` and `disconnect` are not, since they may have been processed.

    Args:
        transport: Sends calls.
        token: Of the authorization code flow.
        retry: When to send again.
    """

    transport: Transport = field(repr=False)
    token: Token
    retry: Retry

    def organization(self) -> Organization:
        """The user's organization; each user has one."""
        return Organization.read(self._get(path_of("organization", "v1", "organization")))

    def brands_page(self, limit: int = 100, token: str | None = None) -> ItemPage[Brand]:
        """One page of the organization's brands; `token` is the page before's `next_token`."""
        return ItemPage.read(self._get(_brands(), _paging(limit, token)), Brand.read)

    def brands(self, limit: int = 100) -> Iterator[Brand]:
        """Iterate over all brands; `limit` is the page size."""
        return _walk(lambda token: self.brands_page(limit, token), _brands())

    def brand(self, brand_id: str) -> Brand:
        """
        One brand.

        Raises:
            NotFound: The organization has none of that id.
        """
        return Brand.read(self._get(_brands(brand_id)))

    def stores_page(self, brand_id: str, limit: int = 100, token: str | None = None) -> ItemPage[Store]:
        """One page of a brand's stores; `token` is the page before's `next_token`."""
        return ItemPage.read(self._get(_brands(brand_id, "stores"), _paging(limit, token)), Store.read)

    def stores(self, brand_id: str, limit: int = 100) -> Iterator[Store]:
        """Iterate over all stores of a brand; `limit` is the page size."""
        return _walk(lambda token: self.stores_page(brand_id, limit, token), _brands(brand_id, "stores"))

    def store(self, brand_id: str, store_id: str) -> Store:
        """
        One store.

        Args:
            brand_id: Otter's.
            store_id: Otter's, not ours.

        Raises:
            NotFound: The brand has none of that id.
        """
        return Store.read(self._get(_brands(brand_id, "stores", store_id)))

    def connection(self, brand_id: str, store_id: str) -> Connection | None:
        """
        Our connection with a store; None where it is not connected.

        The provider answers 404 for a store that does not exist, too: ask `store` where that matters.
        """
        try:
            return Connection.read(self._get(_connection(brand_id, store_id)))
        except NotFound:
            return None

    def connect(self, brand_id: str, store_id: str, *, our_store_id: str) -> None:
        """
        Connect a store.

        Args:
            brand_id: Otter's.
            store_id: Otter's identifier of the store.
            our_store_id: Our own identifier of the same store.

        Raises:
            AlreadyConnected: It is connected.
            Unreachable: The response was lost; look at `connection` before trying again.
        """
        try:
            self._send(Call("POST", _connection(brand_id, store_id), body=json_bytes({"storeId": our_store_id})))
        except Refused as refused:
            if refused.status != 409:
                raise
            raise AlreadyConnected(refused.method, refused.path, refused.status, refused.message) from refused

    def disconnect(self, brand_id: str, store_id: str) -> None:
        """
        Undo the connection with a store.

        Raises:
            NotFound: It is not connected.
        """
        self._send(Call("DELETE", _connection(brand_id, store_id)))

    def onboard(self, choose: Choose, *, our_store_id: str, replace: bool = False) -> Onboarded:
        """
        The onboarding flow of the provider's guide, from the structure to the connection.

        Args:
            choose: Is given the organization and, page by page as it asks for them, brands with their stores;
                returns the chosen pair.
            our_store_id: Our own identifier of the store that will be chosen.
            replace: Whether a connection under another identifier is to be replaced.

        Raises:
            AlreadyConnected: It is connected under another identifier, and that is not to be replaced.

        Source:
            seeds/001, "Onboarding flow", steps 1 to 6. Documented.
        """
        organization = self.organization()
        brand, store = choose(organization, self._all_stores())
        before = self.connection(brand.id, store.id)
        if before is not None and before.store_id != our_store_id:
            if not replace:
                text = f"it is connected as {before.store_id!r}"
                raise AlreadyConnected("POST", _connection(brand.id, store.id), None, text)
            self.disconnect(brand.id, store.id)
        if before is None or before.store_id != our_store_id:
            self.connect(brand.id, store.id, our_store_id=our_store_id)
        return Onboarded(organization, brand, store, our_store_id, before.store_id if before else None)

    def _all_stores(self) -> Iterator[tuple[Brand, Store]]:
        return ((brand, store) for brand in self.brands() for store in self.stores(brand.id))

    def _get(self, path: str, query: tuple[tuple[str, str], ...] = ()) -> JsonNode:
        return self.transport.read(self._authorized(Call("GET", path, query, resend_lost=True)), self.retry)

    def _send(self, call: Call) -> None:
        self.transport.send(self._authorized(call), self.retry)

    def _authorized(self, call: Call) -> Call:
        secret = self.token.access_token
        headers = {"Authorization": f"Bearer {secret}"}
        return replace(call, headers=headers, hidden=(secret,), auth=without_netrc)


def _walk(page_after: Callable[[str | None], ItemPage[T]], path: str) -> Iterator[T]:
    token, used = None, set[str]()
    while True:
        page = page_after(token)
        yield from page.items
        token = page.next_token
        if token is None:
            return
        if token in used:
            raise UnexpectedAnswer("GET", path, 200, "came before, so the pages would never end", where="/offsetToken")
        used.add(token)


def _paging(limit: int, token: str | None) -> tuple[tuple[str, str], ...]:
    return (("limit", str(limit)), *((("token", token),) if token is not None else ()))


def _brands(*below: str) -> str:
    return path_of("organization", "v1", "organization", "brands", *below)


def _connection(brand_id: str, store_id: str) -> str:
    return _brands(brand_id, "stores", store_id, "connection")
