"""
What Flow1st obliges its clients to, as far as a journal shows it.

An order is identified by its `externalReference`. A journal has no tokens and signatures: it shows that a request had
them and whether they were right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
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
    every_mistake_is_named,
    signing_mistake,
)

__all__ = ["OBLIGATIONS"]

TOKEN, REFRESH = "generateAccessToken", "refreshAccessToken"
CATALOG, VALIDATE, ORDER = "listProducts", "validateUser", "completeOrder"
SUCCESS, FAILURE = "webhook:SUCCESSFUL", "webhook:FAILED"
EXPIRY = "flow1st.token.expiry"
SIGNATURE = "flow1st.signature.hmac"
WINDOW_S = 300

# A signing mistake of these codes violates a requirement of its own instead of that on the signature as a whole.
MISTAKES = (
    ("flow1st.signature.exact_body", lambda code: code in {"body_reserialised", "body_hashed"}),
    ("flow1st.signature.timestamp", lambda code: code.startswith("timestamp_") and code != "timestamp_missing"),
)


# ---- Orders ----


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """
    A request that completes an order.

    Args:
        reference: The partner's own.
        content: SKU and recipient.
        exchange: The request with its response.
    """

    reference: str
    content: tuple[Any, ...]
    exchange: JournalExchange

    @property
    def outcome_is_unknown(self) -> bool:
        """Whether the client cannot know if the order was accepted: the response was lost, or the provider failed."""
        return self.exchange.is_lost or self.exchange.status >= 500


def orders(journal: Journal) -> Iterator[OrderRequest]:
    """The orders of a journal that have a reference."""
    for exchange in journal.of(ORDER):
        reference = _member(exchange.json, "externalReference")
        if isinstance(reference, str):
            content = tuple(_member(exchange.json, name) for name in ("productBundleSku", "recipientIdentifier"))
            yield OrderRequest(reference, content, exchange)


def lost_order_keeps_its_reference(journal: Journal) -> Iterator[Observation]:
    """
    An order with an unknown outcome is sent again with the same reference.

    What the same user gets for the same bundle is the same order, under whichever e-mail address it comes again.
    """
    for lost in orders(journal):
        later = [each for each in orders(journal.after(lost.exchange)) if each.content == lost.content]
        again = next((each for each in later if each.reference == lost.reference), None)
        if not lost.outcome_is_unknown or not later:
            continue
        if again is not None:
            yield Fulfilled(
                "an order without an answer was sent again with its reference", (lost.exchange, again.exchange)
            )
        else:
            what = "an order without an answer was sent again with another reference, and may be paid twice"
            yield Violated(what, (lost.exchange, later[0].exchange))


def each_order_has_its_own_reference(journal: Journal) -> Iterator[Observation]:
    """Several orders have different references. The provider refuses two orders with one reference."""
    first = {each.reference: each.exchange for each in reversed(list(orders(journal.accepted())))}
    if len(first) > 1:
        yield Fulfilled(f"each of {len(first)} orders has a reference of its own", tuple(first.values()))


# ---- Users ----


def users_are_validated(journal: Journal) -> Iterator[Observation]:
    """
    A client validates a user before it orders for them, and does not order for a user who was not found.

    An order without a validation is a violation only if the order fails: a voucher is for anybody who has its code.
    """
    for order in orders(journal.accepted()):
        asked = [each for each in journal.before(order.exchange).of(VALIDATE) if _is_for(each, order)]
        found = next((each for each in asked if each.is_accepted), None)
        failed = next((each for each in journal.of(FAILURE) if _concerns(each, order)), None)
        if found:
            yield Fulfilled("a user was validated, and then the order completed", (found, order.exchange))
        elif missed := next((each for each in asked if each.status == 404), None):
            yield Violated("an order was completed for a user whom validation had not found", (missed, order.exchange))
        elif failed:
            yield Violated("an order for a user who was never validated has failed", (order.exchange, failed))
    for missed in journal.of(VALIDATE):
        ordered = any(_is_for(missed, each) for each in orders(journal.after(missed)))
        if missed.status == 404 and not ordered:
            yield Fulfilled("a user was not found, and nothing was ordered for them", (missed,))


def _is_for(validation: JournalExchange, order: OrderRequest) -> bool:
    validated = (validation.parameters.get("productBundleSku"), validation.parameters.get("recipientIdentifier"))
    return validated == order.content


def _concerns(webhook: JournalExchange, order: OrderRequest) -> bool:
    return bool(_member(webhook.json, "externalReference") == order.reference)


# ---- Tokens and signatures ----


def expired_token_is_renewed(journal: Journal) -> Iterator[Observation]:
    """A client gets a new token after one has expired; requests that were already sent may be refused as well."""
    for refused in journal.citing(EXPIRY):
        renewed = next(iter(journal.after(refused).of(TOKEN, REFRESH).accepted()), None)
        again = next(iter(journal.after(refused).citing(EXPIRY)), None)
        if renewed is not None:
            yield Fulfilled("an access token that had expired was renewed", (refused, renewed))
        elif again is not None:
            yield Violated("calls went on with an access token that had expired", (refused, again))


def timestamp_is_of_the_moment(journal: Journal) -> Iterator[Observation]:
    """The timestamp of an accepted order is near the provider's clock, whichever window the account has set."""
    for exchange in journal.of(ORDER).accepted():
        signed_at = _instant(exchange.request.header("x-timestamp") or "")
        if signed_at is not None:
            off_s = abs((exchange.at - signed_at).total_seconds())
            what = f"an order was signed {off_s:.0f} s from the provider's clock"
            yield (Fulfilled if off_s <= WINDOW_S else Violated)(what, (exchange,))


