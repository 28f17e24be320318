"""What each client does with a success whose JSON breaks off: it is as lost as an answer that never came."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from flowproof.clients import Retry, UnexpectedAnswer
from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.flow1st import Flow1st
from flowproof.clients.integrations import Integrations
from flowproof.clients.oneflow import OneFlow
from flowproof.clients.otter import Otter, Token
from tests.clients.oneflow_answers import ORDER, RECEIPT
from tests.clients.scripted import Provider, Reply

LATER = datetime(2100, 1, 1, tzinfo=UTC)
CUT = Reply(200, b'{"success": tr', {"Content-Type": "application/json"})
AT_ONCE = Retry(first_delay_s=0)
TOKENS = {"role": "API_USER", "accessToken": "access", "refreshToken": "refresh"}
Use = Callable[[str], object]


def flow1st(url: str) -> Flow1st:
    """A client of the scripted provider."""
    return Flow1st(url, "key", "secret", "signing key", retry=AT_ONCE)


def organization(url: str) -> object:
    """Read the organization of a user."""
    otter = Otter(url, "client", "secret", retry=AT_ONCE)
    return otter.as_user(Token("token", (), LATER, {})).organization()


READS: dict[str, tuple[Use, list[Any]]] = {
    "dots_eco": (lambda url: DotsEco(url, "token", retry=AT_ONCE).cards("app"), [[]]),
    "flow1st": (lambda url: flow1st(url).products(), [TOKENS, {"products": []}]),
    "integrations": (
        lambda url: Integrations(url, "token", retry=AT_ONCE).triggers("Order"),
        [{"success": True, "data": []}],
    ),
    "oneflow": (lambda url: OneFlow(url, "token", "secret", retry=AT_ONCE).validate(ORDER), [ORDER]),
    "otter": (organization, [{"id": "1", "name": "Organization"}]),
}
WRITES: dict[str, Use] = {
    "dots_eco": lambda url: DotsEco(url, "token", retry=AT_ONCE).create_card("app", "sku"),
    "integrations": lambda url: Integrations(url, "token", retry=AT_ONCE).toggle("guid"),
    "oneflow": lambda url: OneFlow(url, "token", "secret", retry=AT_ONCE).submit(ORDER),
    "otter": lambda url: Otter(url, "client", "secret", retry=AT_ONCE).application_token(("a",)),
}


@pytest.mark.parametrize(("read", "answers"), READS.values(), ids=READS)
def test_read_is_repeated_where_its_answer_is_cut(read: Use, answers: list[Any], provider: Provider) -> None:
    """What may be sent again is sent again where the JSON of its answer breaks off."""
    *before, last = answers
    provider.replies(*(Reply(200, each) for each in before), CUT, Reply(200, last))

    read(provider.url)

    assert len(provider.seen) == len(before) + 2


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_write_is_not_repeated_where_its_answer_is_cut(write: Use, provider: Provider) -> None:
    """What may have been done is not sent again: the caller learns that the answer could not be read."""
    provider.replies(CUT, Reply(201, RECEIPT))

    with pytest.raises(UnexpectedAnswer, match="is not JSON"):
        write(provider.url)

    assert len(provider.seen) == 1


def test_answer_with_a_wrong_member_is_not_repeated(provider: Provider) -> None:
    """A whole answer that lacks a member says what the provider does: the same request would get it again."""
    provider.replies(Reply(200, {"success": True}), Reply(200, {"success": True, "data": []}))

    with pytest.raises(UnexpectedAnswer):
        Integrations(provider.url, "token", retry=AT_ONCE).triggers("Order")

    assert len(provider.seen) == 1
