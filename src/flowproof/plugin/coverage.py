"""
Which operations, statuses, examples, branches of schemas and requirements a run exercised, and by which tests.

Written with ``--flowproof-coverage FILE``; ``flowproof contracts coverage`` reads it. Under xdist the workers hand
theirs to the controller, which writes one file. Loaded only with that option.
"""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from flowproof.conformance.branches import Branches

from .item_info import requirements_of
from .recording import RecordedExchange

__all__ = ["CoverageWriter"]

WORKER_OUTPUT = "flowproof_coverage"
VERSION = 1
JSON = "application/json"

Exercised = dict[str, dict[str, dict[str, set[str]]]]


class CoverageWriter:
    """
    Keeps what a session exercises.

    Args:
        file: Where it is written at the session's end.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._exercised: Exercised = {}
        self._branches: dict[str, Branches] = {}
        self.test = ""

    def record(self, recorded: RecordedExchange) -> None:
        provider, contract, exchange = recorded.provider, recorded.contract, recorded.exchange
        found = contract.operations.find(exchange.method, exchange.path)
        if found is None:
            return
        operation = found.operation
        answer = f"{operation.id} {exchange.status}"
        self._add(provider, "answers", answer)
        branches = self._branches.setdefault(provider, Branches(contract))
        described = operation.described(exchange.status) or {}
        if described.get(JSON):
            taken = branches.of(described[JSON]).taken(_json(exchange.response_body))
            self._add(provider, "branches", *(f"{answer} {each}" for each in taken))
        if operation.json_body and exchange.status < 400:
            taken = branches.of(operation.bodies[operation.json_body]).taken(_json(exchange.request_body))
            self._add(provider, "branches", *(f"{operation.id} request {each}" for each in taken))

    def _add(self, provider: str, kind: str, *names: str) -> None:
        kinds = self._exercised.setdefault(provider, {}).setdefault(kind, {})
        for name in names:
            kinds.setdefault(name, set()).add(self.test)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.test = item.nodeid

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Any:
        """What a test proves counts when it has passed."""
        report: pytest.TestReport = yield
        if report.when == "call" and report.passed:
            for requirement in requirements_of(item):
                self._add(requirement.partition(".")[0], "requirements", requirement)
            case = getattr(item, "callspec", None) and item.callspec.params.get("documented_case")  # type: ignore[attr-defined] # (items of functions have it)
            if case is not None:
                self._add(case.provider, "cases", case.id)
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file, or hand over to the controller."""
        plain = {
            provider: {
                kind: {name: sorted(tests) for name, tests in sorted(names.items())} for kind, names in kinds.items()
            }
            for provider, kinds in sorted(self._exercised.items())
        }
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[WORKER_OUTPUT] = json.dumps(plain)
            return
        text = json.dumps({"version": VERSION, "providers": plain}, indent=1, ensure_ascii=False)
        self._file.write_text(f"{text}\n", encoding="utf-8")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker of xdist has exercised."""
        exercised = json.loads(getattr(node, "workeroutput", {}).get(WORKER_OUTPUT, "{}"))
        for provider, kinds in exercised.items():
            for kind, names in kinds.items():
                for name, tests in names.items():
                    self._exercised.setdefault(provider, {}).setdefault(kind, {}).setdefault(name, set()).update(tests)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
