"""How observations become verdicts: one violation is a FAIL, nothing observed is a SKIP."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.conduct import (
    Exemption,
    Fulfilled,
    Journal,
    Obligation,
    Obligations,
    Observation,
    Violated,
    accepted_requests,
    unchecked,
)
from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError
from tests.conduct.entries import CONTRACT, PAGE, TEXT, entry, finding, report_on

GOOD = '{"text": "milk"}'


def refused(number: int, **changes: Any) -> dict[str, Any]:
    """A note without a text, which was refused."""
    return entry(number, status=422, findings=[finding(TEXT)], requirement=TEXT, **changes)


def test_empty_journal_judges_nothing() -> None:
    """Without an exchange every requirement and the whole report are SKIP."""
    report = report_on()

    assert (report.verdict, {each.verdict for each in report.judgements}) == ("SKIP", {"SKIP"})


def test_every_requirement_of_clients_is_listed_once() -> None:
    """A report has one judgement for each requirement that obliges the client, in the contract's order."""
    assert [each.requirement for each in report_on().judgements] == [*CONTRACT.requirements]


def test_accepted_request_keeps_what_its_members_stand_for() -> None:
    """An accepted request fulfils the requirements of its members; other requirements are not judged."""
    report = report_on(entry(1, sent=GOOD))

    assert (report.on(TEXT).verdict, report.on(TEXT).exchanges) == ("PASS", ("w-1",))
    assert report.on(PAGE).what == "No request had what it speaks of: listNotes."


def test_parameter_of_the_query_counts_as_a_member() -> None:
    """A requirement of a parameter is judged where a request has the parameter."""
    assert report_on(entry(1, "listNotes", 200, query="page=2")).on(PAGE).verdict == "PASS"


def test_refused_request_breaks_what_its_findings_cite() -> None:
    """A finding that cites a requirement of the client fails it, and says what was expected."""
    judgement = report_on(refused(1)).on(TEXT)

    assert (judgement.verdict, judgement.exchanges) == ("FAIL", ("w-1",))
    assert judgement.what == "POST /notes answered 422, request.body#/text: expected a text, got nothing."


def test_cited_requirement_without_a_finding_is_broken() -> None:
    """A response that cites a requirement only in its header fails it too."""
    assert report_on(entry(1, status=422, requirement=TEXT)).on(TEXT).what == "POST /notes answered 422."


def test_one_breach_outweighs_what_was_kept() -> None:
    """A requirement that was fulfilled nine times and violated once fails, with the violation as its evidence."""
    report = report_on(*(entry(number, sent=GOOD) for number in range(1, 10)), refused(10))

    assert (report.verdict, report.on(TEXT).verdict, report.on(TEXT).exchanges) == ("FAIL", "FAIL", ("w-10",))


def test_finding_in_an_answer_is_not_the_client_s() -> None:
    """A requirement that obliges no client is not judged."""
    assert report_on(entry(1, findings=[finding("notes.answer")])).verdict == "SKIP"


def test_refusal_by_a_fault_plan_is_no_fault_of_the_client() -> None:
    """A status that a fault plan chose says nothing about the request."""
    assert report_on(refused(1, faults=[{"id": "fault-1", "fault": "status", "status": 422}])).verdict == "SKIP"


def test_diagnosis_of_a_signature_is_told() -> None:
    """The sentence has the mistake that explains a refused signature."""
    explanation = "The signature does not verify.\n  mistake        base_missing: the path is signed without /api\n"
    judgement = report_on(refused(1, explanation=explanation)).on(TEXT)

    assert judgement.what.endswith("got nothing; the path is signed without /api.")


def test_same_sentence_is_said_once() -> None:
    """Two equal violations give one sentence, with both exchanges as evidence."""
    judgement = report_on(refused(1), refused(2)).on(TEXT)

    assert (judgement.what.count("POST /notes"), judgement.exchanges) == (1, ("w-1", "w-2"))


def test_more_sentences_are_counted() -> None:
    """Of several different violations the first one is told and the others are counted."""
    other = entry(2, status=400, findings=[finding(TEXT)])

    assert report_on(refused(1), other).on(TEXT).what.endswith("got nothing; and 1 more.")


def test_exemption_removes_a_finding() -> None:
    """A finding with an exemption fails nothing; the exemption does not apply to another requirement."""
    both = entry(1, status=422, findings=[finding(TEXT), finding(PAGE)])
    obligations = Obligations(
        exemptions=(Exemption("notes.t*", lambda exchange, _: exchange.status == 422, why="a test"),)
    )

    report = report_on(both, obligations=obligations)

    assert [each.requirement for each in report.of("FAIL")] == [PAGE]


def test_exemption_sees_the_whole_journal() -> None:
    """An exemption can depend on what happens after a refusal, such as a correction."""
    corrected = Exemption(TEXT, lambda exchange, journal: bool(journal.after(exchange).accepted()), why="it was mended")
    obligations = Obligations(exemptions=(corrected,))

    assert report_on(refused(1), obligations=obligations).verdict == "FAIL"
    assert report_on(refused(1), entry(2, sent=GOOD), obligations=obligations).verdict == "PASS"


