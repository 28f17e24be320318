"""Texts, places and sizes at which providers go wrong: what the suites of all providers share."""

import unicodedata
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.edge_cases import (
    CHANGES,
    COMPOSED,
    DECOMPOSED,
    UNUSUAL,
    near_misses,
    page_sizes,
    repeat_refusals,
    unusual_texts,
)


@given(text=st.text(max_size=20))
def test_near_miss_is_another_text(text: str) -> None:
    """No near miss is the text itself, or nothing."""
    assert not {text, ""} & set(near_misses(text).values())


def test_near_misses_have_the_names_of_their_changes() -> None:
    """What would change nothing is left out; names choose."""
    assert set(near_misses("Ab1", "cut off", "other letter case")) == {"cut off", "other letter case"}
    assert set(near_misses("12")).isdisjoint({"other letter case", "composed", "decomposed"})
    assert near_misses(COMPOSED)["decomposed"] == DECOMPOSED
    assert near_misses(DECOMPOSED)["composed"] == COMPOSED
    assert set(CHANGES) >= set(near_misses(COMPOSED))


def test_page_sizes_are_at_the_edges() -> None:
    """A page of one, nearly full, just full and with room; none is empty."""
    assert page_sizes(7) == (1, 4, 6, 7, 8)
    assert page_sizes(1) == (1, 2)
    assert page_sizes(0) == (1,)


def test_unusual_texts_have_what_is_lost_most_often() -> None:
    """Among the known texts are both forms of Unicode, blanks around, both letter cases, and more than 16 bits."""
    texts = UNUSUAL.values()

    assert {unicodedata.is_normalized("NFC", each) for each in texts} == {True, False}
    assert any(each != each.strip() for each in texts)
    assert any(each not in (each.lower(), each.upper()) for each in texts)
    assert any(ord(character) > 0xFFFF for each in texts for character in each)


@given(text=unusual_texts(max_size=12))
def test_unusual_text_has_its_size(text: str) -> None:
    """A text that is drawn is as long as it may be, and can be sent as UTF-8."""
    assert 1 <= len(text) <= 12
    assert text.encode()


class Server:
    """A session of a server that answers with these statuses, one after the other."""

    def __init__(self, *statuses: int) -> None:
        self.hooks: dict[str, list[Any]] = {"response": []}
        self.statuses, self.asked = list(statuses), 0

    def send(self, request: Any, **settings: Any) -> Any:
        """One answer; the hooks of the request see it."""
        self.asked += 1
        copy = SimpleNamespace(copy=lambda: SimpleNamespace(hooks=None))
        answer = SimpleNamespace(status_code=self.statuses.pop(0), request=copy)
        for hook in request.hooks["response"]:
            hook(answer, **settings)
        return answer


@pytest.mark.parametrize(
    ("statuses", "asked"), [((404, 404), 2), ((200,), 1), ((503,), 1), ((429,), 1), ((401, 429), 2)], ids=str
)
def test_refused_request_is_sent_once_more(statuses: tuple[int, ...], asked: int) -> None:
    """A refusal is asked for twice, an answer and a failure once; the second may be that there are too many."""
    server = Server(*statuses)
    repeat_refusals(server)
    server.send(SimpleNamespace(hooks=server.hooks), timeout=1)

    assert server.asked == asked


def test_refusal_that_comes_once_alone_is_found() -> None:
    """A request that is refused the first time and accepted the second fails the test."""
    server = Server(422, 201)
    repeat_refusals(server)

    with pytest.raises(AssertionError, match="refused with 422, then 201"):
        server.send(SimpleNamespace(hooks=server.hooks), timeout=1)
