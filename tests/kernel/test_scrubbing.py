"""Secret members of JSON texts: taken out whatever their value, also of texts that are malformed or cut off."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.conformance import Finding
from flowproof.kernel import Credential, Provider
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.scrubbing import Scrubber
from flowproof.mocks.oneflow import provider as somebody

SECRET = "the-secret-0123456789"
NAMES = frozenset({"credentials", "apiKey"})
JSON = "application/json"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def provider_with(names: frozenset[str]) -> Provider:
    """A provider with secret members of these names."""
    return Provider(
        slug="acme",
        title="Acme",
        routes=somebody.routes,
        presented_key=lambda _: None,
        authenticate=lambda *_: None,
        render=lambda _: WireResponse(500, b""),
        mint=lambda *_: (Credential("key"),),
        seed={},
        seed_schema="",
        secret_parameters=names,
    )


SCRUBBER = Scrubber(provider_with(NAMES))


def planted(value: Any) -> list[Any]:
    """The secret in every place of a value that has places."""
    return [SECRET, [value, SECRET], {"a": value, "b": {"c": [SECRET]}}, {SECRET: value}]


@given(before=values, hidden=values, after=values, indent=st.none() | st.integers(0, 2))
def test_member_is_taken_out_whatever_it_is(before: Any, hidden: Any, after: Any, indent: int | None) -> None:
    """A member of a secret name is replaced whole, and everything else of the text stays as it was."""
    for secret in planted(hidden):
        text = json.dumps({"x": before, "credentials": secret, "y": [{"z": after}]}, indent=indent)
        shown = SCRUBBER.body(text.encode(), JSON)

        assert SECRET.encode() not in shown
        assert json.loads(shown) == {"x": before, "credentials": "[redacted]", "y": [{"z": after}]}


@given(hidden=values, cut=st.integers(1, 200))
def test_cut_text_keeps_its_secret_too(hidden: Any, cut: int) -> None:
    """Wherever a text is cut off inside a secret member, nothing of that member is left."""
    for secret in planted(hidden):
        head = '{"x":1,"credentials":'
        text = f"{head}{json.dumps(secret)}"[: len(head) + cut]
        shown = SCRUBBER.body(text.encode(), JSON).decode()

        assert shown == f'{head}"[redacted]"'


@pytest.mark.parametrize(
    "text",
    [
        f'{{"cred\\u0065ntials": "{SECRET}"}}',
        f'{{"apiKey" \n : "{SECRET}\\"{SECRET}"}}',
        f'{{"apiKey": nonsense {SECRET}',
        f'{{"a": "apiKey", "apiKey": "{SECRET}", "credentials": [{{"a": "{SECRET}"}}]}}',
        f'[{{"apiKey": "{SECRET}',
        f'{{"apiKey":\t"line\nbreak {SECRET}"}}',
    ],
)
def test_odd_spellings_are_taken_out(text: str) -> None:
    """Escapes in names, blanks, line breaks, nonsense and ends that never come hide no secret."""
    assert SECRET not in SCRUBBER.body(text.encode(), JSON).decode()


def test_values_that_only_look_like_names_stay() -> None:
    """A text that is no member's name is no reason to take anything out."""
    text = b'{"a": "credentials", "b": ["apiKey", ": "], "credentialsOf": 1}'

    assert SCRUBBER.body(text, JSON) == text


def test_many_open_texts_take_no_time() -> None:
    """A megabyte of escaped quotes in a text that never ends is looked at once."""
    text = b'{"credentials": 1, "x": "' + b'\\"' * 500_000

    assert SCRUBBER.body(text, JSON).startswith(b'{"credentials": "[redacted]"')


@pytest.mark.parametrize(
    ("pointer", "got"),
    [("/credentials", f'"{SECRET}"'), ("/a/apiKey/0", SECRET), ("", f'[{{"credentials":{{"a":"{SECRET[:10]}… (99')],
)
def test_finding_does_not_repeat_a_secret(pointer: str, got: str) -> None:
    """A finding at or around a secret member does not show what came there."""
    shown = SCRUBBER.finding(Finding("request.body", pointer, "something else", got))

    assert SECRET[:10] not in shown.got
    assert shown.expected == "something else"
