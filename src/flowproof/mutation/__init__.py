"""
Who tests the tests: a provider's mock with exactly one thing broken, against that provider's own suite.

    mutant.py             a mutant and its result, as plain values
    plan.py               which mutants there are, and which tests can see each of them
    response_mutants.py   made from the contract
    refusal_mutants.py    made from what the mock refuses
    general_mutants.py    made for every provider alike: second entry, second time, other workspace, letter case
    patch_mutants.py      written by the provider's author: changes of its source
    mutant_installer.py   breaks the mock of this process
    general_installer.py  the same for general mutants
    scout.py              in which tests a general mutant would change anything
    inputs.py             the texts of a request by their place
    reference.py          what each test observes of the unbroken mock
    forked_tasks.py       functions in processes of their own
    preload.py            what these processes share, with first_example.py
    session.py            runs the mutants, in place of pytest's own loop over the tests
    pytest_plugin.py      has pytest run that session
    run.py                starts pytest and reads the results

Knows no provider. Mutants use the hooks of the mock (``kernel/hooks.py``), or change its source before it is imported.
"""

from .mutant import FAMILIES, Family, Mutant, MutantResult
from .run import MutantReport, run_mutants

__all__ = ["FAMILIES", "Family", "Mutant", "MutantReport", "MutantResult", "run_mutants"]
