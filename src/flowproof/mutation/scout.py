"""
In which tests a general mutant would change anything: all of them watch one run on the unbroken mock.

Up to its first change a mutant is the unbroken mock, so a test in which it changes nothing cannot notice it. Each
mutant sees the test's requests, answers and findings, and what it makes of them is thrown away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel.hooks import Inputs, MockHooks
from flowproof.kernel.http.request import ProviderRequest
from flowproof.kernel.http.response import WireResponse

from .general_installer import GeneralInstaller
from .mutant import Mutant

__all__ = ["Scout", "Sightings"]


@dataclass(slots=True)
class Sightings:
    """
    Where general mutants act.

    Args:
        reached: Ids of mutants that some test comes to.
        changed: Node ids of the tests in which a mutant changes something, by its id.
    """

    reached: set[str] = field(default_factory=set)
    changed: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: "Sightings") -> None:
        """Take in what another process has seen."""
        self.reached |= other.reached
        for mutant, nodes in other.changed.items():
            self.changed.setdefault(mutant, set()).update(nodes)

    def narrow(self, mutant: Mutant, nodes: list[str]) -> list[str]:
        """Those of a mutant's tests that can notice it, in their order."""
        able = self.changed.get(mutant.id, set())
        return nodes if mutant.family != "general" else [each for each in nodes if each in able]


class Scout:
    """
    The hooks of many general mutants at once, none of which breaks anything.

    Args:
        by_test: The mutants to watch in each test, by its node id.
    """

    def __init__(self, by_test: Mapping[str, Sequence[Mutant]]) -> None:
        self.sightings = Sightings()
        self._by_test = by_test
        self._hooks: list[MockHooks] = []
        self._installers: list[GeneralInstaller] = []

    def install(self, hooks: MockHooks) -> None:
        """Watch a mock."""
        hooks.request_filter, hooks.input_filter = self._see_request, self._see_inputs
        hooks.answer_filter, hooks.findings_filter = self._see_answer, self._see_findings

    def begin(self, node: str) -> None:
        """A test starts: each of its mutants remembers nothing of the tests before."""
        self._installers = [GeneralInstaller(each) for each in self._by_test.get(node, ())]
        self._hooks = [MockHooks() for _ in self._installers]
        for installer, hooks in zip(self._installers, self._hooks, strict=True):
            installer.install(hooks)

    def end(self, node: str) -> None:
        """A test has ended: keep what its mutants would have done."""
        for each in self._installers:
            if each.reached:
                self.sightings.reached.add(each.mutant.id)
            if each.changed:
                self.sightings.changed.setdefault(each.mutant.id, set()).add(node)
        self._installers, self._hooks = [], []

    def _see_request(self, slug: str, operation: str | None, request: ProviderRequest) -> ProviderRequest:
        for each in self._hooks:
            if each.request_filter is not None:
                each.request_filter(slug, operation, request)
        return request

    def _see_inputs(self, slug: str, inputs: Inputs) -> Inputs:
        for each in self._hooks:
            if each.input_filter is not None:
                each.input_filter(slug, inputs)
        return inputs

    def _see_answer(
        self, slug: str, operation: str | None, answer: WireResponse, findings: Sequence[Finding]
    ) -> WireResponse:
        for each in self._hooks:
            if each.answer_filter is not None:
                each.answer_filter(slug, operation, answer, findings)
        return answer

    def _see_findings(self, slug: str, findings: Sequence[Any]) -> Sequence[Any]:
        for each in self._hooks:
            if each.findings_filter is not None:
                each.findings_filter(slug, findings)
        return findings
