"""The control API of a Flowproof server, known from the outside only: paths, JSON, refusals."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import BaseAdapter

from flowproof.errors import FlowproofError
from flowproof.tls.trust import trusting

__all__ = ["TIMEOUT_S", "ControlRefused", "Requester"]

TIMEOUT_S = 30.0


@dataclass(eq=False)
class ControlRefused(FlowproofError):
    """
    The control API refused, or there was none.

    Args:
        what: Method and path of the request.
        status: Status code; None where no answer came.
        detail: The control API's explanation.
    """

    what: str
    status: int | None
    detail: str

    def __str__(self) -> str:
        answered = "could not be asked" if self.status is None else f"answered {self.status}"
        return f"{self.what} {answered}: {self.detail}"


class Requester:
    """
    Sends control requests to a Flowproof server.

    Args:
        url: Root of the server, without the control API's prefix.
        token: What its control API asks for, where it does.
        adapter: The transport, where it is not that of requests.
    """

    def __init__(self, url: str, token: str | None = None, *, adapter: BaseAdapter | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a server of our own is never behind a proxy
        trusting(self._session, self.url)
        if adapter is not None:
            self._session.mount("http://", adapter)
            self._session.mount("https://", adapter)
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def close(self) -> None:
        self._session.close()

    def ask(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """
        One control request; its answer's JSON, or None where that is empty.

        Args:
            method: Of HTTP.
            path: Below `/_flowproof`.
            json: The body's value; None for no body.
            query: Parameters; those that are None are left out.

        Raises:
            ControlRefused: The server refused, or there was no answer.
        """
        parameters = {name: value for name, value in query.items() if value is not None}
        target = f"/_flowproof{path}{'?' + urlencode(parameters) if parameters else ''}"
        try:
            answer = self._session.request(method, self.url + target, json=json, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            raise ControlRefused(f"{method} {self.url}{target}", None, _first_line(error)) from error
        if not answer.ok:
            raise ControlRefused(f"{method} {target}", answer.status_code, _detail(answer))
        return answer.json() if answer.content else None


def _first_line(error: requests.RequestException) -> str:
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])


def _detail(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(body.get("detail", body)) if isinstance(body, dict) else str(body)
