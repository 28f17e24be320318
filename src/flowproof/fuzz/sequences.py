"""Sequences of requests as a Hypothesis strategy: an example as documented is simplest, then one change to it."""

import re
from collections.abc import Collection
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowproof.conformance import Contract
from flowproof.conformance.check import typed
from flowproof.conformance.operations import Operation, Parameter

from .changes import PATH_TEXTS, changed_requests
from .generation import Example, Generator
from .links import Link, find_links
from .requests import Kind, Sequence, Step

__all__ = ["Sequences"]

NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]+")


class Sequences:
    """
    Sequences of one contract.

    Args:
        contract: The provider's.
        generator: Draws single requests.
    """

    def __init__(self, contract: Contract, generator: Generator) -> None:
        self._contract = contract
        self._generator = generator
        self._links = find_links(contract)

    def of(self, operation: Operation, kind: Kind) -> SearchStrategy[Sequence]:
        """Sequences whose subject is a request of that operation and kind; what leads to it and follows is valid."""
        return self._subjects(operation, kind).flatmap(self._with_links)

    def kinds(self, operation: Operation, wanted: Collection[Kind] = ()) -> tuple[Kind, ...]:
        """The kinds that an operation has, of those; without any parameter or body nothing is near, or invalid."""
        kinds: list[Kind] = ["documented"] if self._generator.examples.get(operation.id) else []
        kinds.append("valid")
        kinds += ["near"] if operation.parameters or operation.bodies else []
        kinds += ["invalid"] if operation.bodies or any(map(self._refuses, operation.parameters)) else []
        return tuple(each for each in kinds if not wanted or each in wanted)

    def _refuses(self, parameter: Parameter) -> bool:
        """Whether there are texts that are no value of a parameter: Schemathesis looks for one for seconds."""
        schemas = self._contract.schemas
        uri = schemas.uri_of_pointer(parameter.schema)
        return not all(schemas.accepts(uri, typed(text, parameter.type)) for text in PATH_TEXTS)

    def _subjects(self, operation: Operation, kind: Kind) -> SearchStrategy[Example]:
        examples = self._generator.examples.get(operation.id, ())
        match kind:
            case "documented":
                return st.sampled_from(examples)
            case "near":
                drawn = self._generator.drawn(operation, "valid").map(lambda step: Example((), step))
                known = st.sampled_from(examples) if examples else drawn
                return known.flatmap(
                    lambda example: changed_requests(example.step.request, operation).map(
                        lambda request: replace(example, step=replace(example.step, kind="near", request=request))
                    )
                )
            case _:
                return self._generator.drawn(operation, kind).map(lambda step: Example((), step))

    def _with_links(self, subject: Example) -> SearchStrategy[Sequence]:
        """The subject, about something that an earlier step has created, and a step about what itself has created."""
        before = [each for each in self._links if each.target == subject.step.operation] if not subject.before else []
        after = [each for each in self._links if each.source == subject.step.operation]
        leading = st.none() | st.sampled_from(before).flatmap(self._led_by) if before else st.none()
        following = st.none() | st.sampled_from(after).flatmap(self._followed_by) if after else st.none()
        return st.builds(lambda lead, follow: _sequence(subject, lead, follow), leading, following)

    def _led_by(self, link: Link) -> SearchStrategy[tuple[Link, Example] | None]:
        examples = self._generator.examples.get(link.source, ())
        return st.sampled_from([(link, each) for each in examples]) if examples else st.none()

    def _followed_by(self, link: Link) -> SearchStrategy[tuple[Link, Step]]:
        target = next(each for each in self._contract.operations.all if each.id == link.target)
        examples = [each.step for each in self._generator.examples.get(link.target, ())]
        known = st.sampled_from(examples) if examples else self._generator.drawn(target, "valid")
        return known.map(lambda step: (link, step))


def _sequence(subject: Example, lead: tuple[Link, Example] | None, follow: tuple[Link, Step] | None) -> Sequence:
    steps, own = [*subject.before], subject.step
    if lead is not None:
        link, example = lead
        steps = [*example.before, _saving(example.step, link)]
        own = _using(own, link)
    at = len(steps)
    if follow is not None:
        link, step = follow
        return Sequence((*steps, _saving(own, link), _using(step, link)), at)
    return Sequence((*steps, own), at)


def _saving(step: Step, link: Link) -> Step:
    return replace(step, save={**step.save, _name(link): link.pointer})


def _using(step: Step, link: Link) -> Step:
    """The step with what was saved in the place of its path's parameter."""
    parts = step.request["path"].split("/")
    parts[link.segment] = f"{{{_name(link)}}}"
    return replace(step, request={**step.request, "path": "/".join(parts)})


def _name(link: Link) -> str:
    """As the placeholders of a case are named."""
    return NOT_IN_A_NAME.sub("_", f"{link.source}_{link.parameter}".lower())
