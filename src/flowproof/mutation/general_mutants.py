"""
General mutants: what goes wrong with any provider and stands in no contract. They need no list.

With the second or the tenth entry, at a page's edge, the second time, after the clock has moved, in another workspace,
with texts that differ in composition, in blanks around them or in letter case. What the suite reaches, a run on the
unbroken mock shows; ``general_installer.py`` breaks it.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_args

from flowproof.conformance import Contract
from flowproof.conformance.places import pointer
from flowproof.conformance.schema_walk import SchemaWalk

from .inputs import Likeness, Place
from .mutant import Mutant
from .reference import Reached, ReferenceRun
from .refusal_mutants import EMPTY_OBJECT

__all__ = ["ECHOES", "FINDINGS", "LISTS", "MEMORIES", "REQUESTS", "general_mutants"]

MEMORIES: Mapping[str, str] = MappingProxyType(
    {
        "stale": "{answer} is what the same request got the first time",
        "late": "{answer} is what the same request got before the clock was moved on",
        "previous": "{answer} is that of the operation's request before",
        "first_answer": "the first {status} of {name} in a workspace is what another one got",
        "second_answer": "the second {status} of {name} in a workspace is the first again",
        "other_workspace": "{answer} is what another workspace got for the same request",
    }
)
"""An answer of before is given again."""

REQUESTS: Mapping[str, str] = MappingProxyType(
    {"second_request": "the second request of {operation} in a workspace is carried out with the body of the first"}
)
"""A request is carried out as another one was."""

ECHOES: Mapping[str, str] = MappingProxyType(
    {
        "echo_composed": "{answer} has the texts of the client in composed Unicode",
        "echo_blanks": "{answer} has the texts of the client without blanks around them",
        "echo_case": "{answer} has the texts of the client in lower case",
        "echo_ascii": "{answer} has a question mark for every character of the client's texts that is not ASCII",
    }
)
"""A text of the client is given back as another one."""

LISTS: Mapping[str, str] = MappingProxyType(
    {
        "second_entry": "every entry of {place} of {answer} is the first one",
        "second_entry_only": "the second entry of {place} of {answer} is the first again",
        "tenth_entry_only": "the tenth entry of {place} of {answer} is the ninth again",
        "last_entry": "{place} of {answer} lacks its last entry, where it has more than one",
        "tenth_entry": "{place} of {answer} is in the order of 1, 10, 2, where it has ten entries or more",
    }
)
"""A list of several entries is wrong."""

FINDINGS: Mapping[str, str] = MappingProxyType(
    {
        "first_entry_only": "{requirement} is enforced for the first entry of a list alone",
        "not_first_time": "{requirement} is not enforced the first time in a workspace",
        "not_second_time": "{requirement} is not enforced the second time in a workspace",
        "first_time_only": "{requirement} is enforced once in a workspace, and then no more",
    }
)
"""A requirement is enforced, and not always."""

LIKE: Mapping[Likeness, str] = MappingProxyType(
    {"case": "letter case", "blanks": "blanks", "composed": "its Unicode composition"}
)
"""A text is taken for one that was accepted before and differs in nothing else."""

JSON = "application/json"
SHORTEST_NAME = 2
Texts = Mapping[str, bool]


def general_mutants(contract: Contract, reference: ReferenceRun, set_up: frozenset[str]) -> Iterator[Mutant]:
    """
    Those of every answer, list, identifying text and requirement that the suite reaches.

    Args:
        contract: Of the provider.
        reference: The run on the unbroken mock.
        set_up: Texts of the account set-up.
    """
    echoes = {reached for reached, texts in reference.echoed.items() if texts - set_up}
    for reached in sorted(reference.samples):
        if reached[1] < 400:
            yield from _of_answer(contract, reference, reached, is_echo=reached in echoes)
    walk = SchemaWalk(contract)
    for name, status, steps in sorted(reference.lengths):
        if max(reference.lengths[name, status, steps]) > 1 and _is_named(contract, walk, (name, status), steps):
            yield from _of_list(contract, (name, status), steps, grows=(name, status) in echoes)
    for name in sorted({name for name, place in reference.texts if place[0] == "body"}):
        for kind, says in REQUESTS.items():
            yield _made(contract, name, kind, says.format(operation=name), (name, None), steps=("body",))
    named = _names(reference) | set_up
    for (operation, place), texts in _texts(reference).items():
        if place[0] != "body" or not named.isdisjoint(texts):
            made_up = any(is_own and text not in set_up for text, is_own in texts.items())
            yield from _of_text(contract, operation, place, tuple(texts), made_up=made_up and place[0] != "header")
    for requirement in contract.requirements.values():
        yield from _of_requirement(contract, reference, requirement.id)


def _of_answer(contract: Contract, reference: ReferenceRun, reached: Reached, *, is_echo: bool) -> Iterator[Mutant]:
    name, status = reached
    operation = contract.operations.by_id(name)
    if operation is None or not reference.samples[reached].body:
        return
    kinds = dict(MEMORIES)
    if operation.method != "GET":
        del kinds["stale"]
    if operation.method != "GET" or reached not in reference.changing:
        del kinds["late"]
    for kind, says in {**kinds, **(ECHOES if is_echo else {})}.items():
        text = says.format(answer=f"the {status} of {name}", status=status, name=name)
        canned = reference.samples[reached] if kind == "first_answer" else None
        yield _made(contract, f"{name}.{status}", kind, text, reached, canned=canned)


def _is_named(contract: Contract, walk: SchemaWalk, reached: Reached, steps: Place) -> bool:
    """Whether the contract knows that place of an answer, so that it is none of a client's own making."""
    operation = contract.operations.by_id(reached[0])
    described = operation.described(reached[1]) if operation is not None else None
    schema = (described or {}).get(JSON)
    return schema is not None and steps in walk.locations(contract.schemas.uri_of_pointer(schema))