# ---- Checks ----


def notes_are_read(journal: Journal) -> Iterator[Observation]:
    """A client that writes a note reads it afterwards."""
    for written in journal.of("createNote").accepted():
        read = journal.after(written).of("getNote")
        if read:
            yield Fulfilled("read the note that it wrote", (written, *read))
        else:
            yield Violated("wrote a note and never read it", (written,))


READING = Obligations(checked=(Obligation(PAGE, notes_are_read, occasion="a note is written"),))


@pytest.mark.parametrize(
    ("seen", "verdict", "what", "evidence"),
    [
        ([], "SKIP", "It is judged when a note is written.", ()),
        ([entry(1)], "FAIL", "Wrote a note and never read it.", ("w-1",)),
        ([entry(1), entry(2, "getNote", 200)], "PASS", "Read the note that it wrote.", ("w-1", "w-2")),
    ],
    ids=["no occasion", "broken", "kept"],
)
def test_check_decides_the_verdict(
    seen: list[dict[str, Any]], verdict: str, what: str, evidence: tuple[str, ...]
) -> None:
    """A check's observations decide the verdict; without one, its occasion says what would have to happen."""
    judgement = report_on(*seen, obligations=READING).on(PAGE)

    assert (judgement.verdict, judgement.what, judgement.exchanges) == (verdict, what, evidence)


def test_every_occasion_of_a_requirement_is_told() -> None:
    """A requirement with several obligations names each occasion on which it would be judged."""
    checked = (*READING.checked, Obligation(PAGE, lambda _: (), occasion="a note is torn up"))

    judgement = report_on(obligations=Obligations(checked=checked)).on(PAGE)

    assert judgement.what == "It is judged when a note is written, or when a note is torn up."


def test_unobservable_requirement_says_why() -> None:
    """A requirement that no journal can show is skipped with the reason."""
    assert report_on(obligations=Obligations(unobservable={PAGE: "Nobody knows."})).on(PAGE).what == "Nobody knows."


def test_enforced_requirement_is_kept_by_each_accepted_request() -> None:
    """An enforced requirement is fulfilled by each accepted request of its operations, and no other."""
    obligations = Obligations(enforced=(PAGE,))
    seen = [entry(1, "listNotes", 200), entry(2, "listNotes", 500), entry(3, sent=GOOD)]

    assert report_on(*seen, obligations=obligations).on(PAGE).exchanges == ("w-1",)
    assert report_on(obligations=obligations).on(PAGE).what == "No request was accepted: listNotes."


def test_ready_made_check_sees_accepted_requests() -> None:
    """The ready-made check observes the accepted requests that meet its condition."""
    check = accepted_requests(
        "createNote", having=lambda exchange: exchange.json["text"] == "milk", what="milk was noted"
    )
    obligations = Obligations(checked=(Obligation(PAGE, check, occasion="milk is noted"),))
    seen = [entry(1, sent='{"text": "tea"}'), entry(2, sent=GOOD), entry(3, status=422, sent=GOOD)]

    assert report_on(*seen, obligations=obligations).on(PAGE).exchanges == ("w-2",)


def test_check_that_fails_is_named() -> None:
    """A check that fails on a journal is an error of whoever wrote it, which names the requirement."""
    check = accepted_requests("createNote", having=lambda exchange: exchange.json["missing"], what="milk was noted")
    obligations = Obligations(checked=(Obligation(PAGE, check, occasion="milk is noted"),))

    with pytest.raises(ConfigurationError, match=f"The check of {PAGE} failed on this journal: KeyError"):
        report_on(entry(1, sent=GOOD), obligations=obligations)


def test_requirement_without_a_check_is_told() -> None:
    """A requirement is in a schema, or has to be checked, enforced or explained."""
    contract = load_contract("dots_eco")
    left = unchecked(contract, Obligations(enforced=("dots_eco.auth.header",)))

    assert unchecked(CONTRACT, Obligations()) == ()
    assert left[:2] == ("dots_eco.transport.tls", "dots_eco.auth.missing")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["createNote", "listNotes", "getNote"]),
            st.sampled_from([0, 200, 422, 503]),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_verdicts_follow_from_the_evidence(seen: list[tuple[str, int, bool]]) -> None:
    """In any journal, judged requirements have evidence, skipped ones have none, and the whole is the worst verdict."""
    entries = [
        entry(number, operation, status, sent=GOOD, query="page=1", findings=[finding(TEXT)] if broken else [])
        for number, (operation, status, broken) in enumerate(seen, start=1)
    ]
    report = report_on(*entries, obligations=READING)

    verdicts = {each.verdict for each in report.judgements}
    assert {bool(each.exchanges) for each in report.of("PASS") + report.of("FAIL")} <= {True}
    assert {bool(each.exchanges) for each in report.of("SKIP")} <= {False}
    assert report.verdict == next(each for each in ("FAIL", "PASS", "SKIP") if each in verdicts)
