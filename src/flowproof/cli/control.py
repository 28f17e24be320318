"""A client of the control API for the commands: every failure is an error with one sentence and a fix."""

from typing import Any
from urllib.parse import quote

import requests

from flowproof.errors import ConfigurationError
from flowproof.tls.trust import trusting

from .unix_adapter import UNIX, UnixAdapter

__all__ = ["Control", "NotFound", "NotReady", "workspace_path"]

PREFIX = "/_flowproof"
TIMEOUT_S = (3.05, 30)


class NotFound(ConfigurationError):
    """The server has no such workspace, exchange or delivery."""


class NotReady(ConfigurationError):
    """The server does not answer, or not yet."""


class Control:
    """
    The control API of one server.

    Args:
        server: Its URL, or ``unix:`` and the file of its socket.
        token: What it asks for.
    """

    def __init__(self, server: str, token: str | None) -> None:
        self._server = server.rstrip("/").removesuffix(PREFIX)
        self._root = self._server
        self._session = requests.Session()
        # No proxy stands before loopback, and no .netrc may replace the token.
        self._session.trust_env = False
        if self._server.startswith(UNIX):
            self._root = "http://localhost"
            self._session.mount(self._root, UnixAdapter(self._server.removeprefix(UNIX)))
        trusting(self._session, self._server)
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str) -> Any:
        return self._request("GET", path, query=query)

    def post(self, path: str, value: Any = None) -> Any:
        return self._request("POST", path, value=value)

    def put(self, path: str, value: Any) -> Any:
        return self._request("PUT", path, value=value)

    def delete(self, path: str) -> None:
        self._request("DELETE", path)

    def check_ready(self, *, timeout_s: float) -> None:
        """
        Ask whether the server is ready. A server without that question is ready when it is healthy.

        Args:
            timeout_s: How long an answer may take.

        Raises:
            NotReady: Nobody answers, or the answer is that the server, or a proxy before it, cannot serve yet.
            ConfigurationError: Another program answers, or the URL is none.
        """
        response = self._probe("/ready", timeout_s)
        if response.status_code in {401, 404}:
            response = self._probe("/health", timeout_s)
        body = self._parsed(response)
        if response.status_code != 200 or not isinstance(body, dict) or body.get("status") not in {"ok", "ready"}:
            raise self._no_flowproof()

    def _probe(self, path: str, timeout_s: float) -> requests.Response:
        response = self._send("GET", f"{self._root}{PREFIX}{path}", timeout_s=timeout_s)
        if response.status_code >= 500:
            raise NotReady(f"{self._server} answers with status {response.status_code}.", "")
        return response

    def _request(self, method: str, path: str, *, query: dict[str, str] | None = None, value: Any = None) -> Any:
        response = self._send(method, f"{self._root}{PREFIX}{path}", params=query, json=value)
        body = self._parsed(response)
        if response.status_code < 300:
            return body
        raise self._problem(response.status_code, body)

    def _send(self, method: str, url: str, *, timeout_s: Any = TIMEOUT_S, **parts: Any) -> requests.Response:
        try:
            return self._session.request(method, url, timeout=timeout_s, allow_redirects=False, **parts)
        except requests.exceptions.SSLError as error:
            raise ConfigurationError(
                f"The certificate of {self._server} is not trusted, or it speaks no TLS: {_innermost(error)}.",
                "Set REQUESTS_CA_BUNDLE to the certificate of its authority; docs/tls.md says more.",
            ) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NotReady(
                f"No server answers at {self._server}.", "Start one with flowproof serve, or name it with --server."
            ) from error
        except (requests.RequestException, ValueError) as error:
            raise ConfigurationError(
                f"{self._server} cannot be asked: {error}.",
                "Name the server as http://HOST:PORT, https://HOST:PORT or unix:FILE.",
            ) from error

    def _parsed(self, response: requests.Response) -> Any:
        try:
            return response.json() if response.content else None
        except requests.JSONDecodeError as error:
            raise self._no_flowproof() from error

    def _problem(self, status: int, body: Any) -> ConfigurationError:
        if not isinstance(body, dict) or "detail" not in body or body.get("status") != status:
            return self._no_flowproof()
        detail = str(body["detail"])
        if status in {401, 403}:
            return ConfigurationError(f"{self._server} refused: {detail}", "Set FLOWPROOF_TOKEN to the server's token.")
        kind = NotFound if status == 404 else ConfigurationError
        return kind(f"{self._server} refused: {detail}", "") if status >= 400 else self._no_flowproof()

    def _no_flowproof(self) -> ConfigurationError:
        return ConfigurationError(
            f"What answers at {self._server} is no Flowproof server.", "Name another with --server."
        )


def _innermost(error: BaseException) -> str:
    """What OpenSSL says, without the connection pool's words around it."""
    while error.__context__ is not None:
        error = error.__context__
    return str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or error)


def workspace_path(workspace: str, below: str = "") -> str:
    """A workspace's path in the control API."""
    return f"/workspaces/{quote(workspace, safe='')}{below}"
