"""
Schema-driven fuzzing of a provider: valid, nearly valid and invalid requests, what is wrong in the answers, made small.

    requests.py     a request as a case's file has it, and a sequence of them
    links.py        where a value of one answer is a parameter of another operation
    generation.py   requests from the contract: drawn by Schemathesis, or documented examples
    changes.py      one change to a request, after which it is nearly valid
    sequences.py    sequences of requests as a Hypothesis strategy
    targets.py      where they are sent: a mock, a server of one's own, a sandbox within its permissions
    judging.py      what is wrong in an exchange
    tallies.py      what was sent and found
    search.py       sequence after sequence until the budget is used up; each finding as small as it can be
    report.py       what was found, as the events of a run, a case and a curl command

Needs Schemathesis, which the extra `flowproof[fuzz]` brings; only `generation.py` imports it.
"""

from .search import fuzz
from .tallies import Finding, Fuzzing
from .targets import make_target

__all__ = ["Finding", "Fuzzing", "fuzz", "make_target"]
