"""
How a client behaves, judged from a workspace's journal. Knows no provider: what one obliges its clients to is in its
suite's room `conduct`, as `OBLIGATIONS`.

    journal = read_journal(entries, contract)
    report = judge(journal, contract, obligations)
    report.verdict                                   # "PASS", "FAIL", or "SKIP" where nothing could be judged

An obligation is a requirement with a *watcher*: a pure function that goes through the journal and yields what it saw.
Each time that the client met the situation and did right is a `Kept`, each time that it did wrong a `Broken`. A watcher
that yields nothing saw no occasion, and the requirement is skipped. So nobody passes by doing nothing:

    def payment_is_looked_up(journal: Journal) -> Iterator[Sighting]:
        '''Nobody pays again after a lost answer, without having looked whether the payment is there.'''
        for lost in journal.of("pay").lost():
            number = lost.json["number"]
            for again in journal.after(lost).of("pay"):
                if again.json["number"] != number:
                    continue
                looked = journal.between(lost, again).of("getPayment")
                if looked:
                    yield Kept(f"looked for payment {number} before it was sent again", (lost, *looked, again))
                else:
                    yield Broken(f"payment {number} was sent again without a look for it", (lost, again))

    OBLIGATIONS = Obligations(
        watched=(
            Obligation(
                "acme.payment.once",
                payment_is_looked_up,
                occasion="the answer to a payment is lost, and the payment is sent again",
            ),
        ),
        enforced=("acme.auth.header",),
        excuses=(Excuse("acme.auth.token", token_is_renewed, why="the token had expired and was renewed"),),
        unseen={"acme.transport.tls": "The mock listens on loopback without TLS."},
    )

Beside the watchers, every request is held against what the provider enforces. A finding that cites a requirement of
the client's breaks it, unless an excuse says otherwise; a request that was accepted keeps what the contract's schemas
say of the members that it has, and the requirements that are `enforced` with every request of their operations.
"""

from .contractual import unwatched
from .judgement import Judgement, Report, Verdict, judge
from .obligation import Broken, Excuse, Kept, Obligation, Obligations, Sighting, Watcher, accepted
from .observed import Journal, Message, Mistake, Observed
from .reading import read_document, read_journal
from .retries import in_doubt, pause_s, repeated, waits_as_told

__all__ = [
    "Broken",
    "Excuse",
    "Journal",
    "Judgement",
    "Kept",
    "Message",
    "Mistake",
    "Obligation",
    "Obligations",
    "Observed",
    "Report",
    "Sighting",
    "Verdict",
    "Watcher",
    "accepted",
    "in_doubt",
    "judge",
    "pause_s",
    "read_document",
    "read_journal",
    "repeated",
    "unwatched",
    "waits_as_told",
]
