"""What a run's events show of secrets and persons: nothing, in whatever encoding and place."""

import base64
import json
import string
from types import MappingProxyType
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.certify import Redactor, Secret, body_of, secrets_of
from flowproof.certify.events import CleanedUp, Created, Event, Exchanged, FindingRecord, TestFinished, dump
from flowproof.target import Credentials, Site
from tests.certify.streams import JSON, NOON, Stream

SECRET = 's3cr+t/Wörd "quoted" it\'s <b>'
KNOWN = (Secret("ACME_SECRET", SECRET), Secret("ACME_KEY", "key-0123456789"))
TEST = "acme/test_orders.py::test_a"
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def shown(event: Event) -> str:
    """An event as it is written once its secrets are out."""
    return dump(Redactor(KNOWN).event(event)).decode()


def finished(details: str) -> TestFinished:
    """A test with a message."""
    return TestFinished(TEST, NOON, 1.0, "FAIL", details, details)


def exchanged(**parts: object) -> Exchanged:
    """An exchange with these parts."""
    return Stream().exchange(TEST, **parts)  # type: ignore[arg-type] # (the parts that each test names)


ENCODED = {
    "plain": SECRET,
    "json": json.dumps({"a": SECRET}),
    "json, as it is": json.dumps({"a": SECRET}, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"a": SECRET})),
    "url": quote(SECRET, safe=""),
    "repr": repr({"a": SECRET}),
    "repr of bytes": repr(SECRET.encode()),
    "ascii": ascii(SECRET),
    "hex": SECRET.encode().hex(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 one on": base64.b64encode(b"u" + SECRET.encode() + b"x").decode(),
    "base64 two on": base64.b64encode(b"u:" + SECRET.encode() + b"yz").decode(),
    "base64 for urls": base64.urlsafe_b64encode(b"u:" + SECRET.encode()).decode(),
    "html": SECRET.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&#x27;"),
    "latin-1": SECRET.encode().decode("latin-1"),
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED)
def test_known_secret_is_hidden_in_every_encoding(text: str) -> None:
    """A known secret is hidden however it is written, and the mark says which one it was."""
    redacted = Redactor(KNOWN).text(f"Received {text} there.")

    assert "[redacted:ACME_SECRET]" in redacted
    assert "s3cr" not in redacted
    assert redacted.startswith("Received ")


PLACES = {
    "why and details": finished(f"got {SECRET}"),
    "created": Created("c-1", TEST, "submitOrder", f"order {SECRET}"),
    "settled": CleanedUp("c-1", True, f"answered {SECRET}"),
    "header's value": exchanged(sent_headers=[("User-Agent", SECRET)]),
    "header's name": exchanged(sent_headers=[(SECRET, "1")]),
    "path": exchanged(path=f"/orders/{quote(SECRET, safe='')}"),
    "query": exchanged(query=f"a={quote(SECRET)}"),
    "query's name": exchanged(query=f"{quote(SECRET)}=1"),
    "json": exchanged(sent=json.dumps({SECRET: [1, {"b": SECRET}]}).encode()),
    "broken json": exchanged(sent=b'{"a": "' + SECRET.encode() + b'", '),
    "form": exchanged(sent=b"a=" + quote(SECRET).encode(), sent_headers=FORM),
    "text": exchanged(answered=SECRET.encode(), answered_headers=[("Content-Type", "text/plain")]),
    "bytes": exchanged(answered=b"\xff\x00" + SECRET.encode() + b"\xff"),
    "finding": exchanged(findings=[FindingRecord("response.body", "/a", f"not {SECRET}", SECRET)]),
    "location": exchanged(answered_headers=[("Location", f"https://a.example/{quote(SECRET)}?x={quote(SECRET)}")]),
}


@pytest.mark.parametrize("event", PLACES.values(), ids=PLACES)
def test_known_secret_is_hidden_in_every_place(event: Event) -> None:
    """A known secret is hidden in every part of every event, in base64 too."""
    written = shown(event)
    decoded = "".join(
        base64.b64decode(each["base64"]).decode("latin-1")
        for each in _objects(json.loads(written))
        if each.get("base64")
    )

    assert "s3cr" not in written + decoded
    assert "[redacted:ACME_SECRET]" in written + decoded


def _objects(value: object) -> list[dict[str, str]]:
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _objects(each))]
    return [found for each in value for found in _objects(each)] if isinstance(value, list) else []


