"""
Signs a request as a workspace's client would, and sends it, for a person who wants to try an operation.

Mocks check signatures and make none; so the signer is handed in by whoever starts the server. A signer may send
requests to the mock itself, to get a token, and is therefore called on another thread, without the lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from flowproof.curl import curl
from flowproof.errors import FlowproofError
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.response import WireResponse

__all__ = ["RequestToSign", "SendingJob", "Signer", "SigningJob"]

LONGEST_WAIT_S = 120.0  # that a fault plan may hold up what is sent


@dataclass(frozen=True, slots=True)
class RequestToSign:
    """
    A request before it is signed.

    Args:
        provider: Slug.
        base_url: Of the provider in a workspace.
        credentials: Parts by name, of the role that the request is made in; None where it is made without any.
        method: In capitals.
        path: Below the base URL, without a query.
        query: Names and values.
        headers: Beside those that the signature adds.
        body: The bytes; None where there is none.
    """

    provider: str
    base_url: str
    credentials: Mapping[str, Any] | None = field(repr=False)
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None


Signer = Callable[[RequestToSign], Mapping[str, str]]
"""Returns the headers that authenticate a request."""


@dataclass(frozen=True, slots=True)
class SigningJob:
    """
    Signs one request.

    Args:
        signer: Makes the headers.
        request: Which request.
        place: Path of the provider in the workspace, such as ``/w/default/acme``.
        query: Encoded, without the question mark.
    """

    signer: Signer
    request: RequestToSign
    place: str
    query: str

    def run(self, address: tuple[str, int]) -> WireResponse:
        """The signed request as JSON, or a problem document; it may take as long as requests to the mock take."""
        try:
            headers = self.signed_headers(address)
        except FlowproofError as error:
            return problem(422, "Cannot be signed", str(error))
        request = self.request
        text = None if request.body is None else request.body.decode()
        url = f"{request.base_url}{request.path}{f'?{self.query}' if self.query else ''}"
        signed = {
            "method": request.method,
            "url": url,
            "headers": headers,
            "body": text,
            "curl": curl(request.method, url, headers.items(), text=text, has_body=text is not None),
        }
        return WireResponse(200, orjson.dumps(signed, option=orjson.OPT_INDENT_2))

    def signed_headers(self, address: tuple[str, int]) -> dict[str, str]:
        """
        The headers of the signed request.

        Args:
            address: Where the server is reached from here, whatever name the client knows it by.

        Raises:
            FlowproofError: It cannot be signed.
        """
        if self.request.credentials is None:
            return dict(self.request.headers)
        near = replace(self.request, base_url=f"http://{authority(address)}{self.place}")
        return {**self.signer(near), **self.request.headers}


@dataclass(frozen=True, slots=True)
class SendingJob:
    """
    Signs one request and sends it to this server, so that no secret leaves it.

    Args:
        signing: Signs it.
        host: The Host header of whoever asked.
    """

    signing: SigningJob
    host: str

    def run(self, address: tuple[str, int]) -> WireResponse:
        """Id of the exchange and the answer's status as JSON, or a problem document."""
        import http.client  # noqa: PLC0415 (no start needs it)

        signing, request = self.signing, self.signing.request
        target = f"{signing.place}{request.path}{f'?{signing.query}' if signing.query else ''}"
        connection = http.client.HTTPConnection(*address, timeout=LONGEST_WAIT_S)
        try:
            headers = {"Host": self.host, **signing.signed_headers(address)}
            connection.request(request.method, target, request.body, headers)
            answer = connection.getresponse()
            sent: dict[str, Any] = {"exchange": answer.getheader("Flowproof-Exchange"), "status": answer.status}
            answer.read()
        except FlowproofError as error:
            return problem(422, "Cannot be signed", str(error))
        except ValueError as error:
            return problem(422, "Cannot be sent", f"{error}.")
        except (OSError, http.client.HTTPException) as error:
            sent = {"exchange": None, "status": 0, "error": f"The answer did not come whole: {error}."}
        finally:
            connection.close()
        return WireResponse(200, orjson.dumps({"error": "", **sent}, option=orjson.OPT_INDENT_2))


def authority(address: tuple[str, int]) -> str:
    """Host and port as a URL has them."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
