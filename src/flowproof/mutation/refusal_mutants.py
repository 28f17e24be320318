"""
Requirement mutants that need no list: what the mock enforces is left unenforced, or refused in other words.

Which requirements those are, a run on the unbroken mock shows, and the schemas of requests.
"""

import re
from collections.abc import Iterator, Sequence

from flowproof.conformance import Contract
from flowproof.conformance.operations import Parameter
from flowproof.conformance.schema_walk import SchemaWalk

from .mutant import CannedResponse, Mutant
from .reference import ReferenceRun

__all__ = ["EMPTY_OBJECT", "refusal_mutants", "reworded"]

FORM = "application/x-www-form-urlencoded"
STANDINGS = ("documented", "observed")
EMPTY_OBJECT = CannedResponse(200, b"{}", (("Content-Type", "application/json"),))
QUOTED = re.compile(r"\"([^\"]{4,})\"|\"message\":\"([^\"]+)\"")


def refusal_mutants(contract: Contract, reference: ReferenceRun) -> Iterator[Mutant]:
    """Every requirement that is documented or observed, and that the mock refuses for or whose schema it checks."""
    cited = _cited(reference)
    keywords = _keywords(contract)
    for requirement in contract.requirements.values():
        if requirement.standing not in STANDINGS:
            continue
        places = cited.get(requirement.id, [])
        for keyword in keywords.get(requirement.id, ()):
            yield Mutant(
                f"{requirement.id}:unenforced-{keyword}",
                contract.slug,
                "requirement",
                "unenforced",
                f"what `{keyword}` says for {requirement.id} is not enforced",
                requirement.id,
                keyword=keyword,
            )
        if places and requirement.id not in keywords:
            operation, _ = places[0]
            yield Mutant(
                f"{requirement.id}:unenforced",
                contract.slug,
                "requirement",
                "unenforced",
                f"{requirement.id} is not enforced",
                requirement.id,
                canned=reference.success_of(operation) or EMPTY_OBJECT,
            )
        yield from _of_answer(contract, reference, requirement.id, requirement.text, places)


def _of_answer(
    contract: Contract, reference: ReferenceRun, requirement: str, text: str, places: Sequence[tuple[str, int]]
) -> Iterator[Mutant]:
    """The status, where the sentence names it; the words, where it quotes them."""
    for status in sorted({status for _, status in places}):
        if str(status) in text or f"{status // 100}XX" in text:
            other = {401: 400, 403: 404}.get(status, status // 100 * 100 + (3 if status % 100 != 3 else 2))
            yield Mutant(
                f"{requirement}:status-{status}",
                contract.slug,
                "requirement",
                "status",
                f"a refusal for {requirement} has status {other} instead of {status}",
                requirement,
                status=status,
                other_status=other,
            )
    quotes = [found for groups in QUOTED.findall(text) for found in groups if found]
    bodies = [reference.samples[place].body.decode(errors="replace") for place in places if place in reference.samples]
    if places and quotes and (bodies or not places[0][0]):
        yield Mutant(
            f"{requirement}:message",
            contract.slug,
            "requirement",
            "message",
            f"a refusal for {requirement} says it in other words",
            requirement,
        )


def _cited(reference: ReferenceRun) -> dict[str, list[tuple[str, int]]]:
    """For each requirement, the operations and statuses that were refused for it."""
    found: dict[str, dict[tuple[str, int], None]] = {}
    for node in sorted(reference.tests):
        for requirement, operation, status in sorted(reference.tests[node].cited):
            found.setdefault(requirement, {})[operation, status] = None
    return {requirement: list(places) for requirement, places in found.items()}


def _keywords(contract: Contract) -> dict[str, list[str]]:
    """For each requirement, the keywords of request schemas that the kernel checks for it."""
    walk, found = SchemaWalk(contract), dict[str, dict[str, None]]()
    for operation in contract.operations.all:
        for media_type, pointer in () if operation.by_rules else operation.bodies.items():
            for requirement, keywords in walk.keywords(contract.schemas.uri_of_pointer(pointer)).items():
                able = (name for name in keywords if not (media_type == FORM and name == "type"))  # (a form is text)
                found.setdefault(requirement, {}).update(dict.fromkeys(able))
        for each in operation.parameters:
            for requirement, keywords in walk.keywords(contract.schemas.uri_of_pointer(each.schema)).items():
                able = (name for name in keywords if not _cannot_fail(each, name))
                found.setdefault(requirement, {}).update(dict.fromkeys(able))
            if each.requirement and each.required and each.place != "path":
                found.setdefault(each.requirement, {})["required"] = None
    return {requirement: list(keywords) for requirement, keywords in found.items() if keywords}


def _cannot_fail(parameter: Parameter, keyword: str) -> bool:
    """What comes in a URL is text, and no part of a path is empty."""
    return parameter.type == "string" and (keyword == "type" or (keyword == "minLength" and parameter.place == "path"))


def reworded(text: bytes) -> bytes:
    """A refusal with its longest text in other words, in the same structure."""
    texts = re.findall(rb'"((?:[^"\\]|\\.)*)"(?!\s*:)', text)
    longest = max(texts, key=len, default=b"")
    return text.replace(b'"' + longest + b'"', b'"' + b"No, " + longest + b'"', 1) if longest else text
