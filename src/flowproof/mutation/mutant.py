"""A mutant and its result. Plain values that can be pickled and written as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["FAMILIES", "OWN_HEADERS", "CannedResponse", "Family", "Mutant", "MutantResult", "Patch", "Verdict"]

OWN_HEADERS = frozenset({"Date", "Flowproof-Exchange"})  # of one exchange, which no other repeats

Family = Literal["response", "requirement", "general"]
FAMILIES: tuple[Family, ...] = ("response", "requirement", "general")
Verdict = Literal["killed", "survived", "equal", "broken"]


@dataclass(frozen=True, slots=True)
class Patch:
    """
    A change to the source of one of the mock's modules.

    Args:
        module: Full name, such as ``flowproof.mocks.acme.rules``.
        find: Text that the source has exactly once.
        put: What stands there instead.
    """

    module: str
    find: str
    put: str


@dataclass(frozen=True, slots=True)
class CannedResponse:
    """A response of the unbroken mock, which a mutant changes or repeats."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    The mock with exactly one thing broken.

    Args:
        id: Says what is broken, and where; the same in every run.
        provider: Slug.
        family: ``response`` (made from the contract), ``requirement``, or ``general`` (made for every provider alike).
        kind: What is done, such as ``missing`` or ``unenforced``.
        says: What is broken, in a sentence.
        requirement: Id of the requirement that is broken, where one is known.
        operation: The operation whose responses are broken.
        status: The status whose responses are broken.
        steps: Where in the body: names of properties, ``*`` for every entry of a list. For a mutant of what is sent,
            the place of a text in the request.
        keyword: Only findings of this schema keyword are left out; all of the requirement's where empty.
        values: What the broken place may hold instead, the first that fits.
        schemas: Schemas one of which a value in that place keeps.
        other_status: The status instead of the right one.
        canned: The response instead of a refusal that cannot be left out.
        patch: The change of the source, of a patch mutant.
    """

    id: str
    provider: str
    family: Family
    kind: str
    says: str
    requirement: str | None = None
    operation: str | None = None
    status: int | None = None
    steps: tuple[str, ...] = ()
    keyword: str = ""
    values: tuple[Any, ...] = ()
    schemas: tuple[Mapping[str, Any], ...] = ()
    other_status: int | None = None
    canned: CannedResponse | None = None
    patch: Patch | None = None


@dataclass(frozen=True, slots=True)
class MutantResult:
    """
    The verdict on a mutant.

    Args:
        mutant: Its id.
        family: Of the mutant.
        kind: Of the mutant.
        says: Of the mutant.
        requirement: Of the mutant.
        verdict: ``killed``, ``survived``, ``equal`` (no response differed from the unbroken mock's), or ``broken`` (it
            could not be run, which is the fault of its author).
        test: Which test killed it.
        why: The message of that test, in one line; else why it lived.
        tests: How many tests ran.
        seconds: How long that took.
        excused: Why its requirement cannot be killed from outside, as the requirement says.
        standing: Of the requirement: ``documented``, ``observed``, ``inferred``; empty where there is none.
    """

    mutant: str
    family: str
    kind: str
    says: str
    requirement: str | None
    verdict: Verdict
    test: str = ""
    why: str = ""
    tests: int = 0
    seconds: float = 0.0
    excused: str = ""
    standing: str = ""

    def to_json(self) -> dict[str, Any]:
        """For the machine-readable report."""
        return asdict(self)
