"""
What Otter obliges its clients to, as far as a journal shows it.

A journal has neither codes nor tokens: whose a request is, and which code an exchange brought, only the mock's findings
tell. A list is known by its path, a page by the `offsetToken` that leads to the next one.
"""

from collections.abc import Callable, Iterator
from typing import Any

from flowproof.conduct import (
    Broken,
    Excuse,
    Journal,
    Kept,
    Obligation,
    Obligations,
    Observed,
    Sighting,
    Watcher,
    accepted,
    pause_s,
    repeated,
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

# The shortest wait that a limit leaves to whoever met it: a twentieth of a second, a third of a minute.
PAUSES_S = (("otter.rate.authenticated", 1 / 20), ("otter.rate.unauthenticated", 60 / 3))


# ---- Tokens ----


def brings_a_code(exchange: Observed) -> bool:
    """Whether a request for a token brings a user's code."""
    return exchange.request.form.get("grant_type") == "authorization_code"


def user_is_asked(journal: Journal) -> Iterator[Sighting]:
    """A token of the application's own is not presented where one of a user's belongs."""
    for exchange in journal.citing("otter.access.client_token"):
        yield Broken(f"{exchange} was sent with a token of the application's own", (exchange,))


def permission_was_renewed(exchange: Observed, journal: Journal) -> bool:
    """Whether the client noticed that its token had ended: a new one was fetched, with which it went on."""
    renewed = next((each for each in journal.after(exchange).of(TOKEN).accepted() if brings_a_code(each)), None)
    if renewed is None or repeated(exchange, journal.before(renewed)) is not None:
        return False
    return len(journal.after(renewed).of(*ORGANIZATION).accepted()) > 0


def only_a_good_token_is_tried_again(journal: Journal) -> Iterator[Sighting]:
    """A 401 for a valid token is met with the same request; one for a token that has ended is not."""
    for exchange in journal.of(*ORGANIZATION):
        again = repeated(exchange, journal) if exchange.status == 401 else None
        if again is None:
            continue
        if exchange.is_made_to_fail and again.is_accepted:
            yield Kept(f"{exchange} was answered 401 and sent again", (exchange, again))
        elif ENDED & exchange.cited and not journal.between(exchange, again).of(TOKEN).accepted():
            yield Broken(f"{exchange} was sent again with a token that had ended", (exchange, again))


def secrets_stay_out_of_urls(journal: Journal) -> Iterator[Sighting]:
    """No query has a secret among its parameters."""
    for exchange in journal.requests():
        told = sorted(SECRETS & exchange.parameters.keys())
        if told:
            yield Broken(f"{exchange} had {' and '.join(told)} in its URL", (exchange,))
        elif exchange.is_accepted and exchange.operation in (TOKEN, *ORGANIZATION):
            yield Kept("every secret was sent in a header or a body", (exchange,))


# ---- Pages ----


def next_page(exchange: Observed) -> str | None:
    """The token that an answered page has of the next one."""
    answer = exchange.response.json
    found = answer.get("offsetToken") if exchange.is_accepted and isinstance(answer, dict) else None
    return found if isinstance(found, str) else None


def pages(journal: Journal, of: Observed) -> Journal:
    """The requests for pages of one list."""
    return Journal(tuple(each for each in journal.of(of.operation) if each.path == of.path), journal.missing)


def token_is_that_of_the_page_before(journal: Journal) -> Iterator[Sighting]:
    """A page is asked for with a token that the list gave, as it was given."""
    for exchange in journal.of(BRANDS, STORES):
        token = exchange.parameters.get("token")
        if token is None:
            continue
        given = {next_page(each) for each in pages(journal.before(exchange), exchange)}
        if token in given:
            yield Kept("the next page was asked for with the token of the page before", (exchange,))
        elif token.replace(" ", "+") in given:
            yield Broken(f"{exchange} had a token that was not percent-encoded", (exchange,))
        elif not journal.missing:
            yield Broken(f"{exchange} had a token that no page of the list has given", (exchange,))


def list_is_read_on(journal: Journal) -> Iterator[Sighting]:
    """Whoever reads a page that is not the last reads the next one, or has chosen a store from those that it read."""
    for exchange in journal.of(BRANDS, STORES):
        token = next_page(exchange)
        if token is None:
            continue
        later = pages(journal.after(exchange), exchange)
        following = next((each for each in later if _token_of(each).replace(" ", "+") == token), None)
        if following is not None:
            yield Kept("the list was read on, page by page", (exchange, following))
        elif not _has_chosen(exchange, journal):
            yield Broken(f"{exchange} was answered with more to follow, which was never asked for", (exchange,))


def _token_of(exchange: Observed) -> str:
    return exchange.parameters.get("token", "")


def _has_chosen(page: Observed, journal: Journal) -> bool:
    """Whether a store was asked for afterwards, from one of the pages of this list that had been read."""
    read = [*pages(journal.before(page), page), page]
    shown = {entry for each in read for entry in _ids(each)}
    name = "storeId" if page.operation == STORES else "brandId"
    later = (each.parameters for each in journal.after(page).requests() if "storeId" in each.parameters)
    return any(each.get(name) in shown for each in later)


def _ids(exchange: Observed) -> Iterator[str]:
    """The ids that a page shows."""
    answer = exchange.response.json
    items = answer.get("items") if isinstance(answer, dict) else None
    yield from (str(each.get("id")) for each in (items if isinstance(items, list) else ()) if isinstance(each, dict))


# ---- Connections ----


def connections(journal: Journal, of: Observed) -> Journal:
    """The requests that concern the connection with one store."""
    return Journal(tuple(each for each in journal.of(GET, CREATE, DELETE) if each.path == of.path), journal.missing)


def connection_is_deleted_first(journal: Journal) -> Iterator[Sighting]:
    """
    A connection under another storeId is deleted before the store is connected anew.

    A POST that was refused is no replacement where the client could think that the store was free, and left it at that.
    """
    for exchange in journal.of(CREATE):
        wanted, before = store_id(exchange.json), connections(journal.before(exchange), exchange)
        known, after = known_as(before), connections(journal.after(exchange), exchange)
        deleted = next((each for each in reversed(before.exchanges) if each.operation == DELETE), None)
        if CONFLICT in exchange.cited and (known not in (None, wanted) or len(after.of(DELETE)) > 0):
            yield Broken(f"{exchange} was sent before the connection that there was had been deleted", (exchange,))
        elif exchange.is_accepted and deleted and known_as(connections(before.before(deleted), deleted)) != wanted:
            yield Kept("the connection was deleted and then posted anew", (deleted, exchange))


def known_as(journal: Journal) -> str | None:
    """Under which id a store is connected, as far as the client knows after these requests for its connection."""
    telling = (each for each in reversed(journal.exchanges) if each.is_accepted or each.status == 404)
    last = next(telling, None)
    if last is None or not last.is_accepted:
        return None
    return store_id(last.json if last.operation == CREATE else last.response.json)


def store_id(body: Any) -> str | None:
    """The partner's own id of a store, in a body that has one."""
    found = body.get("storeId") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def path_has_otters_id(journal: Journal) -> Iterator[Sighting]:
    """The path has the id that Otter gave a store, and not the partner's own."""
    for exchange in journal.requests():
        named = exchange.parameters.get("storeId")
        if named is None or exchange.operation not in ORGANIZATION:
            continue
        if exchange.is_accepted:
            yield Kept("a store was asked for by Otter's id", (exchange,))
        elif "otter.store.not_found" in exchange.cited and (not _is_uuid(named) or named in _own_ids(journal)):
            yield Broken(f"{exchange} had an id in its path that is none of Otter's", (exchange,))


def body_has_ones_own_id(journal: Journal) -> Iterator[Sighting]:
    """The body has the partner's own id of a store: none that Otter has shown to be its own."""
    shown = {entry for page in journal.of(STORES).accepted() for entry in _ids(page)}
    for exchange in journal.of(CREATE).accepted():
        if store_id(exchange.json) not in shown:
            yield Kept("a store was connected under the partner's own id", (exchange,))


def _own_ids(journal: Journal) -> set[str | None]:
    return {store_id(each.json) for each in journal.of(CREATE)}


def _is_uuid(text: str) -> bool:
    return [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]


# ---- Failures of the provider's, and limits ----


def failed_request_is_repeated(journal: Journal) -> Iterator[Sighting]:
    """After 5XX the same request is sent again; whoever has done so once may give up."""
    failed = [each for each in journal.of(TOKEN, *ORGANIZATION) if each.status >= 500]
    for exchange in failed:
        again = repeated(exchange, journal)
        if again is not None:
            yield Kept(f"{exchange} got {exchange.status} and was sent again", (exchange, again))
        elif not any(repeated(each, journal) is not None and _is_same(each, exchange) for each in failed):
            yield Broken(f"{exchange} got {exchange.status} and was never sent again as it was", (exchange,))


def _is_same(one: Observed, other: Observed) -> bool:
    asked = (one.method, one.path, one.query, one.request.body)
    return asked == (other.method, other.path, other.query, other.request.body)


def limit_was_waited_out(shortest_s: float) -> Callable[[Observed, Journal], bool]:
    """Whether a request beyond the limit was sent again after a wait each time, until it was accepted."""

    def waited(exchange: Observed, journal: Journal) -> bool:
        """Whether this one was."""
        while (again := repeated(exchange, journal)) is not None:
            if (pause_s(exchange, again) or 0.0) < shortest_s:
                return False
            if again.status != 429:
                return True
            exchange = again
        return False

    return waited


def limit_is_met_with_a_wait(requirement: str, shortest_s: float) -> Watcher:
    """A watcher for requests beyond a limit that were sent again when the limit allowed it."""
    waited = limit_was_waited_out(shortest_s)

    def watch(journal: Journal) -> Iterator[Sighting]:
        """Each that was refused for the limit."""
        for exchange in journal.citing(requirement):
            if waited(exchange, journal):
                yield Kept(f"{exchange} was beyond the limit, and was sent again after a wait", (exchange,))

    return watch


def with_verifier(exchange: Observed) -> bool:
    """Whether a request for a token has a verifier."""
    return "code_verifier" in exchange.request.form


OBLIGATIONS = Obligations(
    watched=(
        Obligation(
            "otter.authorize.challenge_pair",
            accepted(
                AUTHORIZE,
                having=lambda exchange: "code_challenge" in exchange.parameters,
                what="a challenge came with its method",
            ),
            occasion="permission is asked for with a challenge",
        ),
        Obligation(
            "otter.token.verifier_form",
            accepted(TOKEN, having=with_verifier, what="a verifier had its form"),
            occasion="a code is exchanged with a verifier",
        ),
        Obligation(
            "otter.token.verifier_unasked",
            accepted(TOKEN, having=brings_a_code, what="a verifier came where there was a challenge, and only there"),
            occasion="a code is exchanged",
        ),
        Obligation(
            "otter.token.code_once",
            accepted(TOKEN, having=brings_a_code, what="a code was exchanged"),
            occasion="a code is exchanged",
        ),
        Obligation(
            "otter.token.lifetime",
            accepted(*ORGANIZATION, having=lambda exchange: True, what="a token was used in its time"),
            occasion="a token is used, best of all after its end",
        ),
        Obligation("otter.access.user_token", user_is_asked, occasion="an organization endpoint is asked"),
        Obligation(
            "otter.access.retry_401",
            only_a_good_token_is_tried_again,
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
            "otter.connection.ids_apart",
            body_has_ones_own_id,
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
    excuses=(
        Excuse("otter.token.lifetime", permission_was_renewed, why="the token had ended, and the user was asked again"),
        *(
            Excuse(requirement, limit_was_waited_out(shortest_s), why="the limit was waited out")
            for requirement, shortest_s in PAUSES_S
        ),
    ),
)
