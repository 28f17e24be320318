"""Bought cards: their members, their ids, and texts that are accepted unchanged."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.clients import ValidationFailed
from flowproof.clients.dots_eco import DotsEco
from flowproof.target import Workspace

from .calendar import Day, last_day, text_of
from .profiles import NETWORKED
from .raw_client import RawClient, invalid
from .setup import APPLICATION, EXAMPLE, OTHER, SEED, SKU, addresses
from .strategies import any_json, texts

MEMBERS = ["sku", "title", "redeem_url", "card_image", "redeem_instructions", "code", "card_id", "amount"]
MEMBERS += ["expiration_date", "recipient_email", "recipient_name", "from", "message"]
TEXTS = ["recipient_name", "from", "message"]


@pytest.mark.requirement("dots_eco.flow_card.created", "dots_eco.flow_card.members", "dots_eco.flow_card.echo")
@pytest.mark.requirement("dots_eco.error.success_boolean", "dots_eco.error.objects", "dots_eco.error.either")
@pytest.mark.requirement("dots_eco.answer.json")
def test_example_is_answered_to_the_letter(today: Day, raw: RawClient) -> None:
    """
    The document's example, with a day of next year, is answered as its example shows, but for the card's id and code.
    """
    day = f"{today[0] + 1}{EXAMPLE['expiration_date'][4:]}"
    answer = raw.add({**EXAMPLE, "expiration_date": day})

    card = answer.json()["response"]
    sku = SEED["skus"][0]
    shown = {
        **{name: sku[name] for name in ("sku", "title", "redeem_url", "card_image", "redeem_instructions")},
        "code": card["code"],
        "card_id": card["card_id"],
        "amount": "10.30",
        "expiration_date": f"{day} 00:00:00",
        **{name: EXAMPLE[name] for name in ("recipient_email", "recipient_name", "from", "message")},
    }
    assert (answer.status_code, raw.same(answer, {"success": True, "response": shown})) == (200, True)


@pytest.mark.requirement("dots_eco.flow_card.members", "dots_eco.flow_card.absent")
@pytest.mark.requirement("dots_eco.flow_card.recipient_email.optional", "dots_eco.flow_card.recipient_name.optional")
@pytest.mark.requirement("dots_eco.flow_card.from.optional", "dots_eco.flow_card.message.optional")
@pytest.mark.parametrize("given", [{}, dict.fromkeys([*TEXTS, "recipient_email", "expiration_date"])], ids=str)
def test_card_without_options_shows_nulls(raw: RawClient, given: dict[str, None]) -> None:
    """
    What was left out, or null, is null in the card, and no member is missing.
    """
    card = raw.add({"app_token": APPLICATION, "sku": SKU, **given}).json()["response"]

    assert sorted(card) == sorted(MEMBERS)
    assert [card[name] for name in ("recipient_email", *TEXTS)] == [None] * 4


@pytest.mark.requirement("dots_eco.flow_card.card_id", "dots_eco.flow_card.amount", "dots_eco.flow_card.code")
@pytest.mark.requirement("dots_eco.flow_card.of_sku", "dots_eco.flow_card.app_token.format")
@pytest.mark.parametrize(
    ("app_token", "sku", "amount", "start"),
    [
        (APPLICATION, SKU, "10.30", "1-123kdfgf-10.3-"),
        (APPLICATION, "forest100", "100.00", "1-forest100-100-"),
        (OTHER, "reef5", "5.05", "5-reef5-5.05-"),
    ],
)
def test_card_is_of_its_sku(raw: RawClient, app_token: str, sku: str, amount: str, start: str) -> None:
    """
    Id and amount are text, and the code has the application's number, the SKU, the short amount and eight digits.
    """
    card = raw.add({"app_token": app_token, "sku": sku}).json()["response"]

    assert re.fullmatch("[0-9]+", card["card_id"])
    assert card["amount"] == amount
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{8}", card["code"])


@pytest.mark.requirement("dots_eco.flow_card.repeat", "dots_eco.flow_card.unique")
def test_same_request_makes_another_card(raw: RawClient) -> None:
    """
    The same request again makes another card, with an id and a code of its own.
    """
    cards = [raw.card().json()["response"] for _ in range(20)]

    assert len({card["card_id"] for card in cards}) == len({card["code"] for card in cards}) == 20


@pytest.mark.requirement("dots_eco.flow_card.unique")
def test_workspaces_of_one_seed_make_the_same_cards(
    make_workspace: Callable[..., Workspace], make_dots_eco: Callable[..., DotsEco]
) -> None:
    """
    On a mock, ids and codes come from the workspace's id and seed: with the same there are the same cards, else others.
    """

    def cards_of(seed: str) -> list[tuple[str, str]]:
        """Ids and codes of three cards in a new workspace of that seed."""
        with make_workspace(id="cards-of-one-seed", seed=seed) as workspace:
            client = make_dots_eco(workspace)
            cards = [client.create_card(APPLICATION, SKU) for _ in range(3)]
        return [(card.card_id, card.code) for card in cards]

    first, again, other = map(cards_of, ("lorem", "lorem", "ipsum"))

    assert first == again
    assert not set(first) & set(other)


@pytest.mark.requirement("dots_eco.flow_card.refused")
def test_refused_request_makes_no_card(workspace: Workspace, raw: RawClient) -> None:
    """
    On a mock, a card that was bought is kept as it was answered, and a refused request keeps nothing.
    """
    bought = raw.card(message="kept").json()["response"]
    raw.card(expiration_date="")
    raw.card(recipient_email="")

    assert workspace.control("GET", "dots_eco/cards") == {"cards": [{"app_token": APPLICATION, **bought}]}


@pytest.mark.requirement("dots_eco.flow_card.echo", "dots_eco.flow_card.text.any")
@pytest.mark.parametrize("name", TEXTS)
@NETWORKED
@given(text=texts())
@example(text="")
@example(text=" ")
@example(text="Jörg Müller 🌱 王小明 עברית")
@example(text="<script>alert('\"&')</script>")
@example(text="a\r\n\tb\x00\x7f\u2028")
@example(text="e\u0301")
def test_any_text_is_taken_as_it_is(raw: RawClient, name: str, text: str) -> None:
    """
    A name or a message may be any text, and the card shows the very same.
    """
    card = raw.add({"app_token": APPLICATION, "sku": SKU, name: text}).json()["response"]

    assert card[name] == text


@pytest.mark.requirement("dots_eco.flow_card.text.any")
@pytest.mark.parametrize("length", [255, 256, 65_535, 65_536, 150_000])
def test_very_long_message_is_kept_whole(raw: RawClient, length: int) -> None:
    """
    A message may be very long: nothing is cut off.
    """
    message = "ä" * length

    assert raw.card(message=message).json()["response"]["message"] == message


@pytest.mark.requirement("dots_eco.flow_card.recipient_name.type", "dots_eco.flow_card.recipient_name.invalid")
@pytest.mark.requirement("dots_eco.flow_card.from.type", "dots_eco.flow_card.from.invalid")
@pytest.mark.requirement("dots_eco.flow_card.message.type", "dots_eco.flow_card.message.invalid")
@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [0, 1.5, True, False, [], ["text"], {}, {"text": "text"}], ids=str)
def test_name_or_message_of_another_type_is_invalid(raw: RawClient, name: str, value: Any) -> None:
    """
    A name or a message that is no text is invalid, in the words of the documented messages.
    """
    answer = raw.add({"app_token": APPLICATION, "sku": SKU, name: value})

    assert answer.json() == {"success": False, "errors": {name: [f"The {name} is invalid."]}}


@pytest.mark.requirement("dots_eco.request.unknown_fields")
@NETWORKED
@given(further=st.dictionaries(texts().filter(lambda name: name not in {*EXAMPLE}), any_json(), max_size=4))
@example(further={"card_id": "1", "code": "1-x-0-00000000", "amount": "1000.00", "title": "Free"})
@example(further={"APP_TOKEN": "9-00000000", "Message": 7, "recipient_email ": "none"})
@example(further={"success": False, "errors": {}})
def test_unknown_parameters_change_nothing(raw: RawClient, further: dict[str, Any]) -> None:
    """
    Parameters that the page does not know are ignored, and are not in the card.
    """
    card = raw.add({**further, "app_token": APPLICATION, "sku": SKU}).json()["response"]

    assert sorted(card) == sorted(MEMBERS)
    assert (card["title"], card["amount"]) == ("Lorem flow card", "10.30")


@pytest.mark.requirement("dots_eco.flow_card.recipient_email.syntax", "dots_eco.flow_card.echo")
@pytest.mark.parametrize(("address", "why"), addresses(valid=True).items(), ids=lambda text: text[:30])
def test_valid_address_is_taken_as_it_is(raw: RawClient, address: str, why: str) -> None:
    """
    A valid address is accepted, and shown exactly as it was sent.
    """
    card = raw.card(recipient_email=address).json()["response"]

    assert card["recipient_email"] == address, why


@pytest.mark.requirement("dots_eco.flow_card.recipient_email.invalid", "dots_eco.flow_card.recipient_email.syntax")
@pytest.mark.parametrize(("address", "why"), addresses(valid=False).items(), ids=lambda text: repr(text[:30]))
def test_text_that_is_no_address_is_invalid(raw: RawClient, address: str, why: str) -> None:
    """
    A text that is no address is invalid.
    """
    answer = raw.card(recipient_email=address)

    assert answer.json() == invalid(recipient_email="The recipient_email is invalid."), why


@pytest.mark.requirement("dots_eco.flow_card.recipient_email.type", "dots_eco.flow_card.recipient_email.invalid")
@pytest.mark.parametrize("value", [0, 1.5, True, False, [], ["test@test.com"], {}, "a@" + "b" * 100_000, "@" * 100_000])
def test_address_of_another_type_or_length_is_invalid(raw: RawClient, value: object) -> None:
    """
    An address that is no text, or far too long, is invalid.
    """
    assert raw.card(recipient_email=value).json() == invalid(recipient_email="The recipient_email is invalid.")


@pytest.mark.requirement("dots_eco.flow_card.created")
def test_client_reads_the_card(today: Day, dots_eco: DotsEco) -> None:
    """
    The client gives back what was bought, with a date and a decimal amount.
    """
    card = dots_eco.create_card(APPLICATION, "forest100", recipient_name="Flow user", sender_name="John doe")

    assert (str(card.amount), card.expires_on.isoformat(), card.offer.title) == (
        "100.00",
        text_of(last_day(today)),
        "Forest flow card",
    )
    assert (card.recipient_name, card.sender_name, card.message) == ("Flow user", "John doe", None)


@pytest.mark.requirement("dots_eco.error.every_field")
def test_client_tells_every_fault(dots_eco: DotsEco) -> None:
    """
    The client raises one error that has every parameter's message.
    """
    with pytest.raises(ValidationFailed) as refused:
        dots_eco.create_card("", "nothing", expiration_date="31/12/2025")

    assert sorted(each.path for each in refused.value.validations) == ["app_token", "expiration_date", "sku"]
