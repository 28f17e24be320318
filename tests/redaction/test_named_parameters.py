"""Parameters and members of secret names are replaced whatever their value, in texts that are malformed or cut too."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.redaction.named_parameters import ParameterRedactor

SECRET = "the-secret-0123456789"
NAMES = frozenset({"credentials", "apiKey"})
JSON = "application/json"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


REDACTOR = ParameterRedactor(NAMES, lambda _name, value: value)


def planted(value: Any) -> list[Any]:
    """The secret in every place of a value that has places."""
    return [SECRET, [value, SECRET], {"a": value, "b": {"c": [SECRET]}}, {SECRET: value}]


@given(before=values, hidden=values, after=values, indent=st.none() | st.integers(0, 2))
def test_member_is_taken_out_whatever_it_is(before: Any, hidden: Any, after: Any, indent: int | None) -> None:
    """A member of a secret name is replaced whole, and everything else of the text stays as it was."""
    for secret in planted(hidden):
        text = json.dumps({"x": before, "credentials": secret, "y": [{"z": after}]}, indent=indent)
        shown = REDACTOR.body(text.encode(), JSON)

        assert SECRET.encode() not in shown
        assert json.loads(shown) == {"x": before, "credentials": "[redacted]", "y": [{"z": after}]}


@given(hidden=values, cut=st.integers(1, 200))
def test_cut_text_keeps_its_secret_too(hidden: Any, cut: int) -> None:
    """Wherever a text is cut off inside a secret member, nothing of that member is left."""
    for secret in planted(hidden):
        head = '{"x":1,"credentials":'
        text = f"{head}{json.dumps(secret)}"[: len(head) + cut]
        shown = REDACTOR.body(text.encode(), JSON).decode()

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
    assert SECRET not in REDACTOR.body(text.encode(), JSON).decode()


def test_values_that_only_look_like_names_stay() -> None:
    """A text that is no member's name is no reason to take anything out."""
    text = b'{"a": "credentials", "b": ["apiKey", ": "], "credentialsOf": 1}'

    assert REDACTOR.body(text, JSON) == text


def test_many_open_texts_take_no_time() -> None:
    """A megabyte of escaped quotes in a text that never ends is looked at once."""
    text = b'{"credentials": 1, "x": "' + b'\\"' * 500_000

    assert REDACTOR.body(text, JSON).startswith(b'{"credentials": "[redacted]"')


@pytest.mark.parametrize(
    ("pointer", "got"),
    [("/credentials", f'"{SECRET}"'), ("/a/apiKey/0", SECRET), ("", f'[{{"credentials":{{"a":"{SECRET[:10]}… (99')],
)
def test_finding_does_not_repeat_a_secret(pointer: str, got: str) -> None:
    """A finding at or around a secret member does not show what came there."""
    assert SECRET[:10] not in REDACTOR.found(pointer, got)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"https://a.example/back?apiKey={SECRET}&state=1", "https://a.example/back?apiKey=[redacted]&state=1"),
        (f"/back#state=1&api%4bey={SECRET}", "/back#state=1&api%4bey=[redacted]"),
        ("/back?apiKey&x=apiKey", "/back?apiKey&x=apiKey"),
    ],
)
def test_redirect_shows_no_secret_parameter(address: str, expected: str) -> None:
    """A Location header is shown without the values of secret parameters, in its query and in its fragment."""
    assert (REDACTOR.header("location", address), REDACTOR.header("referer", address)) == (expected, address)


def test_form_shows_no_secret_parameter() -> None:
    """A form is read as one, whatever the parameters of its media type."""
    form = f"apiKey={SECRET}&a=b".encode()

    assert REDACTOR.body(form, "Application/x-www-form-urlencoded; charset=utf-8") == b"apiKey=[redacted]&a=b"


@pytest.mark.parametrize(
    "text",
    [
        "client_secret=s3cret-of-mine",
        "grant_type: x\nclient_secret: s3cret-of-mine\n",
        "client_secret = 's3cret-of-mine' ",
        '<input type="hidden" name="client_secret" value="s3cret-of-mine">',
        "<input name='client_secret' value='s3cret-of-mine'>",
        '{"note": "client_secret=s3cret-of-mine"}',
    ],
)
def test_named_value_in_any_text_is_redacted(text: str) -> None:
    """A value that stands behind a secret name is redacted in whatever text it came."""
    redactor = ParameterRedactor(frozenset({"client_secret"}), lambda _, value: value)
    shown = redactor.body(text.encode(), "text/plain").decode()

    assert "s3cret-of-mine" not in shown
    assert "client_secret" in shown


def test_other_members_of_json_stay() -> None:
    """What stands beside a secret member in a JSON text stays as it was."""
    redactor = ParameterRedactor(frozenset({"code"}), lambda _, value: value)
    shown = redactor.body(b'{"code": "abc", "error": {"codes": ["x"], "message": "no code here"}}', "application/json")

    assert json.loads(shown) == {"code": "[redacted]", "error": {"codes": ["x"], "message": "no code here"}}
