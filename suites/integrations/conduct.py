"""
What the Integrations API obliges its clients to, as far as a journal shows it.

A journal has neither tokens nor credentials: whether a token is another than before, it does not show.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conduct import Broken, Journal, Kept, Obligation, Obligations, Observed, Sighting, waits_as_told

__all__ = ["OBLIGATIONS"]

CONFIGURE, DISABLE, REMOVE = "configureIntegration", "disableIntegration", "removeIntegration"
TRIGGERS, LIST, TOGGLE = "listTriggers", "listWorkflows", "toggleWorkflow"
CONFIGURE_WORKFLOW = "configureWorkflow"
READING = (TRIGGERS, LIST)

BEARER = "integrations.auth.bearer"
TRIGGER_ID = "integrations.workflow.trigger_id"
IDENTIFIER = "integrations.integration.identifier"

REDACTED = "[redacted]"
SECRET_NAMES = ("token", "apikey", "apisecret", "secret", "credential", "password", "authorization", "auth")


# ---- Tokens and other secrets ----


def token_was_issued(journal: Journal) -> Iterator[Sighting]:
    """The token is one that somebody was issued."""
    for exchange in journal.citing("integrations.auth.token"):
        yield Broken(f"{exchange} was sent with a token that nobody was issued", (exchange,))


def secrets_stay_out_of_urls(journal: Journal) -> Iterator[Sighting]:
    """No URL has a secret, or a parameter that is called like one."""
    for exchange in journal.requests():
        named = [name for name, _ in parse_qsl(exchange.query, keep_blank_values=True) if _is_secret(name)]
        if named:
            yield Broken(f"{exchange} had {' and '.join(named)} in its query", (exchange,))
        elif REDACTED in exchange.path or REDACTED in exchange.query:
            yield Broken(f"a {exchange.method} had a secret in its URL", (exchange,))
        elif exchange.is_accepted:
            yield Kept(f"{exchange} had no secret in its URL", (exchange,))


def _is_secret(name: str) -> bool:
    bare = "".join(each for each in name.lower() if each.isalnum())
    return bare.endswith(SECRET_NAMES) or bare.startswith("credential")


# ---- Refusals ----


def refused_requests_rest(journal: Journal) -> Iterator[Sighting]:
    """What was refused with a 4XX is not sent again as it is while nothing has changed."""
    for refused in journal.requests():
        if not _is_final(refused):
            continue
        again = next((each for each in journal.after(refused).requests() if _is_same(each, refused)), None)
        if again is None or _has_changed(journal.between(refused, again)):
            yield Kept(f"{refused} answered {refused.status} was not sent again as it was", (refused,))
        else:
            yield Broken(f"{refused} answered {refused.status} was sent again as it was", (refused, again))


def _is_final(exchange: Observed) -> bool:
    """Whether the same request would be refused again, and could be told from another one."""
    says_so = 400 <= exchange.status < 500 and exchange.status not in (401, 429) and not exchange.is_made_to_fail
    return says_so and exchange.request.is_whole and REDACTED.encode() not in exchange.request.body


def _is_same(one: Observed, other: Observed) -> bool:
    return _as_sent(one) == _as_sent(other)


def _as_sent(exchange: Observed) -> tuple[str, str, str, str | None, bytes]:
    content_type = exchange.request.header("content-type")
    return exchange.method, exchange.path, exchange.query, content_type, exchange.request.body


def _has_changed(meanwhile: Journal) -> bool:
    """Whether anything was accepted, or lost, that may have changed what is there."""
    changing = (each for each in meanwhile.requests() if each.operation not in READING)
    return any(each.is_accepted or each.is_lost or each.status >= 500 for each in changing)


# ---- Integrations ----


def integration_is_replaced_in_order(journal: Journal) -> Iterator[Sighting]:
    """An active integration is disabled or removed before it is configured anew."""
    wanted = [each for each in journal.of(CONFIGURE) if _platform(each)]
    for exchange in wanted:
        earlier = journal.before(exchange)
        own = [each for each in earlier.of(CONFIGURE) if _platform(each) == _platform(exchange)]
        if "integrations.configure.once" in exchange.cited and not any(_is_unsure(each) for each in own):
            yield Broken(f"{_platform(exchange)} was configured while it was connected", (exchange,))
        made = next((each for each in reversed(own) if each.is_accepted), None)
        if exchange.is_accepted and made is not None:
            ended = tuple(journal.between(made, exchange).of(DISABLE, REMOVE).accepted())
            what = f"{_platform(exchange)} was configured anew after it had been disabled or removed"
            yield Kept(what, (made, *ended, exchange))


def integration_is_named_by_its_guid(journal: Journal) -> Iterator[Sighting]:
    """The identifier in a path is a guid, not the platform's own."""
    for exchange in journal.of(DISABLE, REMOVE).citing("integrations.integration.not_found"):
        named = exchange.parameters.get("businessProviderId")
        configured = [each for each in journal.before(exchange).of(CONFIGURE) if _platform(each) == named]
        if configured:
            yield Broken(f"{exchange} named the platform in the place of the integration", (configured[0], exchange))


