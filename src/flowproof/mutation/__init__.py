"""
Who tests the tests: a provider's mock with exactly one thing broken, against that provider's own suite.

    mutant.py             a mutant and its result, as plain values
    plan.py               which mutants there are, and which tests can see each of them
    response_mutants.py   made from the contract
    refusal_mutants.py    made from what the mock refuses
    patch_mutants.py      written by the provider's author: changes of its source
    mutant_installer.py   breaks the mock of this process
    reference.py          what each test observes of the unbroken mock
    forked_tasks.py       functions in processes of their own
    preload.py            what these processes share, with first_example.py
    session.py            runs the mutants, in place of pytest's own loop over the tests
    pytest_plugin.py      has pytest run that session
    run.py                starts pytest and reads the results

Knows no provider. Mutants use the hooks of the mock (``kernel/hooks.py``), or change its source before it is imported.
"""

from .mutant import Mutant, MutantResult
from .run import MutantReport, run_mutants

__all__ = ["Mutant", "MutantReport", "MutantResult", "run_mutants"]
