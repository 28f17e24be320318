"""Checks permissions, codes, tokens and connections. Pure functions."""

import base64
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, quote, urlencode

from flowproof.conformance import Finding
from flowproof.plurals import counted

from .errors import Conflict, ErrorRedirect, Invalid, Malformed, NotFound, Unauthorized
from .models import CLIENT_SCOPES, USER_SCOPES, AccessToken, Client, Code, Ticket

__all__ = [
    "TokenRequest",
    "authorization_ticket",
    "check_client_scopes",
    "check_code",
    "check_each_once",
    "connect",
    "disconnect",
    "is_usable",
    "redirect_url",
    "scopes_of",
]

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


def check_each_once(query: str) -> None:
    """
    No parameter is repeated.

    Raises:
        Malformed: One does.
    """
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    for name, times in Counter(names).items():
        if times > 1:
            raise Malformed([_finding("request.query", name, "once", f"{times} times", "otter.authorize.once_each")])


def authorization_ticket(query: Mapping[str, str], client: Client | None) -> Ticket:
    """
    The ticket for an authorization request.

    Args:
        query: Parameters, valid by the contract.
        client: The application of the client id, or None.

    Raises:
        Unauthorized: There is no such client.
        Malformed: The redirect URI is not registered, or challenge and method do not come together.
        ErrorRedirect: The scopes are not those that the client may ask for; the browser goes back with that error.
    """
    if client is None:
        finding = _finding(
            "request.query", "client_id", "a client of this workspace", "another", "otter.authorize.client_known"
        )
        raise Unauthorized([finding], note="No client of this workspace has that client_id; nobody is redirected.")
    redirect_uri = query["redirect_uri"]
    if redirect_uri not in client.redirect_uris:
        finding = _finding(
            "request.query",
            "redirect_uri",
            "a registered redirect URI",
            "another",
            "otter.authorize.redirect_uri_registered",
        )
        raise Malformed([finding], note=_nearly_registered(redirect_uri, client.redirect_uris))
    challenge = query.get("code_challenge")
    if (challenge is None) != ("code_challenge_method" not in query):
        missing = "code_challenge" if challenge is None else "code_challenge_method"
        raise Malformed([_finding("request.query", missing, "a value", "nothing", "otter.authorize.challenge_pair")])
    scopes = scopes_of(query["scope"])
    allowed = USER_SCOPES & client.scopes
    if not scopes or not allowed.issuperset(scopes):
        wrong = sorted(set(scopes) - allowed)
        finding = _finding("request.query", "scope", _listed(allowed), _listed(wrong), "otter.authorize.scope_allowed")
        location = redirect_url(redirect_uri, error="invalid_scope", state=query["state"])
        raise ErrorRedirect([finding], note=_about_scopes(wrong), location=location)
    return Ticket(client.id, redirect_uri, scopes, query["state"], challenge)


def redirect_url(redirect_uri: str, **parameters: str) -> str:
    """The redirect URI with further parameters."""
    mark = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{mark}{urlencode(parameters, quote_via=quote, safe='')}"


