"""
Who tests the tests: a provider's mock with exactly one thing broken, against that provider's own suite.

    plan.py        which mutants there are: responses.py from the contract, refusals.py from what the mock enforces,
                   own.py from the provider's list
    sabotage.py    breaks the mock in this process, and only there
    reference.py   what each test saw of the unbroken mock, so that only tests that can see a mutant run
    session.py     the pytest plugin that forks a process for each mutant
    run.py         starts that session and reads its outcomes

Knows no provider. The mock's kernel knows nothing of this package: a mutant lives in a forked process of its own.
"""

from .mutant import Mutant, Outcome
from .run import Report, run_mutants

__all__ = ["Mutant", "Outcome", "Report", "run_mutants"]
