"""Cases from the examples of a document: what it shows as a request, and what the answer then has."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from flowproof.conformance import Contract
from flowproof.conformance.operations import Operation
from flowproof.openapi.examples import Answers, success_status
from flowproof.openapi.generation import Occasion
from flowproof.openapi.requests import Requests
from flowproof.openapi.requirements import snake_case
from flowproof.openapi.resources import Roles, json_pointer
from flowproof.openapi.schema_reader import SchemaReader
from flowproof.openapi.security import read_schemes, read_security

__all__ = ["example_cases"]

CLOCK = datetime(2026, 1, 1, 12, tzinfo=UTC)


def example_cases(contract: Contract, roles: Roles, standing: str = "documented") -> Iterator[Mapping[str, Any]]:
    """A case for each operation whose request, if it has a body, and whose answer the document shows."""
    reader = SchemaReader(contract.document)
    answers = Answers(contract, reader)
    requests = Requests(contract, reader, answers)
    by_query = {each.name for each in read_schemes(contract.document).values() if each.kind == "query"}
    security = read_security(contract.document, read_schemes(contract.document))
    taken: set[str] = set()
    for operation in contract.operations.all:
        if security[operation.id] and all(names & by_query for names in security[operation.id]):
            continue  # (a case is signed in its headers)
        case = _case(contract, operation, roles, answers, requests)
        if case is not None and case["id"] not in taken:
            taken.add(case["id"])
            yield {**case, "standing": standing}


def _case(
    contract: Contract, operation: Operation, roles: Roles, answers: Answers, requests: Requests
) -> Mapping[str, Any] | None:
    role = roles.get(operation.id)
    needs_record = role is not None and role.verb not in ("create", "list")
    if operation.names or needs_record or (operation.bodies and operation.json_body is None):
        return None
    sent = _shown(contract, operation.bodies.get(operation.json_body or "", ""), answers)
    if operation.json_body is not None and sent is None:
        return None
    status = success_status(operation)
    answer = answers.of(operation, status, Occasion(Random(operation.id), CLOCK))
    expect: dict[str, Any] = {"status": status}
    if role is None and answer.shown:
        expect["contains"] = answer.value
    elif role is not None and role.verb == "create" and isinstance(sent, dict) and not role.wrapper and answer.is_json:
        described = json_pointer(operation.described(status) or {})
        expect["contains"] = _echoed(sent, requests.members(described), answer.value)
    elif role is None:
        return None
    drawn = requests.draw(operation, Random(operation.id), CLOCK)
    request: dict[str, Any] = {"method": operation.method, "path": operation.path}
    request |= {"query": {name: _text(each) for name, each in drawn.query.items()}} if drawn.query else {}
    headers = {name: each for name, each in drawn.headers.items() if name != "Content-Type"}
    request |= {"headers": headers} if headers else {}
    if sent is not None:
        request["body"] = sent
    own = snake_case(operation.id).replace(".", "_")
    return {
        "id": own,
        "title": f"{operation.method} {operation.path} is answered as the document shows",
        "source": f"#/paths/{operation.path.replace('~', '~0').replace('/', '~1')}/{operation.method.lower()}",
        "requirements": [f"{contract.slug}.operation.{snake_case(operation.id)}"],
        "clock": "2026-01-01T12:00:00.000Z",
        "steps": [{"request": request, "expect": expect}],
    }


def _shown(contract: Contract, pointer: str, answers: Answers) -> Any:
    if not pointer:
        return None
    uri = contract.schemas.uri_of_pointer(pointer)
    return next((each for _, each in answers.examples(pointer) if contract.schemas.accepts(uri, each)), None)


def _echoed(sent: Mapping[str, Any], members: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """The sent members that an answer has, where they are of one piece and the answer's schema takes them."""
    shown = answer if isinstance(answer, dict) else {}
    return {
        name: value
        for name, value in sent.items()
        if name in members and isinstance(value, str | int | bool) and type(shown.get(name)) is type(value)
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