# ---- Webhooks ----


def webhook_is_acknowledged(journal: Journal) -> Iterator[Observation]:
    """Every genuine webhook is answered with 2xx in the end, however often it has to be sent."""
    genuine = [each for each in _news(journal) if not _is_forged(each) and "connection" not in _adversary(each)]
    for body in dict.fromkeys(each.request.body for each in genuine):
        attempts = tuple(each for each in genuine if each.request.body == body)
        acknowledged = next((each for each in attempts if 200 <= each.status < 300), None)
        if acknowledged:
            yield Fulfilled(f"the news {_event(attempts[0])} was acknowledged", (acknowledged,))
        else:
            statuses = ", ".join(dict.fromkeys(str(each.status or "nothing") for each in attempts))
            yield Violated(
                f"the news {_event(attempts[0])} was answered with {statuses} and never acknowledged", attempts
            )


def forged_webhook_is_refused(journal: Journal) -> Iterator[Observation]:
    """A webhook with a wrong signature or an old timestamp is not acknowledged."""
    for webhook in _news(journal):
        if not _is_forged(webhook) or not webhook.status:
            continue
        if 200 <= webhook.status < 300:
            yield Violated(f"a forged webhook was acknowledged with {webhook.status}", (webhook,))
        else:
            yield Fulfilled(f"a forged webhook was refused with {webhook.status}", (webhook,))


def _news(journal: Journal) -> list[JournalExchange]:
    """The webhooks of orders: all that was sent but for emails."""
    return [each for each in journal.webhooks() if each.method != "MAIL"]


def _is_forged(webhook: JournalExchange) -> bool:
    adversary = _adversary(webhook)
    return "signature" in adversary or adversary.get("old_timestamp_s", 0) > WINDOW_S


def _adversary(webhook: JournalExchange) -> dict[str, Any]:
    return {name: value for plan in webhook.faults if plan.get("id") == "adversary" for name, value in plan.items()}


def _event(webhook: JournalExchange) -> str:
    return webhook.operation.removeprefix("webhook:")


# ---- The seed's checklist ----


def step_is_done(*operations: str, what: str) -> JournalCheck:
    """Make a check for a step of the checklist that is done when one of these operations was accepted."""

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for the first such request."""
        for first in list(journal.of(*operations).accepted())[:1]:
            yield Fulfilled(what, (first,))

    return check


def webhooks_are_configured(journal: Journal) -> Iterator[Observation]:
    """A webhook was acknowledged."""
    yield from (each for each in webhook_is_acknowledged(journal) if isinstance(each, Fulfilled))


def order_goes_from_end_to_end(journal: Journal) -> Iterator[Observation]:
    """The user was validated under the order's reference, the order completed, and its success acknowledged."""
    for order in orders(journal.accepted()):
        before = journal.before(order.exchange).of(VALIDATE).accepted()
        validated = next((each for each in before if _is_for(each, order) and _has_reference(each, order)), None)
        acknowledged = (each for each in journal.of(SUCCESS) if _concerns(each, order) and 200 <= each.status < 300)
        success = next((each for each in acknowledged if not _is_forged(each)), None)
        if validated and success:
            what = "an order was validated, completed, successful and acknowledged"
            yield Fulfilled(what, (validated, order.exchange, success))


def _has_reference(validation: JournalExchange, order: OrderRequest) -> bool:
    return validation.parameters.get("externalReference") == order.reference


# ---- Exemptions ----


def expired_refresh_token_was_replaced(exchange: JournalExchange, journal: Journal) -> bool:
    """Whether a refresh token had expired (its lifetime is not documented) and key and secret brought new tokens."""
    has_expired = any(each.keyword == "expired" for each in exchange.findings)
    return has_expired and len(journal.after(exchange).of(TOKEN).accepted()) > 0


def country_is_in_no_catalog(exchange: JournalExchange, _: Journal) -> bool:
    """Whether a country has the right form: the catalog does not show where a bundle is sold, so a client may ask."""
    return all(each.keyword == "message" for each in exchange.findings if each.pointer == "/countryCode")


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


