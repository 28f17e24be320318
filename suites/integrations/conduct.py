"""
What the Integrations API obliges its clients to, as far as a journal shows it.

A journal has neither tokens nor credentials, so it does not show whether a token has changed.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conduct import (
    Fulfilled,
    Journal,
    JournalExchange,
    Obligation,
    Obligations,
    Observation,
    Violated,
    respects_retry_after,
)

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


def token_was_issued(journal: Journal) -> Iterator[Observation]:
    """The token was issued by the provider."""
    for exchange in journal.citing("integrations.auth.token"):
        yield Violated(f"{exchange} was sent with a token that nobody was issued", (exchange,))


def secrets_stay_out_of_urls(journal: Journal) -> Iterator[Observation]:
    """No URL has a secret, or a parameter with the name of one."""
    for exchange in journal.requests():
        named = [name for name, _ in parse_qsl(exchange.query, keep_blank_values=True) if _is_secret(name)]
        if named:
            yield Violated(f"{exchange} had {' and '.join(named)} in its query", (exchange,))
        elif REDACTED in exchange.path or REDACTED in exchange.query:
            yield Violated(f"a {exchange.method} had a secret in its URL", (exchange,))
        elif exchange.is_accepted:
            yield Fulfilled(f"{exchange} had no secret in its URL", (exchange,))


def _is_secret(name: str) -> bool:
    bare = "".join(each for each in name.lower() if each.isalnum())
    return bare.endswith(SECRET_NAMES) or bare.startswith("credential")


# ---- Refusals ----


def refused_request_is_not_repeated(journal: Journal) -> Iterator[Observation]:
    """A request that was refused with a 4XX is not repeated unchanged while the provider's state is the same."""
    for refused in journal.requests():
        if not _is_final(refused):
            continue
        again = next((each for each in journal.after(refused).requests() if _is_same(each, refused)), None)
        if again is None or _has_changed(journal.between(refused, again)):
            yield Fulfilled(f"{refused} answered {refused.status} was not sent again as it was", (refused,))
        else:
            yield Violated(f"{refused} answered {refused.status} was sent again as it was", (refused, again))


def _is_final(exchange: JournalExchange) -> bool:
    """Whether the same request would be refused again, and the journal shows all of it."""
    says_so = 400 <= exchange.status < 500 and exchange.status not in (401, 429) and not exchange.is_made_to_fail
    return says_so and exchange.request.is_whole and REDACTED.encode() not in exchange.request.body


def _is_same(one: JournalExchange, other: JournalExchange) -> bool:
    return _as_sent(one) == _as_sent(other)


def _as_sent(exchange: JournalExchange) -> tuple[str, str, str, str | None, bytes]:
    content_type = exchange.request.header("content-type")
    return exchange.method, exchange.path, exchange.query, content_type, exchange.request.body


def _has_changed(meanwhile: Journal) -> bool:
    """Whether the client changed the provider's state, or may have."""
    changing = (each for each in meanwhile.requests() if each.operation not in READING)
    return any(each.is_accepted or each.is_lost or each.status >= 500 for each in changing)


# ---- Integrations ----


def integration_is_replaced_in_order(journal: Journal) -> Iterator[Observation]:
    """An active integration is disabled or removed before it is configured again."""
    for exchange in (each for each in journal.of(CONFIGURE) if _platform(each)):
        earlier = journal.before(exchange)
        own = [each for each in earlier.of(CONFIGURE) if _platform(each) == _platform(exchange)]
        if "integrations.configure.once" in exchange.cited and not any(_is_unsure(each) for each in own):
            yield Violated(f"{_platform(exchange)} was configured while it was connected", (exchange,))
        made = next((each for each in reversed(own) if each.is_accepted), None)
        if exchange.is_accepted and made is not None:
            ended = tuple(journal.between(made, exchange).of(DISABLE, REMOVE).accepted())
            what = f"{_platform(exchange)} was configured anew after it had been disabled or removed"
            yield Fulfilled(what, (made, *ended, exchange))


def integration_is_named_by_its_guid(journal: Journal) -> Iterator[Observation]:
    """The identifier in a path is a guid, not the platform's id."""
    for exchange in journal.of(DISABLE, REMOVE).citing("integrations.integration.not_found"):
        named = exchange.parameters.get("businessProviderId")
        configured = [each for each in journal.before(exchange).of(CONFIGURE) if _platform(each) == named]
        if configured:
            yield Violated(f"{exchange} named the platform in the place of the integration", (configured[0], exchange))


def _platform(exchange: JournalExchange) -> Any:
    return _at(exchange.json, "providerId")


# ---- Workflows ----


def trigger_is_named_by_its_guid(journal: Journal) -> Iterator[Observation]:
    """A workflow names its trigger by guid, not by code or name."""
    for exchange in journal.of(CONFIGURE_WORKFLOW).citing("integrations.workflow.trigger_known"):
        named = _at(exchange.json, "triggerId")
        for listed in journal.before(exchange).of(TRIGGERS).accepted():
            found = [each for each in _listed(listed) if named in (_at(each, "code"), _at(each, "name"))]
            if found:
                yield Violated(f"{exchange} named a trigger by its code or name", (listed, exchange))
                break


def toggle_is_not_repeated_blindly(journal: Journal) -> Iterator[Observation]:
    """After a toggle with an unknown outcome the client reads the list before it toggles again."""
    for unsure in journal.of(TOGGLE):
        if not _is_unsure(unsure):
            continue
        again = next((each for each in journal.after(unsure).of(TOGGLE) if each.path == unsure.path), None)
        if again is None:
            yield Fulfilled(f"{unsure} had no answer that counts, and was not sent again", (unsure,))
            continue
        looked = tuple(journal.between(unsure, again).of(LIST).accepted())
        kind, how = (Fulfilled, "after a look at the list") if looked else (Violated, "without a look at the list")
        yield kind(f"{unsure} had no answer that counts, and was sent again {how}", (unsure, *looked, again))


def _is_unsure(exchange: JournalExchange) -> bool:
    return exchange.is_lost or exchange.status >= 500


def _listed(exchange: JournalExchange) -> list[Any]:
    found = _at(exchange.response.json, "data")
    return found if isinstance(found, list) else []


def _at(value: Any, name: str) -> Any:
    """The member of a JSON object; None where the value is not an object or has no such member."""
    return value.get(name) if isinstance(value, dict) else None


OBLIGATIONS = Obligations(
    checked=(
        Obligation(BEARER, token_was_issued, occasion="a request is accepted"),
        Obligation(
            "integrations.auth.not_in_url",
            secrets_stay_out_of_urls,
            occasion="a request is accepted",
        ),
        Obligation(
            "integrations.error.rate_limit",
            respects_retry_after(429),
            occasion="a request is answered 429 with Retry-After, and is repeated on a clock that runs",
        ),
        Obligation(
            "integrations.error.not_repeated",
            refused_request_is_not_repeated,
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
            toggle_is_not_repeated_blindly,
            occasion="the answer to a toggle is lost, or is a 5XX",
        ),
    ),
    enforced=(BEARER, "integrations.error.json", "integrations.error.content_type"),
)
