"""How sightings become verdicts: one breach is a FAIL, nothing seen is a SKIP, and only what was seen is a PASS."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.conduct import Broken, Excuse, Journal, Kept, Obligation, Obligations, Sighting, accepted, unwatched
from flowproof.conformance import load_contract
from tests.conduct.entries import CONTRACT, PAGE, TEXT, entry, finding, report_on

GOOD = '{"text": "milk"}'


def refused(number: int, **changes: Any) -> dict[str, Any]:
    """A note without a text, which was refused."""
    return entry(number, status=422, findings=[finding(TEXT)], requirement=TEXT, **changes)


def test_empty_journal_judges_nothing() -> None:
    """Without an exchange every requirement is skipped, and so is the whole."""
    report = report_on()

    assert (report.verdict, {each.verdict for each in report.judgements}) == ("SKIP", {"SKIP"})


def test_every_requirement_of_clients_is_listed_once() -> None:
    """A report has one judgement for each requirement that obliges the client, in the contract's order."""
    assert [each.requirement for each in report_on().judgements] == [*CONTRACT.requirements]


def test_accepted_request_keeps_what_its_members_stand_for() -> None:
    """What a request has and was accepted with is kept; what it does not have is not judged."""
    report = report_on(entry(1, sent=GOOD))

    assert (report.on(TEXT).verdict, report.on(TEXT).exchanges) == ("PASS", ("w-1",))
    assert report.on(PAGE).what == "No request had what it speaks of: listNotes."


def test_parameter_of_the_query_counts_as_a_member() -> None:
    """A parameter that carries a requirement is judged where a request has it."""
    assert report_on(entry(1, "listNotes", 200, query="page=2")).on(PAGE).verdict == "PASS"


def test_refused_request_breaks_what_its_findings_cite() -> None:
    """A finding that cites a requirement of the client's fails it, and says what was expected."""
    judgement = report_on(refused(1)).on(TEXT)

    assert (judgement.verdict, judgement.exchanges) == ("FAIL", ("w-1",))
    assert judgement.what == "POST /notes answered 422, request.body#/text: expected a text, got nothing."


def test_cited_requirement_without_a_finding_is_broken() -> None:
    """A refusal that cites a requirement in its header alone fails it too."""
    assert report_on(entry(1, status=422, requirement=TEXT)).on(TEXT).what == "POST /notes answered 422."


def test_one_breach_outweighs_what_was_kept() -> None:
    """A requirement that was kept nine times and broken once is failed, and the breach alone is the evidence."""
    report = report_on(*(entry(number, sent=GOOD) for number in range(1, 10)), refused(10))

    assert (report.verdict, report.on(TEXT).verdict, report.on(TEXT).exchanges) == ("FAIL", "FAIL", ("w-10",))


def test_finding_in_an_answer_is_not_the_client_s() -> None:
    """A requirement that no client is obliged to is not judged, whoever cites it."""
    assert report_on(entry(1, findings=[finding("notes.answer")])).verdict == "SKIP"


def test_refusal_by_a_fault_plan_is_no_fault_of_the_client() -> None:
    """Where a fault plan chose the status, the answer says nothing of the request."""
    assert report_on(refused(1, faults=[{"id": "fault-1", "fault": "status", "status": 422}])).verdict == "SKIP"


def test_diagnosis_of_a_signature_is_told() -> None:
    """The mistake by which a diagnosis explains a refused signature is part of the sentence."""
    explanation = "The signature does not verify.\n  mistake        base_missing: the path is signed without /api\n"
    judgement = report_on(refused(1, explanation=explanation)).on(TEXT)

    assert judgement.what.endswith("got nothing; the path is signed without /api.")


def test_same_sentence_is_said_once() -> None:
    """What happened twice in the same way is told once, with both exchanges as evidence."""
    judgement = report_on(refused(1), refused(2)).on(TEXT)

    assert (judgement.what.count("POST /notes"), judgement.exchanges) == (1, ("w-1", "w-2"))


def test_more_sentences_are_counted() -> None:
    """Of several ways in which a requirement was broken, the first is told and the others are counted."""
    other = entry(2, status=400, findings=[finding(TEXT)])

    assert report_on(refused(1), other).on(TEXT).what.endswith("got nothing; and 1 more.")


def test_excuse_takes_a_finding_away() -> None:
    """A finding that an excuse covers fails nothing; another requirement's is not covered by it."""
    both = entry(1, status=422, findings=[finding(TEXT), finding(PAGE)])
    obligations = Obligations(excuses=(Excuse("notes.t*", lambda exchange, _: exchange.status == 422, why="a test"),))

    report = report_on(both, obligations=obligations)

    assert [each.requirement for each in report.of("FAIL")] == [PAGE]


