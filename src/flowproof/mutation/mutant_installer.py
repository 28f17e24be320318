"""Breaks the mock in this process, as one mutant says. The process serves a few tests and ends."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from .mutant import Canned, Mutant
from .own import install_patch
from .refusals import reworded
from .responses import changed_answer

if TYPE_CHECKING:
    from flowproof.kernel.http.response import WireResponse
    from flowproof.kernel.mock import Arrival, Mock
    from flowproof.kernel.workspaces import Workspace

__all__ = ["MutantInstaller"]


@dataclass(slots=True)
class MutantInstaller:
    """
    One mutant in this process.

    Args:
        mutant: What is broken.
        met: How often an answer, or a finding, was one that the mutant is about.
        changed: How often it was given otherwise than the unbroken mock would have.
    """

    mutant: Mutant
    met: int = 0
    changed: int = 0

    def install(self) -> None:
        """Break the mock. Its provider must not have been imported yet."""
        if self.mutant.patch is not None:
            install_patch(self.mutant.patch)
            return
        if self.mutant.kind == "unenforced":
            self._drop_findings()
        self._change_answers()

    def _change_answers(self) -> None:
        from flowproof.kernel import mock  # noqa: PLC0415 (only in a process that serves)

        as_ever = mock.Mock._process_or_refuse  # (below `handle` and `resume`)

        def answered(server: "Mock", arrival: "Arrival", workspace: "Workspace") -> "WireResponse":
            given = as_ever(server, arrival, workspace)
            if arrival.app.provider.slug != self.mutant.provider or not self._is_about(arrival, given):
                return given
            self.met += 1
            broken = self._broken(Canned(given.status, given.body, given.headers))
            if (broken.status, broken.body, broken.headers) == (given.status, given.body, given.headers):
                return given
            self.changed += 1
            return replace(given, status=broken.status, body=broken.body, headers=broken.headers)

        setattr(mock.Mock, "_process_or_refuse", answered)  # noqa: B010 (this process alone, on purpose)

    def _is_about(self, arrival: "Arrival", given: "WireResponse") -> bool:
        if self.mutant.family == "response":
            name = arrival.match.operation.id if arrival.match else None
            return (name, given.status) == (self.mutant.operation, self.mutant.status)
        if self.mutant.keyword:
            return False  # (its findings are dropped, nothing else)
        return given.requirement == self.mutant.requirement and self.mutant.status in (None, given.status)

    def _broken(self, given: Canned) -> Canned:
        if self.mutant.family == "response":
            return changed_answer(self.mutant, given)
        match self.mutant.kind:
            case "status":
                return Canned(self.mutant.other_status or given.status, given.body, given.headers)
            case "message":
                return Canned(given.status, reworded(given.body), given.headers)
        canned = self.mutant.canned
        own = tuple(each for each in given.headers if each[0] in ("Date", "Flowproof-Exchange"))
        return Canned(canned.status, canned.body, (*canned.headers, *own)) if canned else given

    def _drop_findings(self) -> None:
        from flowproof.kernel import app, provider_context  # noqa: PLC0415 (only in a process that serves)

        for module, name in (
            (app, "check_parameters"),
            (app, "check_request_body"),
            (provider_context.ProviderContext, "findings"),
        ):
            setattr(module, name, self._without(getattr(module, name)))
        for each in self.mutant.judges:
            module_name, _, function = each.partition(":")
            module = sys.modules[module_name]  # (the provider is loaded, since only a patched one must not be)
            setattr(module, function, self._without(getattr(module, function)))

    def _without(self, judge: Callable[..., Sequence[Any]]) -> Callable[..., tuple[Any, ...]]:
        """The same judge, blind for the broken requirement."""

        @wraps(judge)
        def blind(*arguments: Any, **named: Any) -> tuple[Any, ...]:
            found = tuple(judge(*arguments, **named))
            left = tuple(each for each in found if not self._is_blind_for(each))
            self.met += len(found) - len(left)
            self.changed += len(found) - len(left)
            return left

        return blind

    def _is_blind_for(self, finding: Any) -> bool:
        return finding.requirement == self.mutant.requirement and self.mutant.keyword in ("", finding.keyword)
