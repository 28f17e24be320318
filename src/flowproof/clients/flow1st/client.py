"""
The client of Flow1st (Carry1st): digital goods. Signs with its own code, and shares none with any mock.

    with Flow1st.staging(api_key, api_secret, signing_key) as flow1st:
        user = flow1st.validate_user("GEDKZW", bundle, external_reference="ext-1", country="NG")
        order = flow1st.complete_order("ext-1", sku=bundle.sku, recipient=user.recipient, email="a@b.co")

Source:
    distribution-docs.carry1st.com (observed) and what is inferred from it: providers/flow1st.md.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Self, Unpack

from requests.auth import HTTPBasicAuth

from flowproof.clients.client import Client, ClientSettings, normalized_base_url
from flowproof.clients.errors import ClientError, Unauthorized
from flowproof.clients.flow1st.problems import problem
from flowproof.clients.flow1st.results import Bundle, PlacedOrder, Product, Tokens, ValidatedUser, with_exact_numbers
from flowproof.clients.flow1st.signing import Signer, iso_microseconds
from flowproof.clients.responses import JsonNode
from flowproof.clients.transport import Auth, Call, json_bytes, without_netrc
from flowproof.errors import ConfigurationError

__all__ = ["PRODUCTION_URL", "STAGING_URL", "Flow1st", "Flow1stSettings"]

STAGING_URL = "https://api-gateway.platform.stage.carry1st.com"
PRODUCTION_URL = "https://api-gateway.carry1st.com"

AUTHENTICATION = "application/vnd.carry1st.products.distributorauthentication+json"
PRODUCT = "application/vnd.carry1st.products.distributorproduct+json"
ORDER = "application/vnd.carry1st.order.distributor+json"
ROLE = "API_USER"


class Flow1stSettings(ClientSettings, total=False):
    """Settings of `Flow1st`."""

    resend_lost_orders: bool
    timestamp_format: Callable[[datetime], str]


class Flow1st(Client):
    """
    A client of the Flow1st API. Threads may share it: they share its tokens too.

    The first call that needs a token gets one. When Flow1st answers 401, the token is refreshed once, or requested anew
    where the refresh token is refused too, and the call is sent once more.

    5XX and 429 are retried for every call, and so is a lost response: an order keeps its `externalReference`, by which
    Flow1st recognises it. This is inferred; `resend_lost_orders=False` raises `Unreachable` instead.

    Args:
        base_url: URL before `/api`.
        api_key: Names the account.
        api_secret: Proves it at the token endpoint.
        signing_key: Signs orders.
        resend_lost_orders: Whether an order whose response was lost is sent again with the same reference.
        timestamp_format: How the signed timestamp is written: ISO 8601.
        settings: See `ClientSettings`.

    Raises:
        ConfigurationError: The URL or a credential cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        api_secret: str,
        signing_key: str,
        *,
        resend_lost_orders: bool = True,
        timestamp_format: Callable[[datetime], str] = iso_microseconds,
        **settings: Unpack[ClientSettings],
    ) -> None:
        if not (api_key and api_secret and ":" not in api_key and (api_key + api_secret).isascii()):
            raise ConfigurationError(
                "The Flow1st API key or API secret is empty or has characters that cannot be sent.",
                "Copy both again from the Admin Console.",
            )
        super().__init__(
            normalized_base_url(base_url, of="The Flow1st client's base_url", below="/api", such_as=STAGING_URL),
            api="Flow1st",
            problem=problem,
            **settings,
        )
        self._basic = HTTPBasicAuth(api_key, api_secret)
        self._secret = api_secret
        self._signer = Signer(signing_key)
        self._tokens: Tokens | None = None
        self._renewing = threading.Lock()
        self.resend_lost_orders = resend_lost_orders
        self._timestamp_format = timestamp_format

    @classmethod
    def staging(cls, api_key: str, api_secret: str, signing_key: str, **settings: Unpack[Flow1stSettings]) -> Self:
        """A client of the staging host (that Flow1st shares it with Pay1st is inferred)."""
        return cls(STAGING_URL, api_key, api_secret, signing_key, **settings)

    @classmethod
    def production(cls, api_key: str, api_secret: str, signing_key: str, **settings: Unpack[Flow1stSettings]) -> Self:
        """A client of the production host (inferred likewise)."""
        return cls(PRODUCTION_URL, api_key, api_secret, signing_key, **settings)

    def authenticate(self) -> Tokens:
        """
        Get a new pair of tokens with API key and secret, and use it from now on.

        Raises:
            Unauthorized: Key and secret are not a pair.
        """
        call = _call("POST", "/api/distributors/auth/token", AUTHENTICATION, body={"role": ROLE}, auth=self._basic)
        self._tokens = Tokens.read(self._do(call))
        return self._tokens

    def refresh(self) -> Tokens:
        """
        Get a new pair with the current refresh token, and use it from now on; without one, as `authenticate`.

        After a lost response the request is not sent again: the refresh token may be used up.

        Raises:
            Unauthorized: The refresh token is used, expired or unknown.
        """
        refresh = self._tokens.refresh if self._tokens else None
        if refresh is None:
            return self.authenticate()
        body = {"role": ROLE, "refreshToken": refresh}
        call = _call("POST", "/api/distributors/auth/refresh", AUTHENTICATION, body=body, resend_lost=False)
        self._tokens = Tokens.read(self._do(call, hidden=(refresh,)))
        return self._tokens

    def products(self) -> tuple[Product, ...]:
        node = with_exact_numbers(self._authorized(_call("GET", "/api/distributors/products", PRODUCT)))
        return tuple(map(Product.read, node.required_nodes("products")))

    def bundle(self, sku: str) -> Bundle | None:
        """Look up the bundle of that SKU in the catalog."""
        return next((each for product in self.products() for each in product.bundles if each.sku == sku), None)

    def validate_user(self, recipient: str, bundle: Bundle, *, external_reference: str, country: str) -> ValidatedUser:
        """
        Check that a user can get a bundle. Currency, amount and quantity are those of the bundle.

        Args:
            recipient: The user's id on the game's platform.
            bundle: From the catalog.
            external_reference: The partner's own.
            country: ISO 3166, two letters.

        Raises:
            NotFound: The product does not know the user.
            Refused: A parameter does not agree with the catalog.
        """
        query = {
            "recipientIdentifier": recipient,
            "productBundleSku": bundle.sku,
            "externalReference": external_reference,
            "countryCode": country,
            "currencyCode": bundle.currency,
            "amount": amount_text(bundle.price),
            "quantity": "1",
        }
        call = _call("GET", "/api/orders/distributors/user-validation", ORDER, query=tuple(query.items()))
        return ValidatedUser.read(self._authorized(call))

    def complete_order(
        self,
        external_reference: str,
        *,
        sku: str,
        recipient: str,
        email: str,
        webhook_url: str | None = None,
    ) -> PlacedOrder:
        """
        Order a bundle for a user; it is paid from the account's balance.

        With an unknown outcome call it again with the same arguments: that is one order.

        Args:
            external_reference: The partner's own, one for each order.
            sku: Of the bundle.
            recipient: The user's id on the game's platform.
            email: Of the order.
            webhook_url: Where its news goes; by default where the account says.

        Raises:
            Refused: The order is not valid, its reference belongs to another, or the balance is too low: see `code`.
            Unreachable: The response was lost, after all attempts. Call again before you give the money back.
        """
        order = {
            "externalReference": external_reference,
            "productBundleSku": sku,
            "quantity": 1,
            "recipientIdentifier": recipient,
            "email": email,
            **({} if webhook_url is None else {"webhookUrl": webhook_url}),
        }
        call = _call(
            "POST",
            "/api/orders/distributors/order-complete",
            ORDER,
            body=order,
            resend_lost=self.resend_lost_orders,
        )
        return PlacedOrder.read(self._authorized(call, signed=True))

    def _authorized(self, call: Call, *, signed: bool = False) -> JsonNode:
        """Send a call with an access token, and once more with a new token if Flow1st refuses the first."""
        tokens = self._current(instead_of=None)
        try:
            return self._with_token(call, tokens, signed=signed)
        except Unauthorized:
            renewed = self._current(instead_of=tokens)
        return self._with_token(call, renewed, signed=signed)

    def _current(self, *, instead_of: Tokens | None) -> Tokens:
        """The current tokens; where they are `instead_of`, one thread renews them for all."""
        with self._renewing:
            if self._tokens is None:
                return self.authenticate()
            if self._tokens is not instead_of:
                return self._tokens
            try:
                return self.refresh()
            except ClientError:
                return self.authenticate()

    def _with_token(self, call: Call, tokens: Tokens, *, signed: bool) -> JsonNode:
        authorized = replace(call, headers={**call.headers, "AccessToken": f"Bearer {tokens.access}"})
        return self._do(authorized, signed=signed, hidden=(tokens.access, tokens.refresh or ""))

    def _do(self, call: Call, *, signed: bool = False, hidden: tuple[str, ...] = ()) -> JsonNode:
        """Send a call and return the JSON of the response; each attempt is signed anew."""
        guarded = replace(call, hidden=(self._secret, self._signer.signing_key, *hidden))
        return self._transport.read(guarded, self.retry, sign=self._signed if signed else None)

    def _signed(self, call: Call) -> Call:
        proof = self._signer.headers(self._timestamp_format(self._now()), call.body or b"")
        return replace(call, headers={**call.headers, **proof})


def amount_text(price: Decimal) -> str:
    """An amount as a parameter, without an exponent."""
    return f"{price:f}"


def _call(
    method: str,
    path: str,
    media_type: str,
    *,
    query: tuple[tuple[str, str], ...] = (),
    body: object = None,
    resend_lost: bool = True,
    auth: Auth = without_netrc,
) -> Call:
    """An operation with its arguments, before it is authenticated and signed."""
    sent = None if body is None else json_bytes(body)
    return Call(method, path, query, {"Content-Type": media_type}, body=sent, resend_lost=resend_lost, auth=auth)