def scopes_of(text: str) -> tuple[str, ...]:
    """The scopes in a text, each once, in their order."""
    return tuple(dict.fromkeys(text.split()))


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A form that requests a token with a code."""

    redirect_uri: str
    scopes: tuple[str, ...]
    verifier: str | None

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Self:
        return cls(form["redirect_uri"], scopes_of(form["scope"]), form.get("code_verifier"))


def check_code(request: TokenRequest, code: Code | None, client: Client, *, now_us: int) -> Code:
    """
    Check that a code can be exchanged: this client's, unused, in time, same redirect URI, right verifier and scopes.

    Args:
        request: The form.
        code: The code that the form names, or None.
        client: The application that sent it.
        now_us: The present, in microseconds since 1970.

    Returns:
        The code.

    Raises:
        Malformed: It cannot; where it was used before, ``otter.token.code_once`` is cited.
    """
    if code is not None and code.client_id != client.id:
        raise _unusable(
            "code", "a code that was issued to this client", "another client's", "otter.token.code_of_client"
        )
    if code is None:
        raise _unusable("code", "a code that was issued to this client", "another", "otter.token.code")
    if code.token is not None:
        raise _unusable("code", "a code that was not used", "one that was", "otter.token.code_once")
    if now_us >= code.expires_us:
        late_s = (now_us - code.expires_us) / 1_000_000
        raise _unusable("code", "a code in time", f"one {late_s:g} s too late", "otter.token.code_expired")
    if request.redirect_uri != code.redirect_uri:
        raise _unusable("redirect_uri", "that of the request for authorization", "another", "otter.token.redirect_uri")
    _check_verifier(request.verifier, code.challenge)
    beyond = sorted(set(request.scopes) - set(code.scopes))
    if beyond or not request.scopes:
        raise _unusable("scope", _listed(code.scopes), _listed(beyond), "otter.token.scope_granted")
    return code


def _check_verifier(verifier: str | None, challenge: str | None) -> None:
    if challenge is None:
        if verifier is not None:
            raise _unusable(
                "code_verifier", "nothing, since nobody was challenged", "a verifier", "otter.token.verifier_unasked"
            )
        return
    if verifier is None:
        raise _unusable("code_verifier", "the verifier of the challenge", "nothing", "otter.token.verifier")
    if not VERIFIER.fullmatch(verifier):
        raise _unusable(
            "code_verifier",
            "43 to 128 unreserved characters",
            counted(len(verifier), "character"),
            "otter.token.verifier_form",
        )
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge):
        raise _unusable("code_verifier", "the verifier of the challenge", "another", "otter.token.verifier")


def check_client_scopes(scopes: Sequence[str], client: Client) -> None:
    """
    Check the scopes of a token by client credentials.

    Raises:
        Malformed: It may not.
    """
    allowed = CLIENT_SCOPES & client.scopes
    wrong = sorted(set(scopes) - allowed)
    if wrong or not scopes:
        finding = _finding("request.body", "scope", _listed(allowed), _listed(wrong), "otter.token.scope_of_client")
        raise Malformed([finding], note=_about_scopes(wrong))


def is_usable(token: AccessToken, *, now_us: int) -> bool:
    return not token.is_revoked and now_us < token.expires_us


def connect(partner_store_id: str, *, connected_as: str | None, otter_store: str | None, is_path_id: bool) -> str:
    """
    Check that a store can be connected under the partner's own id.

    Args:
        partner_store_id: The body's ``storeId``.
        connected_as: The partner's id that it is connected under already, or None.
        otter_store: Name of the store that has that id in Otter, where such ids are refused.
        is_path_id: Whether the id equals the path's.

    Raises:
        Conflict: The store is connected already.
        Invalid: The id is one of Otter's own.
    """
    if connected_as is not None:
        raise Conflict(
            [
                _finding(
                    "request.path",
                    "storeId",
                    "a store that is not connected",
                    "one that is",
                    "otter.connection.conflict",
                )
            ],
            note=f"The store is connected as {connected_as!r}. To replace that: DELETE, then POST.",
        )
    if otter_store is not None:
        same = "the id of the path" if is_path_id else f"Otter's id of the store {otter_store!r}"
        raise Invalid(
            [
                _finding(
                    "request.body", "storeId", "the partner's own id", "one of Otter's", "otter.connection.ids_apart"
                )
            ],
            note="Two ids were confused: the path takes Otter's id of the store, the body's storeId is your own "
            f"system's id for it. The body has {same}. "
            "Where your system does use Otter's ids, set refuse_otter_store_id to false.",
        )
    return partner_store_id


def disconnect(connected_as: str | None, *, requirement: str) -> str:
    """
    Check that a store is connected.

    Raises:
        NotFound: It is not.
    """
    if connected_as is None:
        finding = _finding("request.path", "storeId", "a store that is connected", "one that is not", requirement)
        raise NotFound([finding], note="The store is not connected with this application.")
    return connected_as


def _nearly_registered(redirect_uri: str, registered: Iterable[str]) -> str:
    """How a redirect URI differs from a registered one, where it is similar."""
    for each in registered:
        if redirect_uri.rstrip("/") == each.rstrip("/"):
            return "It differs from a registered one by a slash at the end; they are compared character by character."
        if redirect_uri.lower() == each.lower():
            return "It differs from a registered one by upper and lower case; they are compared character by character."
        if redirect_uri.partition("?")[0] == each.partition("?")[0]:
            return "It differs from a registered one in the query; they are compared character by character."
    return "It is not registered for this client; nobody is redirected to it."


def _about_scopes(wrong: Sequence[str]) -> str:
    if not wrong:
        return "No scope is named."
    unknown = [each for each in wrong if each not in USER_SCOPES | CLIENT_SCOPES]
    if unknown:
        return f"The provider has no scope {_listed(unknown)}."
    if USER_SCOPES.intersection(wrong):
        return f"{_listed(wrong)}: not enabled for this client, or only for the authorization code flow."
    return f"{_listed(wrong)}: not enabled for this client, or only for the client credentials flow."


def _unusable(name: str, expected: str, got: str, requirement: str) -> Malformed:
    # The journal redacts findings about parameters that hold secrets; this note holds none.
    note = f"{name}: {expected} was expected, not {got}."
    return Malformed([_finding("request.body", name, expected, got, requirement)], note=note)


def _listed(scopes: Iterable[str]) -> str:
    return " ".join(sorted(scopes))[:200] or "none"


def _finding(where: str, name: str, expected: str, got: str, requirement: str) -> Finding:
    return Finding(where, f"/{name}", expected, got, requirement, "rule")
