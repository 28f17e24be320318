"""
Judges a client by the journal of a workspace. Knows no provider: what a provider obliges its clients to stands in the
room `conduct` of its suite, as `OBLIGATIONS`.

    journal = read_journal(entries, contract)
    report = judge(journal, contract, obligations)
    report.verdict                                   # "PASS", "FAIL", or "SKIP" where nothing could be judged

An obligation is a requirement with a check: a pure function that reads the journal and yields observations, a
`Fulfilled` for each time that the client met the situation and did right, a `Violated` for each time that it did wrong.
A requirement whose checks yield nothing is skipped, so a client does not pass by doing nothing:

    def payment_is_looked_up(journal: Journal) -> Iterator[Observation]:
        '''After a lost response a client looks for the payment before it pays again.'''
        for lost in journal.of("pay").lost():
            number = lost.json["number"]
            for again in journal.after(lost).of("pay"):
                if again.json["number"] != number:
                    continue
                looked = journal.between(lost, again).of("getPayment")
                if looked:
                    yield Fulfilled(f"looked for payment {number} before it was sent again", (lost, *looked, again))
                else:
                    yield Violated(f"payment {number} was sent again without a look for it", (lost, again))

    OBLIGATIONS = Obligations(
        checked=(
            Obligation(
                "acme.payment.once",
                payment_is_looked_up,
                occasion="the response to a payment is lost, and the payment is sent again",
            ),
        ),
        enforced=("acme.auth.header",),
        exemptions=(Exemption("acme.auth.token", token_is_renewed, why="the token had expired and was renewed"),),
        unobservable={"acme.transport.tls": "The mock listens on loopback without TLS."},
    )

Every request is also compared with what the provider enforces. A finding that cites a requirement of the client is a
violation, unless an exemption applies. An accepted request fulfils the requirements that the contract's schemas give to
its members, and those that are `enforced` with every request of its operation.
"""

from .contract_checks import unchecked
from .journal import Journal, JournalExchange, RecordedMessage, SigningMistake
from .judgement import ConductReport, Judgement, Verdict, judge
from .obligation import (
    Exemption,
    Fulfilled,
    JournalCheck,
    Obligation,
    Obligations,
    Observation,
    Violated,
    accepted_requests,
)
from .reading import read_document, read_journal
from .retries import find_repeat, outcome_was_unknown, pause_s, respects_retry_after
from .signatures import every_mistake_is_named, signing_mistake

__all__ = [
    "ConductReport",
    "Exemption",
    "Fulfilled",
    "Journal",
    "JournalCheck",
    "JournalExchange",
    "Judgement",
    "Obligation",
    "Obligations",
    "Observation",
    "RecordedMessage",
    "SigningMistake",
    "Verdict",
    "Violated",
    "accepted_requests",
    "every_mistake_is_named",
    "find_repeat",
    "judge",
    "outcome_was_unknown",
    "pause_s",
    "read_document",
    "read_journal",
    "respects_retry_after",
    "signing_mistake",
    "unchecked",
]
