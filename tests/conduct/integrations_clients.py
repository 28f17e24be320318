"""
Shops that use the Integrations API: one that makes no mistake with the reference client, and others that each make one.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import requests

from flowproof.clients import NotFound, RateLimited, Refused, ServerFailed, Unreachable
from flowproof.clients.integrations import Integrations, Workflow

__all__ = [
    "FAULTY_REQUESTS",
    "BlindShop",
    "BluntShop",
    "CodeShop",
    "HeedlessShop",
    "PlatformShop",
    "Shop",
    "StubbornShop",
]

PLATFORM = "provider-uuid"
CREDENTIALS = {
    "apiKey": "your-api-key",
    "apiSecret": "your-api-secret",
    "storeUrl": "https://yourstore.example.com",
}
CLOSE = {"type": "update_status", "status": "closed"}


class Shop:
    """
    A shop that uses an e-commerce platform and workflows and makes no mistake.

    Args:
        integrations: The client.
    """

    def __init__(self, integrations: Integrations) -> None:
        self.integrations = integrations

    def connect(self) -> str:
        """Configure the platform; returns the guid of the integration."""
        return self.integrations.configure(PLATFORM, CREDENTIALS, settings={"syncProducts": True}).guid

    def reconnect(self, guid: str) -> None:
        """Configure the platform again."""
        self.integrations.disable(guid)
        self.connect()

    def disconnect(self, guid: str) -> None:
        """Remove the integration."""
        self.integrations.remove(guid)

    def automate(self, name: str, action: Mapping[str, object] = CLOSE) -> Workflow:
        """Configure a workflow for delivered shipments."""
        (trigger, *_) = self.integrations.triggers("Shipment")
        conditions = {"status": "delivered"}
        return self.integrations.configure_workflow(name, "Shipment", trigger.guid, action, conditions)

    def switch_off(self, guid: str) -> None:
        """Disable a workflow that is enabled, whatever happens to the response."""
        try:
            self.integrations.toggle(guid)
        except (Unreachable, ServerFailed):
            if self._is_on(guid):
                self.integrations.toggle(guid)

    def _is_on(self, guid: str) -> bool:
        return any(each.guid == guid and each.is_active for each in self.integrations.workflows("Shipment"))


class BlindShop(Shop):
    """Toggles again when there is no response."""

    def switch_off(self, guid: str) -> None:
        try:
            self.integrations.toggle(guid)
        except (Unreachable, ServerFailed):
            self.integrations.toggle(guid)


class BluntShop(Shop):
    """Configures first and removes afterwards."""

    def reconnect(self, guid: str) -> None:
        try:
            self.connect()
        except Refused:
            self.integrations.remove(guid)
            self.connect()


class PlatformShop(Shop):
    """Uses the platform's id as that of the integration."""

    def disconnect(self, guid: str) -> None:
        """Remove an integration that does not exist, then the right one."""
        try:
            super().disconnect(PLATFORM)
        except NotFound:
            super().disconnect(guid)


class CodeShop(Shop):
    """Names a trigger by its code."""

    def automate(self, name: str, action: Mapping[str, object] = CLOSE) -> Workflow:
        """Configure a workflow at the second attempt."""
        (trigger, *_) = self.integrations.triggers("Shipment")
        try:
            return self.integrations.configure_workflow(name, "Shipment", trigger.code, action)
        except NotFound:
            return super().automate(name, action)


class StubbornShop(Shop):
    """Repeats a refused request three times."""

    def disconnect(self, guid: str) -> None:
        for _ in range(3):
            try:
                super().disconnect(guid)
            except NotFound:
                continue


class HeedlessShop(Shop):
    """Repeats a request at once when it is told to wait."""

    def automate(self, name: str, action: Mapping[str, object] = CLOSE) -> Workflow:
        try:
            return super().automate(name, action)
        except RateLimited:
            return self.automate(name, action)


# ---- Requests ----


def without_token(request: requests.PreparedRequest, _: str) -> None:
    """Send no token."""
    del request.headers["Authorization"]


def as_header(form: str) -> Callable[[requests.PreparedRequest, str], None]:
    """Send another header in place of the right one."""

    def spoil(request: requests.PreparedRequest, token: str) -> None:
        request.headers["Authorization"] = form.format(token=token)

    return spoil


def with_token_in_query(request: requests.PreparedRequest, token: str) -> None:
    """Send the token in the URL as well."""
    _add_to_query(request, {"access_token": token})


def with_token_under_another_name(request: requests.PreparedRequest, token: str) -> None:
    """Send the token in the URL as well, under a name that does not show what it is."""
    _add_to_query(request, {"t": token})


def with_credentials_in_query(request: requests.PreparedRequest, _: str) -> None:
    """Send the platform's credentials in the URL as well."""
    _add_to_query(request, CREDENTIALS)


def as_text(request: requests.PreparedRequest, _: str) -> None:
    """Send JSON with the media type of text."""
    request.headers["Content-Type"] = "text/plain"


def as_form(request: requests.PreparedRequest, _: str) -> None:
    """Send a form in place of JSON."""
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    request.prepare_body(urlencode({"providerId": PLATFORM}), None)


def as_python(request: requests.PreparedRequest, _: str) -> None:
    """Write JSON as Python prints it."""
    body = request.body if isinstance(request.body, bytes) else b""
    request.prepare_body(body.replace(b'"', b"'"), None)


def _add_to_query(request: requests.PreparedRequest, added: Mapping[str, str]) -> None:
    request.prepare_url(request.url or "", dict(added))


FAULTY_REQUESTS: Mapping[str, tuple[str, Callable[[requests.PreparedRequest, str], None]]] = {
    "no token": ("auth.bearer", without_token),
    "another scheme": ("auth.bearer", as_header("Token {token}")),
    "no scheme": ("auth.bearer", as_header("{token}")),
    "a password": ("auth.bearer", as_header("Basic dXNlcjpwYXNz")),
    "a token that nobody was issued": ("auth.bearer", as_header("Bearer {token}x")),
    "the token in the query too": ("auth.not_in_url", with_token_in_query),
    "the token in the query, disguised": ("auth.not_in_url", with_token_under_another_name),
    "credentials in the query too": ("auth.not_in_url", with_credentials_in_query),
    "JSON as text": ("error.content_type", as_text),
    "a form": ("error.content_type", as_form),
    "quotes of another language": ("error.json", as_python),
}
"""What a client does to a configuration on its way, each with the requirement that it breaks."""
