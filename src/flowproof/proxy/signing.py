"""Signs requests anew, with the credentials of a sandbox's profile in the place of the client's own."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from flowproof.cases import CaseRequest
from flowproof.exchange import Headers
from flowproof.kit import ProviderKit
from flowproof.target import Site

__all__ = ["Resigner"]


@dataclass(frozen=True, slots=True)
class Resigner:
    """
    Makes the headers that authenticate a request at a sandbox.

    Args:
        kit: Of the provider; says how a request is signed.
        site: The sandbox with its credentials.
    """

    kit: ProviderKit
    site: Site = field(repr=False)

    def __call__(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Headers:
        """
        The new headers.

        Args:
            method: Of the request.
            path: Below the provider's base URL, percent-encoded.
            query: Without the question mark.
            headers: As the client sent them.
            body: As the client sent it.
        """
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        request = CaseRequest(method, path, parameters, dict(headers), body or None, True)
        return tuple(self.kit.headers(self.site, request).items())
