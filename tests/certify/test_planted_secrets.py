"""Secrets are planted everywhere where one can come from, and looked for in everything that a run leaves behind."""

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, unquote_plus

import pytest
from msgspec import structs

from flowproof.certify import Redactor, build_report, secrets_of
from flowproof.certify.bundle import unpack
from flowproof.certify.certificate import issue_certificate
from flowproof.certify.envelope import payload_of
from flowproof.certify.events import (
    Event,
    Exchanged,
    FindingRecord,
    Recognised,
    RunFinished,
    TargetInfo,
    dump,
    read_events,
)
from flowproof.certify.keys import Ed25519PrivateKey
from flowproof.certify.statement import PAYLOAD_TYPE
from flowproof.certify.writers import VIEWS, annotations, summary, write_views
from flowproof.target import Credentials, Site
from tests.certify.streams import Stream, deviation, inputs, stated

KEY = "pk-7Qx9-planted"
SECRET = 'Pl@nted "secret" ü/+<&>\' 3q'
ISSUED = "issued-Tok3n-planted-42"
CODE = "c0de-planted-4711"
COOKIE = "sess-planted-99-abcdef"
PERSON = {"email": "planted.person@acme.example", "phone": "+44 20 7946 0958", "name": "Planted Person"}
STREET, PASSWORD = "17 Planted Street", "hunter2planted"

SITE = Site(
    "acme",
    f"https://user:{PASSWORD}@sandbox.acme.example/api",
    {"default": Credentials(KEY, MappingProxyType({"secret": SECRET, "callback_uri": "https://partner.example/back"}))},
)
# What must be nowhere: whole, and in parts that no cut or encoding hides.
WORDS = (KEY, SECRET, "Pl@nted", "planted-42", CODE, COOKIE, *PERSON.values(), "planted.person", STREET, PASSWORD)
PACKED = re.compile(rb"[A-Za-z0-9+/_-]{12,}")


@dataclass(frozen=True)
class Output:
    """A file, or a text, that a run leaves."""

    name: str
    content: bytes


def packed(text: str) -> Iterator[str]:
    """A text as programs pack it."""
    data = text.encode()
    yield base64.b64encode(data).decode()
    yield base64.urlsafe_b64encode(b"u" + data).decode()
    yield base64.b64encode(b"u:" + data + b"tail").decode()
    yield data.hex()
    yield quote(text, safe="")


def everywhere(text: str) -> str:
    """A text in every way in which a message can have it."""
    shown = (text, repr(text), json.dumps(text), json.dumps(json.dumps(text)), quote(text), *packed(text))
    return " | ".join(shown)


def early_message() -> str:
    """The message of an exception before anything was exchanged."""
    return (
        f"ConnectionError: https://user:{PASSWORD}@sandbox.acme.example/ {everywhere(KEY)} {everywhere(SECRET)} "
        f"environ({{'ACME_SECRET': {SECRET!r}, 'PASSWORD': '{PASSWORD}'}})"
    )


def late_message() -> str:
    """The message of a later one, with what the target has issued, and persons."""
    persons = " ".join(f"{name}={value!r}" for name, value in PERSON.items())
    return (
        f"{early_message()} ?access_token={ISSUED} {everywhere(ISSUED)} {everywhere(CODE)} {COOKIE} "
        f"RunConfiguration({persons}, address1='{STREET}') {everywhere(STREET)} Authorization: Bearer {ISSUED}"
    )