def _platform(exchange: Observed) -> Any:
    return _at(exchange.json, "providerId")


# ---- Workflows ----


def trigger_is_named_by_its_guid(journal: Journal) -> Iterator[Sighting]:
    """The trigger of a workflow is its guid, not its code or name."""
    for exchange in journal.of(CONFIGURE_WORKFLOW).citing("integrations.workflow.trigger_known"):
        named = _at(exchange.json, "triggerId")
        for listed in journal.before(exchange).of(TRIGGERS).accepted():
            found = [each for each in _listed(listed) if named in (_at(each, "code"), _at(each, "name"))]
            if found:
                yield Broken(f"{exchange} named a trigger by its code or name", (listed, exchange))
                break


def toggle_is_not_repeated_unseen(journal: Journal) -> Iterator[Sighting]:
    """After a toggle of which nobody knows what became of it, the list is looked at before the next one."""
    for unsure in journal.of(TOGGLE):
        if not _is_unsure(unsure):
            continue
        again = next((each for each in journal.after(unsure).of(TOGGLE) if each.path == unsure.path), None)
        if again is None:
            yield Kept(f"{unsure} had no answer that counts, and was not sent again", (unsure,))
            continue
        looked = tuple(journal.between(unsure, again).of(LIST).accepted())
        kind, how = (Kept, "after a look at the list") if looked else (Broken, "without a look at the list")
        yield kind(f"{unsure} had no answer that counts, and was sent again {how}", (unsure, *looked, again))


def _is_unsure(exchange: Observed) -> bool:
    return exchange.is_lost or exchange.status >= 500


def _listed(exchange: Observed) -> list[Any]:
    found = _at(exchange.response.json, "data")
    return found if isinstance(found, list) else []


def _at(value: Any, name: str) -> Any:
    """A member of a JSON value, or None."""
    return value.get(name) if isinstance(value, dict) else None


OBLIGATIONS = Obligations(
    watched=(
        Obligation(BEARER, token_was_issued, occasion="a request is accepted"),
        Obligation(
            "integrations.auth.not_in_url",
            secrets_stay_out_of_urls,
            occasion="a request is accepted",
        ),
        Obligation(
            "integrations.error.rate_limit",
            waits_as_told(429),
            occasion="a request is answered 429 with Retry-After, and is repeated on a clock that runs",
        ),
        Obligation(
            "integrations.error.not_repeated",
            refused_requests_rest,
            occasion="a request without secrets is refused with a 4XX other than 401 and 429",
        ),
        Obligation(
            "integrations.configure.replaced",
            integration_is_replaced_in_order,
            occasion="a platform is configured a second time",
        ),
        Obligation(
            IDENTIFIER,
            integration_is_named_by_its_guid,
            occasion="an integration is disabled or removed",
        ),
        Obligation(TRIGGER_ID, trigger_is_named_by_its_guid, occasion="a workflow is configured"),
        Obligation(
            "integrations.workflow.toggle_once",
            toggle_is_not_repeated_unseen,
            occasion="the answer to a toggle is lost, or is a 5XX",
        ),
    ),
    enforced=(BEARER, "integrations.error.json", "integrations.error.content_type"),
)
