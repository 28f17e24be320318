"""
What Otter obliges its clients to, as far as a journal shows it.

A journal has neither codes nor tokens: only the mock's findings show whose a request is and which code it has. A list
is identified by its path, a page by the `offsetToken` of the next one.
"""

from collections.abc import Callable, Iterator
from typing import Any

from flowproof.conduct import (
    Exemption,
    Fulfilled,
    Journal,
    JournalCheck,
    JournalExchange,
    Obligation,
    Obligations,
    Observation,
    Violated,
    accepted_requests,
    find_repeat,
    outcome_was_unknown,
    pause_s,
)

__all__ = ["OBLIGATIONS"]

AUTHORIZE, TOKEN = "oauth2Authorize", "requestToken"
BRANDS, STORES = "organizationListBrands", "organizationListStores"
GET, CREATE, DELETE = "organizationGetConnection", "organizationCreateConnection", "organizationDeleteConnection"
ORGANIZATION = (
    "organizationGetOrganization",
    BRANDS,
    "organizationGetBrand",
    STORES,
    "organizationGetStore",
    GET,
    CREATE,
    DELETE,
)
SECRETS = frozenset({"client_secret", "access_token", "code_verifier"})
ENDED = frozenset({"otter.token.lifetime", "otter.token.code_reuse_revokes"})
CONFLICT = "otter.connection.conflict"

# The shortest pause after which a limit accepts a request again: a twentieth of a second, a third of a minute.
PAUSES_S = (("otter.rate.authenticated", 1 / 20), ("otter.rate.unauthenticated", 60 / 3))


# ---- Tokens ----


def has_code(exchange: JournalExchange) -> bool:
    """Whether a token request has a user's code."""
    return exchange.request.form.get("grant_type") == "authorization_code"


def user_token_is_used(journal: Journal) -> Iterator[Observation]:
    """The organization operations are requested with a user's token, not with the application's."""
    for exchange in journal.citing("otter.access.client_token"):
        yield Violated(f"{exchange} was sent with a token of the application's own", (exchange,))


def permission_was_renewed(exchange: JournalExchange, journal: Journal) -> bool:
    """Whether the client got a new token after the old one had ended, and used it."""
    renewed = next((each for each in journal.after(exchange).of(TOKEN).accepted() if has_code(each)), None)
    if renewed is None or find_repeat(exchange, journal.before(renewed)) is not None:
        return False
    return len(journal.after(renewed).of(*ORGANIZATION).accepted()) > 0


def only_valid_token_is_retried(journal: Journal) -> Iterator[Observation]:
    """After a 401 a request is repeated with a valid token, but not with a token that has ended."""
    for exchange in journal.of(*ORGANIZATION):
        again = find_repeat(exchange, journal) if exchange.status == 401 else None
        if again is None:
            continue
        if exchange.is_made_to_fail and again.is_accepted:
            yield Fulfilled(f"{exchange} was answered 401 and sent again", (exchange, again))
        elif ENDED & exchange.cited and not journal.between(exchange, again).of(TOKEN).accepted():
            yield Violated(f"{exchange} was sent again with a token that had ended", (exchange, again))


def secrets_stay_out_of_urls(journal: Journal) -> Iterator[Observation]:
    """No query has a secret as a parameter."""
    for exchange in journal.requests():
        secrets = sorted(SECRETS & exchange.parameters.keys())
        if secrets:
            yield Violated(f"{exchange} had {' and '.join(secrets)} in its URL", (exchange,))
        elif exchange.is_accepted and exchange.operation in (TOKEN, *ORGANIZATION):
            yield Fulfilled("every secret was sent in a header or a body", (exchange,))


# ---- Pages ----


def next_page(exchange: JournalExchange) -> str | None:
    """The token of the next page in the response for a page."""
    body = exchange.response.json
    found = body.get("offsetToken") if exchange.is_accepted and isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def pages(journal: Journal, of: JournalExchange) -> Journal:
    """The requests for pages of one list."""
    return Journal(tuple(each for each in journal.of(of.operation) if each.path == of.path), journal.missing)


def token_is_that_of_the_page_before(journal: Journal) -> Iterator[Observation]:
    """A page is requested with the token of the page before, unchanged."""
    for exchange in journal.of(BRANDS, STORES):
        token = exchange.parameters.get("token")
        if token is None:
            continue
        issued = {next_page(each) for each in pages(journal.before(exchange), exchange)}
        if token in issued:
            yield Fulfilled("the next page was asked for with the token of the page before", (exchange,))
        elif token.replace(" ", "+") in issued:
            yield Violated(f"{exchange} had a token that was not percent-encoded", (exchange,))
        elif not journal.missing:
            yield Violated(f"{exchange} had a token that no page of the list has given", (exchange,))


def list_is_read_on(journal: Journal) -> Iterator[Observation]:
    """A client that reads a page reads the next one too, unless it has chosen a store from those that it read."""
    for exchange in journal.of(BRANDS, STORES):
        token = next_page(exchange)
        if token is None:
            continue
        later = pages(journal.after(exchange), exchange)
        following = next((each for each in later if _token_of(each).replace(" ", "+") == token), None)
        if following is not None:
            yield Fulfilled("the list was read on, page by page", (exchange, following))
        elif not _has_chosen(exchange, journal):
            yield Violated(f"{exchange} was answered with more to follow, which was never asked for", (exchange,))