ISSUED = "fresh-TOKEN-9-abcdef"


@pytest.mark.parametrize(
    "answer",
    [
        {"answered": json.dumps({"access_token": ISSUED}).encode()},
        {"answered": json.dumps({"data": {"refreshToken": ISSUED, "n": 1}}).encode()},
        {"answered": json.dumps({"credentials": {"a": [ISSUED]}}).encode()},
        {"answered_headers": [("Location", f"https://a.example/back?code={ISSUED}&state=1")]},
        {"answered_headers": [("Set-Cookie", f"sid={ISSUED}; Path=/")]},
    ],
    ids=["token", "nested", "whole object", "code", "cookie"],
)
def test_what_the_target_issues_is_learnt(answer: dict[str, object]) -> None:
    """A token, code or cookie that an answer issued is hidden there, and in everything that follows."""
    redactor = Redactor(())

    first = dump(redactor.event(exchanged(**answer)))
    later = dump(redactor.event(finished(f"AssertionError: {ISSUED} != 1")))

    assert ISSUED.encode() not in first + later
    assert b"[redacted:" in later


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada.obi@acme.example wrote", "[redacted:EMAIL] wrote"),
        ("to=ada%40acme.example", "to=[redacted:EMAIL]"),
        ("call +44 (0)20 7946 0958 now", "call [redacted:PHONE] now"),
        ("RunConfiguration(email='a b', id='o-1')", "RunConfiguration(email='[redacted:EMAIL]', id='o-1')"),
        ('{"firstName": "Ada", "sku": "A-1"}', '{"firstName": "[redacted:FIRST_NAME]", "sku": "A-1"}'),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [redacted:AUTHORIZATION]"),
        ("https://ada:pass@sandbox.example/x", "https://sandbox.example/x"),
        ("password=hunter2&x=1", "password=[redacted:PASSWORD]&x=1"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "[redacted:PRIVATE_KEY]"),
        ("token eyJhbGciOiJI.eyJzdWIiOiIx.abc-_1", "token [redacted:JWT]"),
        ("2026-03-05T12:00:00+00:00 answered 200 in 12.5 ms", "2026-03-05T12:00:00+00:00 answered 200 in 12.5 ms"),
        ("error code: invalid_request, currency EUR", "error code: invalid_request, currency EUR"),
        ("token: expired", "token: expired"),
    ],
)
def test_what_looks_like_a_secret_or_a_person_is_hidden(text: str, expected: str) -> None:
    """What a name or its form gives away is hidden in any text; what is harmless stays to be read."""
    assert Redactor(()).text(text) == expected


def test_body_keeps_its_form() -> None:
    """Of a JSON body only the values behind telling names go; order, blanks and all else stay as they were sent."""
    sent = (
        b'{ "shipTo": {"name": "Ada",  "town": "Lagos", "isoCountry": "NG"},\n "name": "Mug", '
        b'"code": 208, "components": [{"code": "text", "path": "a/x.pdf"}], "token": "abc", "pin": 1234 }'
    )

    event = Redactor(()).event(exchanged(sent=sent))

    assert isinstance(event, Exchanged)
    assert event.request.body.text == (
        '{ "shipTo": {"name": "[redacted:NAME]",  "town": "[redacted:TOWN]", "isoCountry": "NG"},\n "name": "Mug", '
        '"code": 208, "components": [{"code": "text", "path": "a/x.pdf"}], '
        '"token": "[redacted:TOKEN]", "pin": "[redacted:PIN]" }'
    )


def test_only_harmless_headers_are_shown() -> None:
    """A header's value is shown where its name is known to be harmless; the scheme of a credential stays."""
    headers = [
        ("Content-Type", "application/json"),
        ("X-Acme-Date", "2026-03-05T12:00:00Z"),
        ("Authorization", "Bearer abc"),
        ("X-Acme-Authorization", "token:signature"),
        ("X-Unheard-Of", "abc"),
        ("Cookie", "sid=1"),
    ]

    event = Redactor(()).event(exchanged(sent_headers=headers))

    assert isinstance(event, Exchanged)
    assert dict(event.request.headers) == {
        "Content-Type": "application/json",
        "X-Acme-Date": "2026-03-05T12:00:00Z",
        "Authorization": "Bearer [redacted:AUTHORIZATION]",
        "X-Acme-Authorization": "[redacted:X_ACME_AUTHORIZATION]",
        "X-Unheard-Of": "[redacted:X_UNHEARD_OF]",
        "Cookie": "[redacted:COOKIE]",
    }