def test_excuse_sees_the_whole_journal() -> None:
    """What happens after a refusal can excuse it, such as a request that is mended."""
    mended = Excuse(TEXT, lambda exchange, journal: bool(journal.after(exchange).accepted()), why="it was mended")
    obligations = Obligations(excuses=(mended,))

    assert report_on(refused(1), obligations=obligations).verdict == "FAIL"
    assert report_on(refused(1), entry(2, sent=GOOD), obligations=obligations).verdict == "PASS"


# ---- Watchers ----


def notes_are_read(journal: Journal) -> Iterator[Sighting]:
    """Who writes a note reads it afterwards."""
    for written in journal.of("createNote").accepted():
        read = journal.after(written).of("getNote")
        if read:
            yield Kept("read the note that it wrote", (written, *read))
        else:
            yield Broken("wrote a note and never read it", (written,))


READING = Obligations(watched=(Obligation(PAGE, notes_are_read, occasion="a note is written"),))


@pytest.mark.parametrize(
    ("seen", "verdict", "what", "evidence"),
    [
        ([], "SKIP", "It is judged when a note is written.", ()),
        ([entry(1)], "FAIL", "Wrote a note and never read it.", ("w-1",)),
        ([entry(1), entry(2, "getNote", 200)], "PASS", "Read the note that it wrote.", ("w-1", "w-2")),
    ],
    ids=["no occasion", "broken", "kept"],
)
def test_watcher_decides(seen: list[dict[str, Any]], verdict: str, what: str, evidence: tuple[str, ...]) -> None:
    """What a watcher yields is the verdict; where it yields nothing, its occasion says what would have to happen."""
    judgement = report_on(*seen, obligations=READING).on(PAGE)

    assert (judgement.verdict, judgement.what, judgement.exchanges) == (verdict, what, evidence)


def test_every_occasion_of_a_requirement_is_told() -> None:
    """A requirement with several obligations says each occasion on which it would be judged."""
    watched = (*READING.watched, Obligation(PAGE, lambda _: (), occasion="a note is torn up"))

    judgement = report_on(obligations=Obligations(watched=watched)).on(PAGE)

    assert judgement.what == "It is judged when a note is written, or when a note is torn up."


def test_unseen_requirement_says_why() -> None:
    """A requirement that no journal shows is skipped with the reason."""
    assert report_on(obligations=Obligations(unseen={PAGE: "Nobody knows."})).on(PAGE).what == "Nobody knows."


def test_enforced_requirement_is_kept_by_each_accepted_request() -> None:
    """What the provider enforces with every request of an operation is kept by those that it accepts, and no others."""
    obligations = Obligations(enforced=(PAGE,))
    seen = [entry(1, "listNotes", 200), entry(2, "listNotes", 500), entry(3, sent=GOOD)]

    assert report_on(*seen, obligations=obligations).on(PAGE).exchanges == ("w-1",)
    assert report_on(obligations=obligations).on(PAGE).what == "No request was accepted: listNotes."


def test_accepted_watches_what_a_request_has() -> None:
    """The ready-made watcher sees the accepted requests that have something."""
    watch = accepted("createNote", having=lambda exchange: exchange.json["text"] == "milk", what="milk was noted")
    obligations = Obligations(watched=(Obligation(PAGE, watch, occasion="milk is noted"),))
    seen = [entry(1, sent='{"text": "tea"}'), entry(2, sent=GOOD), entry(3, status=422, sent=GOOD)]

    assert report_on(*seen, obligations=obligations).on(PAGE).exchanges == ("w-2",)


def test_requirement_that_nobody_watches_is_told() -> None:
    """What the schemas name is watched; any other requirement has to be watched, enforced or explained."""
    contract = load_contract("dots_eco")
    left = unwatched(contract, Obligations(enforced=("dots_eco.auth.header",)))

    assert unwatched(CONTRACT, Obligations()) == ()
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
    """Whatever the journal: what is judged has evidence, the rest has none, and the whole is the worst of its parts."""
    entries = [
        entry(number, operation, status, sent=GOOD, query="page=1", findings=[finding(TEXT)] if broken else [])
        for number, (operation, status, broken) in enumerate(seen, start=1)
    ]
    report = report_on(*entries, obligations=READING)

    verdicts = {each.verdict for each in report.judgements}
    assert {bool(each.exchanges) for each in report.of("PASS") + report.of("FAIL")} <= {True}
    assert {bool(each.exchanges) for each in report.of("SKIP")} <= {False}
    assert report.verdict == next(each for each in ("FAIL", "PASS", "SKIP") if each in verdicts)