def _token_of(exchange: JournalExchange) -> str:
    return exchange.parameters.get("token", "")


def _has_chosen(page: JournalExchange, journal: Journal) -> bool:
    """Whether the client requested a store or brand of this list after the page."""
    read = [*pages(journal.before(page), page), page]
    shown = {entry for each in read for entry in _ids(each)}
    name = "storeId" if page.operation == STORES else "brandId"
    later = (each.parameters for each in journal.after(page).requests() if "storeId" in each.parameters)
    return any(each.get(name) in shown for each in later)


def _ids(exchange: JournalExchange) -> Iterator[str]:
    """The ids on a page."""
    body = exchange.response.json
    items = body.get("items") if isinstance(body, dict) else None
    yield from (str(each.get("id")) for each in (items if isinstance(items, list) else ()) if isinstance(each, dict))


# ---- Connections ----


def connections(journal: Journal, of: JournalExchange) -> Journal:
    """The requests for the connection with one store."""
    return Journal(tuple(each for each in journal.of(GET, CREATE, DELETE) if each.path == of.path), journal.missing)


def connection_is_deleted_first(journal: Journal) -> Iterator[Observation]:
    """
    A connection under another storeId is deleted before the store is connected again.

    A refused POST is no violation where the client could think that the store was free, and did not delete afterwards.
    """
    for exchange in journal.of(CREATE):
        requested, before = store_id(exchange.json), connections(journal.before(exchange), exchange)
        known, after = known_as(before), connections(journal.after(exchange), exchange)
        deleted = next((each for each in reversed(before.exchanges) if each.operation == DELETE), None)
        if CONFLICT in exchange.cited and (known not in (None, requested) or len(after.of(DELETE)) > 0):
            yield Violated(f"{exchange} was sent before the connection that there was had been deleted", (exchange,))
        elif exchange.is_accepted and deleted and known_as(connections(before.before(deleted), deleted)) != requested:
            yield Fulfilled("the connection was deleted and then posted anew", (deleted, exchange))


def connection_is_looked_at_first(journal: Journal) -> Iterator[Observation]:
    """
    A store is connected when the client has seen that it is not connected.

    A refused POST under the id that the client has connected the store with itself, and without a look since, is a
    violation; one that repeats a POST of unknown outcome is not, nor is one under another id, which
    `connection_is_deleted_first` judges.
    """
    for exchange in journal.of(CREATE):
        before = connections(journal.before(exchange), exchange)
        last = before.exchanges[-1] if before.exchanges else None
        if last is not None and (last.status >= 500 or outcome_was_unknown(last, exchange)):
            continue
        if CONFLICT in exchange.cited and known_as(before) == store_id(exchange.json):
            seen = tuple(each for each in before if each.is_accepted)[-1:]
            yield Violated(f"{exchange} was sent for a store that the client knew to be connected", (*seen, exchange))
        elif exchange.is_accepted and last is not None and last.operation == GET and last.status == 404:
            yield Fulfilled("a store was connected after it was seen not to be", (last, exchange))


def known_as(journal: Journal) -> str | None:
    """The id under which a store is connected, as far as the client knows after these requests; None if it is not."""
    last = next((each for each in reversed(journal.exchanges) if each.is_accepted or each.status == 404), None)
    if last is None or not last.is_accepted:
        return None
    return store_id(last.json if last.operation == CREATE else last.response.json)


def store_id(body: Any) -> str | None:
    """The partner's id of a store in a body, or None."""
    found = body.get("storeId") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def path_has_otters_id(journal: Journal) -> Iterator[Observation]:
    """The path has Otter's id of a store, not the partner's."""
    for exchange in journal.requests():
        named = exchange.parameters.get("storeId")
        if named is None or exchange.operation not in ORGANIZATION:
            continue
        if exchange.is_accepted:
            yield Fulfilled("a store was asked for by Otter's id", (exchange,))
        elif "otter.store.not_found" in exchange.cited and (not _is_uuid(named) or named in _own_ids(journal)):
            yield Violated(f"{exchange} had an id in its path that is none of Otter's", (exchange,))


def body_has_own_id(journal: Journal) -> Iterator[Observation]:
    """The body has the partner's id of a store, not Otter's."""
    shown = {entry for page in journal.of(STORES).accepted() for entry in _ids(page)}
    for exchange in journal.of(CREATE).accepted():
        if store_id(exchange.json) not in shown:
            yield Fulfilled("a store was connected under the partner's own id", (exchange,))


def _own_ids(journal: Journal) -> set[str | None]:
    return {store_id(each.json) for each in journal.of(CREATE)}


def _is_uuid(text: str) -> bool:
    return [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]


# ---- Failures of the provider, and limits ----