def _of_list(contract: Contract, reached: Reached, steps: Place, *, grows: bool) -> Iterator[Mutant]:
    name, status = reached
    for kind, says in LISTS.items():
        if grows or "tenth" not in kind:
            text = says.format(place=pointer(steps) or "the body", answer=f"the {status} of {name}")
            yield _made(contract, f"{name}.{status}#{pointer(steps)}", kind, text, reached, steps=steps)


def _names(reference: ReferenceRun) -> frozenset[str]:
    """Texts by which something is found: parts of a path and of a query."""
    texts = (each for (_, place), found in reference.texts.items() if place[0] in ("path", "query") for each in found)
    return frozenset(each for each in texts if len(each) >= SHORTEST_NAME)


def _texts(reference: ReferenceRun) -> Mapping[tuple[str | None, Place], Texts]:
    """The texts that were accepted, by operation and place; those of a header for all operations together."""
    found: dict[tuple[str | None, Place], dict[str, bool]] = {}
    for operation, place in sorted(reference.texts):
        whose = None if place[0] == "header" else operation
        found.setdefault((whose, place), {}).update(reference.texts[operation, place])
    return found


def _of_text(
    contract: Contract, operation: str | None, place: Place, texts: tuple[str, ...], *, made_up: bool
) -> Iterator[Mutant]:
    where = f"{place[0]} {place[1]}" if place[0] != "body" else f"the body's {pointer(place[1:])}"
    for likeness in get_args(Likeness):
        if _can_differ(likeness, texts) and (made_up or likeness != "composed"):  # (an id has no other composition)
            says = f"{where} of {operation or 'all operations'} is compared without regard to {LIKE[likeness]}"
            id_ = f"{operation or 'all'}<{'.'.join(place)}"
            yield _made(contract, id_, f"like_{likeness}", says, (operation, None), steps=place, values=texts)


def _can_differ(likeness: Likeness, texts: tuple[str, ...]) -> bool:
    """Whether one of these texts may have a lookalike: a number is written in one way, and has no letter case."""
    match likeness:
        case "case":
            return any(each != each.swapcase() for each in texts)
        case "composed":
            return any(not each.isascii() or each.upper() != each.lower() for each in texts)
    return not all(each.lstrip("-").isdecimal() for each in texts)


def _of_requirement(contract: Contract, reference: ReferenceRun, requirement: str) -> Iterator[Mutant]:
    tests = reference.tests.values()
    cited = [operation for test in tests for each, operation, _ in test.cited if each == requirement]
    canned = reference.success_of(min(cited)) or EMPTY_OBJECT if cited else None
    kinds = []
    if any(requirement in test.indexed for test in tests):
        kinds.append("first_entry_only")
    if cited or any(requirement in test.requested for test in tests):
        kinds += ["not_first_time", "not_second_time", "first_time_only"]
    for kind in kinds:
        says = FINDINGS[kind].format(requirement=requirement)
        yield _made(contract, requirement, kind, says, (None, None), requirement=requirement, canned=canned)


def _made(
    contract: Contract, stem: str, kind: str, says: str, reached: tuple[str | None, int | None], **more: Any
) -> Mutant:
    operation, status = reached
    return Mutant(f"{stem}:{kind}", contract.slug, "general", kind, says, operation=operation, status=status, **more)