OBLIGATIONS = Obligations(
    checked=(
        Obligation(
            "flow1st.onboarding.credentials",
            step_is_done(TOKEN, what="a token was given for API key and secret"),
            occasion="a token is given for API key and secret",
        ),
        Obligation(
            "flow1st.onboarding.authentication",
            step_is_done(CATALOG, VALIDATE, ORDER, what="a call with an access token was accepted"),
            occasion="a call with an access token is accepted",
        ),
        Obligation(
            "flow1st.onboarding.catalog",
            step_is_done(CATALOG, what="the catalog was listed"),
            occasion="the catalog is listed",
        ),
        Obligation(
            "flow1st.onboarding.user_validation",
            users_are_validated,
            occasion="a user is validated and an order completed, or a user is not found",
        ),
        Obligation(
            "flow1st.onboarding.order_completion",
            step_is_done(ORDER, what="a signed order was accepted"),
            occasion="an order is accepted",
        ),
        Obligation(
            "flow1st.onboarding.webhooks",
            webhooks_are_configured,
            occasion="a webhook is acknowledged",
        ),
        Obligation(
            "flow1st.onboarding.end_to_end",
            order_goes_from_end_to_end,
            occasion="an order is validated and completed under one reference, and its success acknowledged",
        ),
        Obligation(
            "flow1st.token.renewed",
            expired_token_is_renewed,
            occasion="a call is refused because its access token has expired",
        ),
        Obligation(
            "flow1st.signature.window",
            timestamp_is_of_the_moment,
            occasion="an order is accepted",
        ),
        *(
            Obligation(requirement, signing_mistake(SIGNATURE, names), occasion="an order is accepted")
            for requirement, names in MISTAKES
        ),
        Obligation(
            "flow1st.order.lost_answer",
            lost_order_keeps_its_reference,
            occasion="the answer to an order is lost, as flow1st.order_answer_lost has it, and the order sent again",
        ),
        Obligation(
            "flow1st.order.reference_taken",
            each_order_has_its_own_reference,
            occasion="several orders are accepted",
        ),
        Obligation(
            "flow1st.webhook.acknowledgement",
            webhook_is_acknowledged,
            occasion="a webhook is delivered",
        ),
        Obligation(
            "flow1st.webhook.receiver_verifies",
            forged_webhook_is_refused,
            occasion="the webhooks' adversary leaves the signature out, falsifies it or makes it old",
        ),
    ),
    enforced=(
        "flow1st.configuration.signing_rule",
        "flow1st.token.basic",
        "flow1st.token.content_type",
        "flow1st.token.refresh_once",
        "flow1st.token.refresh_content_type",
        "flow1st.auth.header",
        "flow1st.auth.token",
        "flow1st.auth.authorization",
        "flow1st.request.content_type",
        "flow1st.request.json",
        "flow1st.request.size",
        "flow1st.request.route",
        "flow1st.request.method",
        "flow1st.signature.header",
        "flow1st.signature.timestamp",
        SIGNATURE,
        "flow1st.signature.hex",
        "flow1st.signature.exact_body",
        "flow1st.signature.iso8601",
        "flow1st.user_validation.once",
        "flow1st.order.content_type",
        "flow1st.order.unknown_sku",
        "flow1st.error.bad_request",
    ),
    exemptions=(
        Exemption(
            SIGNATURE,
            every_mistake_is_named(names for _, names in MISTAKES),
            why="the mistake violates a requirement on a part of it",
        ),
        Exemption(
            "flow1st.token.refresh_once",
            expired_refresh_token_was_replaced,
            why="the refresh token had expired, and new tokens were got with key and secret",
        ),
        Exemption(
            "flow1st.user_validation.country_code",
            country_is_in_no_catalog,
            why="the catalog does not show where a bundle is sold",
        ),
    ),
    unobservable={
        "flow1st.onboarding.emails": "Who is invited is told outside of any request: the checklist proves it.",
        "flow1st.onboarding.channel": "Two parties talk outside of any request: a person attests it.",
        "flow1st.onboarding.registration": "Its step is outside of any request: flowproof checklist flow1st proves it.",
        "flow1st.onboarding.replication": "It is done in the Admin Console: flowproof checklist flow1st proves it.",
        "flow1st.onboarding.top_up": "It is done in the Admin Console: flowproof checklist flow1st proves it.",
        "flow1st.onboarding.uat": "A journal does not show which environment a token is of: the checklist proves it.",
        "flow1st.onboarding.total": "A sum of estimates, which obliges nobody to a request.",
        "flow1st.credentials.differ": "A journal shows no credential, and so not whether two are alike.",
        "flow1st.webhook.repeated": "The journal has what a receiver answered, not what it did with it.",
        "flow1st.webhook.any_2xx": "It says what acknowledges: flow1st.webhook.acknowledgement is judged by it.",
    },
)
