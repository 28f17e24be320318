"""An example run with every kind of result, for tests of the views."""

import json

from flowproof.certify import CertificationReport, Redactor, ReportInputs, Secret, build_report
from flowproof.certify.events import Event, FindingRecord, TargetInfo
from tests.certify.streams import SANDBOX, Standing, Stream, deviation, inputs, stated

SECRETS = (Secret("ACME_KEY", "pk-live-0123456789"), Secret("ACME_SECRET", "hunter2-and-more"))
AREAS = ("auth", "catalog", "order", "webhook")
WORDS: tuple[tuple[str, Standing], ...] = (
    ("date", "documented"),
    ("form", "documented"),
    ("limit", "observed"),
    ("retry", "inferred"),
    ("late", "documented"),
)
SENTENCES = (
    "A request without `x-acme-date` is answered 401.",
    "The signature is the lower-case hex HMAC-SHA256 of method, path and timestamp.",
    "An order has a `sku` of 3 to 40 characters.",
    "An order that was printed cannot be cancelled: the answer is 409.",
    "Prices are in the currency's minor unit.",
    "A page has at most 100 items.",
)
HEADERS = (
    ("Content-Type", "application/json"),
    ("Authorization", "Bearer pk-live-0123456789"),
    ("X-Acme-Date", "2026-03-05T12:00:00Z"),
    ("X-Acme-Signature", "5f2b"),
)
ORDER = {
    "sku": "MUG-11",
    "quantity": 2,
    "shipTo": {"name": "Ada Obi", "email": "ada@acme.example", "address1": "1 Marina", "isoCountry": "NG"},
}


def example_inputs() -> ReportInputs:
    """Requirements of several areas, two deviations, a checklist, coverage."""
    requirements = [
        stated(f"acme.{area}.{word}", standing=standing, text=SENTENCES[(number + at) % len(SENTENCES)])
        for number, area in enumerate(AREAS)
        for at, (word, standing) in enumerate(WORDS)
    ]
    known = [deviation("acme.order.limit"), deviation("acme.webhook.late")]
    return inputs(*requirements, deviations=known)


def example_events(target: TargetInfo = SANDBOX) -> list[Event]:
    """The redacted events of the run."""
    stream = Stream(target)
    for area in AREAS:
        for word in ("date", "form", "limit", "retry"):
            _test(stream, area, word)
    frozen = stream.plan("test_order_expires", "acme.order.late", needs_control=True)
    stream.finish(frozen, "SKIP", "the target Acme's sandbox has no control API: this test sets the clock")
    spending = stream.plan("test_order_is_paid", "acme.catalog.late")
    stream.finish(spending, "OMIT", "the target permits 5 calls of submitOrder, and no more are left")
    redactor = Redactor(SECRETS)
    return [redactor.event(each) for each in stream.end()]


def _test(stream: Stream, area: str, word: str) -> None:
    requirement = f"acme.{area}.{word}"
    name = stream.plan(f"test_{area}_{word}[a-b]", requirement)
    failing = requirement in {"acme.order.form", "acme.order.limit"}
    found = [
        FindingRecord("response.body", "/items/0/sku", "a text of 3 to 40 characters", "''", requirement, "minLength")
    ]
    stream.exchange(
        name,
        sent=json.dumps(ORDER).encode(),
        answered=b'{"id": "o-4711", "items": [{"sku": ""}], "access_token": "issued-token-99"}'
        if failing
        else b'{"id": 1}',
        sent_headers=HEADERS,
        status=201,
        findings=found if failing else (),
    )
    if failing:
        stream.exchange(name, sent=b"", answered=b"\x89PNG\xff", answered_headers=[("Content-Type", "image/png")])
        stream.finish(
            name, "FAIL", "response.body#/items/0/sku: expected a text of 3 to 40 characters, got ''", DETAILS
        )
    elif requirement == "acme.webhook.retry":
        stream.finish(name, "ERROR", "ConnectTimeout: the target did not answer within 10 s")
    else:
        stream.finish(name)
    if requirement == "acme.order.form":
        stream.create(name, "order o-4711", cleaned=True, how="cancelOrder answered 200")
        stream.create(name, "order o-4712", cleaned=False, how="cancelOrder answered 409: it was printed already")


DETAILS = """    def test_order_form(acme):
        order = acme.submit(sku="MUG-11")
>       assert order.items[0].sku == "MUG-11"
E       AssertionError: assert '' == 'MUG-11'
E         access_token='issued-token-99'
"""


def example_report(target: TargetInfo = SANDBOX) -> CertificationReport:
    """The report of the run."""
    return build_report(example_events(target), example_inputs())