@pytest.mark.parametrize("pointer", ["/credentials", "/a/apiKey/0", "/x-acme-authorization"])
def test_finding_does_not_repeat_what_came(pointer: str) -> None:
    """A finding at a telling place does not show what came there."""
    found = FindingRecord(
        "request.headers" if "-" in pointer else "request.body", pointer, "something else", "hidden-1"
    )

    assert "hidden-1" not in shown(exchanged(findings=[found]))


@given(cut=st.integers(1, 60))
def test_cut_body_keeps_no_beginning_of_a_secret(cut: int) -> None:
    """Wherever a body is cut off, no more than three characters of a secret are left at its end."""
    sent = b'{"note": "' + b"x" * 5 + KNOWN[1].value.encode() * 3 + b'"}'
    event = Redactor(KNOWN).event(msgspec.structs.replace(exchanged(), response=_cut(sent, cut)))

    assert KNOWN[1].value[:4].encode() not in dump(event)


def _cut(data: bytes, most: int):  # type: ignore[no-untyped-def] # (a Response)
    response = exchanged().response
    return msgspec.structs.replace(response, headers=JSON, body=body_of(data, most=most))


@pytest.mark.parametrize("text", ["got 'key-01234...", "…456789' instead", "'key-0...789'"])
def test_shortened_text_keeps_no_end_of_a_secret(text: str) -> None:
    """Where a program shortened a text with dots, what they leave of a secret goes too."""
    redacted = Redactor(KNOWN).text(text)

    assert "[redacted:ACME_KEY]" in redacted
    assert "key-0" not in redacted
    assert "456789" not in redacted


@given(st.text(alphabet=string.printable, max_size=200))
def test_to_redact_twice_is_to_redact_once(text: str) -> None:
    """What has been redacted stays as it is, whatever it says."""
    redactor = Redactor(KNOWN)
    once = redactor.event(
        exchanged(sent=f'{{"email": "{text}", "password": "{text}"}}'.encode(), query=f"token={text}")
    )
    message = redactor.event(finished(text))

    assert redactor.event(message) == message
    assert redactor.event(once) == once


def test_names_of_tests_stay_the_same() -> None:
    """A test keeps its name in every event, also when a part of it is issued by the target later."""
    redactor = Redactor(())
    before = redactor.name(f"test_a[{ISSUED}]")

    redactor.event(exchanged(answered=json.dumps({"access_token": ISSUED}).encode()))

    assert redactor.name(f"test_a[{ISSUED}]") == before


def test_secrets_of_a_site_are_all_its_parts() -> None:
    """Every part of every role's credentials is a secret, except for addresses and what only explains others."""
    values = MappingProxyType({"secret": "s-1", "redirect_uri": "http://localhost/", "environment": "staging"})
    site = Site("acme", "https://a.example", {"default": Credentials("k-1", values), "other": Credentials("k-2")})

    assert {each.name: each.value for each in secrets_of(site)} == {
        "ACME_KEY": "k-1",
        "ACME_SECRET": "s-1",
        "ACME_OTHER_KEY": "k-2",
    }
    assert "k-1" not in repr(secrets_of(site))


def test_body_is_kept_as_text_or_base64() -> None:
    """Text is kept as text, cut between characters; what is no text is kept in base64."""
    assert body_of("añb".encode(), most=2).text == "a"
    assert body_of(b"\xff\xfe").base64 == "//4="
    assert (body_of(b"abc").size, body_of(b"abc").truncated, body_of(b"abcd", most=3).truncated) == (3, False, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 300_000, "a" * 300_000),
        ('a="\\' * 60_000, 'a="\\' * 60_000),
        ("+1 " * 90_000, "+1 " * 90_000),
        ("://" * 90_000, "://" * 90_000),
        ("key-0123456789" * 20_000, "[redacted:ACME_KEY]" * 20_000),
    ],
    ids=["no blank", "open quotes", "plus signs", "addresses", "secrets"],
)
def test_long_text_is_read_once(text: str, expected: str) -> None:
    """A long text comes out as it should; to read any part of it again and again would take minutes."""
    assert Redactor(KNOWN).text(text) == expected
