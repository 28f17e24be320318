"""Breaks the mock of this process, as one mutant says. The process serves a few tests and ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.http.response import WireResponse

from .mutant import OWN_HEADERS, CannedResponse, Mutant
from .reference import keyword_of
from .refusal_mutants import reworded
from .response_mutants import changed_response

__all__ = ["MutantInstaller"]


@dataclass(slots=True)
class MutantInstaller:
    """
    The hooks of one mutant that needs no patch.

    Args:
        mutant: What is broken.
        changed: How many responses and findings differed from the unbroken mock's.
    """

    mutant: Mutant
    changed: int = 0

    def install(self, hooks: MockHooks) -> None:
        """Break a mock."""
        hooks.answer_filter = self._filter_answer
        if self.mutant.kind == "unenforced":
            hooks.findings_filter = self._filter_findings

    def _filter_answer(
        self, slug: str, operation: str | None, answer: WireResponse, _: Sequence[Finding]
    ) -> WireResponse:
        if slug != self.mutant.provider or not self._breaks(operation, answer):
            return answer
        right = CannedResponse(answer.status, answer.body, answer.headers)
        broken = self._broken(right)
        if broken == right:
            return answer
        self.changed += 1
        return replace(answer, status=broken.status, body=broken.body, headers=broken.headers)

    def _breaks(self, operation: str | None, answer: WireResponse) -> bool:
        if self.mutant.family == "response":
            return (operation, answer.status) == (self.mutant.operation, self.mutant.status)
        if self.mutant.keyword:
            return False  # (its findings are left out, nothing else)
        return answer.requirement == self.mutant.requirement and self.mutant.status in (None, answer.status)

    def _broken(self, right: CannedResponse) -> CannedResponse:
        if self.mutant.family == "response":
            return changed_response(self.mutant, right)
        match self.mutant.kind:
            case "status":
                return replace(right, status=self.mutant.other_status or right.status)
            case "message":
                return replace(right, body=reworded(right.body))
        canned = self.mutant.canned
        if canned is None:
            return right
        own = tuple(each for each in right.headers if each[0] in OWN_HEADERS)
        return CannedResponse(canned.status, canned.body, (*canned.headers, *own))

    def _filter_findings(self, _: str, findings: Sequence[Any]) -> Sequence[Any]:
        enforced = [each for each in findings if not self._leaves_out(each)]
        self.changed += len(findings) - len(enforced)
        return enforced

    def _leaves_out(self, finding: Any) -> bool:
        keyword = self.mutant.keyword
        return finding.requirement == self.mutant.requirement and keyword in ("", keyword_of(finding))