def events() -> list[Event]:
    """A run in which everything carries what nobody may see."""
    late = late_message()
    stream = Stream(TargetInfo(f"sandbox of {KEY}", "sandbox", f"{SITE.url}?key={KEY}#{KEY}"))
    begun = stream.events.pop()
    stream.events.append(structs.replace(begun, permissions=(early_message(),), versions={"python": early_message()}))
    stream.run("test_other", "acme.other")
    name = stream.plan(f"test_login[{KEY}-{SECRET}-planted.person@acme.example]", "acme.order.sku")
    body = {"access_token": ISSUED, "user": {**PERSON, "address1": STREET}, "echo": [SECRET, {"key": KEY}], SECRET: 1}
    stream.exchange(
        name,
        sent=json.dumps({"password": PASSWORD, "note": everywhere(SECRET), "recipient": PERSON}).encode(),
        answered=json.dumps(body).encode(),
        sent_headers=[
            ("Content-Type", "application/json"),
            ("Authorization", "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()),
            ("X-Api-Key", KEY),
            ("User-Agent", f"client {KEY}"),
            ("Referer", f"https://a.example/?token={ISSUED}"),
        ],
        answered_headers=[
            ("Content-Type", "application/json"),
            ("Set-Cookie", f"sid={COOKIE}; Path=/"),
            ("Location", f"https://user:{PASSWORD}@partner.example/back?code={CODE}&state=1#access_token={ISSUED}"),
        ],
        path=f"/orders/{quote(SECRET, safe='')}/{KEY}/{ISSUED}",
        query=f"key={KEY}&q={quote(SECRET)}&email={quote(PERSON['email'])}&password={PASSWORD}",
        findings=[
            FindingRecord("request.body", "/password", late, late, None),
            FindingRecord("response.body", "/x", KEY, SECRET),
        ],
    )
    person = f"username={quote(PERSON['email'])}&phone={quote(PERSON['phone'])}"
    form = f"client_secret={quote(SECRET, safe='')}&code={CODE}&{person}"
    stream.exchange(name, sent=form.encode(), sent_headers=[("Content-Type", "application/x-www-form-urlencoded")])
    stream.exchange(name, answered=b"\xff\xfe" + late.encode() + b"\x00", answered_headers=[("Content-Type", "a/b")])
    stream.exchange(name, answered=b"<html>" + late.encode(), answered_headers=[("Content-Type", "text/html")])
    long = b'{"note": "' + b"x" * (16_384 - 14) + SECRET.encode() + b'"}'
    stream.exchange(name, answered=long)
    stream.finish(name, "FAIL", late, f"{late}\n'Pl@nted...9-planted'\n{late}")
    stream.create(name, f"order of {KEY} {ISSUED}", cleaned=False, how=late)
    stream.events.append(Recognised(late))
    stream.events.append(RunFinished(stream.now, {"answers": {f"submitOrder {KEY}": [name]}}))
    return stream.events


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[Output]:
    """Everything that the run leaves: its record, every view, what GitHub gets, the certificate and its files."""
    redactor = Redactor(secrets_of(SITE))
    written = b"".join(dump(redactor.event(each)) for each in events())
    judged_by = inputs(stated("acme.order.sku"), stated("acme.other"), deviations=[deviation("acme.order.sku")])
    report = build_report(read_events(written.splitlines(keepends=True)), judged_by)
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    certificate = issue_certificate(report, written, key, at=report.run.ended_at)
    return [
        Output("events.jsonl", written),
        *(Output(each.name, each.read_bytes()) for each in write_views(report, tmp_path_factory.mktemp("report"))),
        Output("annotations", annotations(report).encode()),
        Output("summary", summary(report).encode()),
        Output("certificate.zip", certificate),
        *(Output(f"certificate.zip: {name}", content) for name, content in unpack(certificate).items()),
        Output("the statement", payload_of(unpack(certificate)["certificate.json"], PAYLOAD_TYPE)[0]),
    ]


def laid_open(content: bytes) -> str:
    """A file as it is, and as whoever unpacks it reads it: without any escapes, out of base64 and hex."""
    found = [content]
    for each in PACKED.findall(content):
        plain = each.replace(b"-", b"+").replace(b"_", b"/")
        found += [base64.b64decode(plain[at : at + (len(plain) - at) // 4 * 4]) for at in range(4)]
        if len(each) % 2 == 0 and re.fullmatch(rb"[0-9a-fA-F]+", each):
            found.append(bytes.fromhex(each.decode()))
    text = "\n".join(part.decode(code, "ignore") for part in found for code in ("utf-8", "latin-1"))
    without = text.replace("\\\\", "\\").replace('\\"', '"').replace("\\'", "'").replace('\\"', '"')
    return "\n".join(
        [text, without, unquote_plus(text), html.unescape(text), html.unescape(without), unquote_plus(without)]
    )


def words_in(content: bytes) -> list[str]:
    """What was planted and is there."""
    opened = laid_open(content)
    return [word for word in WORDS if word in opened]


def test_nothing_planted_is_anywhere(outputs: list[Output]) -> None:
    """No output has a secret, a token, a code, a cookie or a person, whole, in part, escaped or packed."""
    found = {each.name: words_in(each.content) for each in outputs}

    assert {name: words for name, words in found.items() if words} == {}
    assert len(outputs) == 1 + len(VIEWS) + 3 + 4


def test_what_was_planted_would_be_found() -> None:
    """The search finds each word in events that nobody redacted, so that finding none means something."""
    raw = b"".join(map(dump, events()))

    assert words_in(raw) == list(WORDS)
    for encoded in packed(SECRET):
        assert "Pl@nted" in laid_open(f'{{"a": "{encoded}=="}}'.encode())


def test_evidence_is_still_worth_reading(outputs: list[Output]) -> None:
    """Beside the marks of what was taken out, the evidence still shows requests and answers."""
    (record,) = (each.content for each in outputs if each.name == "events.jsonl")
    exchange = next(
        each
        for each in read_events(record.splitlines(keepends=True))
        if isinstance(each, Exchanged) and each.request.query
    )
    body = json.loads(exchange.response.body.text or "")

    assert exchange.request.query.startswith("key=[redacted:ACME_KEY]&q=[redacted:ACME_SECRET]&email=[redacted:EMAIL]")
    assert (body["access_token"], body["user"]["phone"], body["echo"]) == (
        "[redacted:ACCESS_TOKEN]",
        "[redacted:PHONE]",
        ["[redacted:ACME_SECRET]", {"key": "[redacted:ACME_KEY]"}],
    )
    assert dict(exchange.request.headers)["Authorization"] == "Basic [redacted:AUTHORIZATION]"
    assert dict(exchange.request.headers)["User-Agent"] == "client [redacted:ACME_KEY]"