def failed_request_is_repeated(journal: Journal) -> Iterator[Observation]:
    """After 5XX the same request is sent again; after that the client may give up."""
    failed = [each for each in journal.of(TOKEN, *ORGANIZATION) if each.status >= 500]
    for exchange in failed:
        again = find_repeat(exchange, journal)
        if again is not None:
            yield Fulfilled(f"{exchange} got {exchange.status} and was sent again", (exchange, again))
        elif not any(find_repeat(each, journal) is not None and each.repeats(exchange) for each in failed):
            yield Violated(f"{exchange} got {exchange.status} and was never sent again as it was", (exchange,))


def limit_was_waited_out(shortest_s: float) -> Callable[[JournalExchange, Journal], bool]:
    """Make a condition: a request over the limit was repeated after a pause each time, until it was accepted."""

    def waited(exchange: JournalExchange, journal: Journal) -> bool:
        """Whether this request was."""
        while (again := find_repeat(exchange, journal)) is not None:
            if (pause_s(exchange, again) or 0.0) < shortest_s:
                return False
            if again.status != 429:
                return True
            exchange = again
        return False

    return waited


def limit_is_met_with_a_wait(requirement: str, shortest_s: float) -> JournalCheck:
    """Make a check for requests over a limit that were repeated when the limit allowed it."""
    waited = limit_was_waited_out(shortest_s)

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for each request over the limit that was repeated in this way."""
        for exchange in journal.citing(requirement):
            if waited(exchange, journal):
                yield Fulfilled(f"{exchange} was beyond the limit, and was sent again after a wait", (exchange,))

    return check


def has_verifier(exchange: JournalExchange) -> bool:
    """Whether a token request has a verifier."""
    return "code_verifier" in exchange.request.form


OBLIGATIONS = Obligations(
    checked=(
        Obligation(
            "otter.authorize.challenge_pair",
            accepted_requests(
                AUTHORIZE,
                having=lambda exchange: "code_challenge" in exchange.parameters,
                what="a challenge came with its method",
            ),
            occasion="permission is asked for with a challenge",
        ),
        Obligation(
            "otter.token.verifier_form",
            accepted_requests(TOKEN, having=has_verifier, what="a verifier had its form"),
            occasion="a code is exchanged with a verifier",
        ),
        Obligation(
            "otter.token.verifier_unasked",
            accepted_requests(
                TOKEN, having=has_code, what="a verifier came where there was a challenge, and only there"
            ),
            occasion="a code is exchanged",
        ),
        Obligation(
            "otter.token.code_once",
            accepted_requests(TOKEN, having=has_code, what="a code was exchanged"),
            occasion="a code is exchanged",
        ),
        Obligation(
            "otter.token.lifetime",
            accepted_requests(*ORGANIZATION, having=lambda exchange: True, what="a token was used in its time"),
            occasion="a token is used, best of all after its end",
        ),
        Obligation("otter.access.user_token", user_token_is_used, occasion="an organization endpoint is asked"),
        Obligation(
            "otter.access.retry_401",
            only_valid_token_is_retried,
            occasion="a request answered 401 is sent again, as after the named fault plan otter.spurious_401",
        ),
        Obligation(
            "otter.access.secret_in_url",
            secrets_stay_out_of_urls,
            occasion="a token is asked for or used",
        ),
        Obligation(
            "otter.store.otters_id",
            path_has_otters_id,
            occasion="a store or its connection is asked for",
        ),
        Obligation(
            "otter.paging.token",
            token_is_that_of_the_page_before,
            occasion="a page behind the first is asked for",
        ),
        Obligation(
            "otter.paging.read_on",
            list_is_read_on,
            occasion="a list has more than one page",
        ),
        Obligation(
            "otter.connection.replace",
            connection_is_deleted_first,
            occasion="a store that is connected under another storeId is connected anew",
        ),
        Obligation(
            "otter.connection.looked_at",
            connection_is_looked_at_first,
            occasion="a store is connected after a look at its connection",
        ),
        Obligation(
            "otter.connection.ids_apart",
            body_has_own_id,
            occasion="a store is connected",
        ),
        Obligation(
            "otter.error.server",
            failed_request_is_repeated,
            occasion="a request for a token or to an organization endpoint is answered 5XX",
        ),
        *(
            Obligation(
                requirement,
                limit_is_met_with_a_wait(requirement, shortest_s),
                occasion="the workspace's rate_limits are on and a request is answered 429",
            )
            for requirement, shortest_s in PAUSES_S
        ),
    ),
    enforced=(
        "otter.authorize.redirect_uri_registered",
        "otter.authorize.scope_allowed",
        "otter.authorize.once_each",
        "otter.token.form",
        "otter.token.client_one_way",
        "otter.access.bearer",
        "otter.access.user_token",
        "otter.access.read",
        "otter.access.service_integration",
        "otter.request.json",
        "otter.request.content_type",
    ),
    exemptions=(
        Exemption(
            "otter.token.lifetime", permission_was_renewed, why="the token had ended, and the user was asked again"
        ),
        *(
            Exemption(requirement, limit_was_waited_out(shortest_s), why="the limit was waited out")
            for requirement, shortest_s in PAUSES_S
        ),
    ),
)
