"""
Signs a request as a workspace's client would, for a person who wants to send a first one.

Mocks check signatures and make none; so the signer is handed in by whoever starts the server. A signer may send
requests to the mock itself, to get a token, and is therefore called on another thread, without the lock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from flowproof.curl import curl
from flowproof.errors import FlowproofError
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.response import WireResponse

__all__ = ["RequestToSign", "Signer", "SigningJob"]


@dataclass(frozen=True, slots=True)
class RequestToSign:
    """
    A request before it is signed.

    Args:
        provider: Slug.
        base_url: Of the provider in a workspace.
        credentials: Parts by name, of the role that the request is made in.
        method: In capitals.
        path: Below the base URL, without a query.
        query: Names and values.
        headers: Beside those that the signature adds.
        body: The bytes; None where there is none.
    """

    provider: str
    base_url: str
    credentials: Mapping[str, Any] = field(repr=False)
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
        url: Its URL, with the query.
    """

    signer: Signer
    request: RequestToSign
    url: str

    def run(self) -> WireResponse:
        """The signed request as JSON, or a problem document; it may take as long as requests to the mock take."""
        request = self.request
        try:
            headers = {**self.signer(request), **request.headers}
        except FlowproofError as error:
            return problem(422, "Cannot be signed", str(error))
        text = None if request.body is None else request.body.decode()
        signed = {
            "method": request.method,
            "url": self.url,
            "headers": headers,
            "body": text,
            "curl": curl(request.method, self.url, headers.items(), text=text, has_body=text is not None),
        }
        return WireResponse(200, orjson.dumps(signed, option=orjson.OPT_INDENT_2))
