"""
From a request to the view that answers it.

Flask's rules are made quickly: what writes a URL from a rule is compiled when a URL is written, which no mock does. And
where the contract has found the operation of a request, its view is known without asking Flask once more.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from werkzeug.routing import Rule

from flowproof.conformance import Match, Operation

__all__ = ["QuickRule", "ShortWay", "short_ways"]

Built = tuple[str, str]
View = Callable[..., Any]
PLAIN = re.compile(r"<(\w+)>", re.ASCII)  # a part of a path that no converter reads
TEMPLATED = re.compile(r"\{(\w+)\}", re.ASCII)


class QuickRule(Rule):
    """A rule as Werkzeug's, but for when its code to build URLs is compiled: that takes longer than all else of it."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Built]:
        compiled = super()._compile_builder

        def build(rule: Rule, /, **values: object) -> Built:
            return compiled(append_unknown)(rule, **values)

        return build


class ShortWay(NamedTuple):
    """
    The view of an operation.

    Args:
        view: As the provider's blueprint has it.
        names: For each parameter of the path, what the view and what the contract call it.
    """

    view: View
    names: tuple[tuple[str, str], ...]

    def answered(self, match: Match) -> Any:
        """What the view returns for a request."""
        if not self.names:
            return self.view()
        given = match.path_parameters
        return self.view(**{ours: given[theirs] for ours, theirs in self.names})


def short_ways(
    operations: Iterable[Operation], rules: Iterable[Rule], views: Mapping[str, View]
) -> Mapping[str, ShortWay]:
    """
    The views of those operations whose path Flask reads as the contract does.

    Args:
        operations: Of the contract.
        rules: Of the provider's blueprint.
        views: By endpoint.

    Returns:
        By the operation's id.
    """
    known = {
        (method, PLAIN.sub("{}", rule.rule)): (views[rule.endpoint], PLAIN.findall(rule.rule))
        for rule in rules
        for method in rule.methods or ()
        if rule.is_leaf and "<" not in PLAIN.sub("", rule.rule)
    }
    found = {each.id: (each, known.get((each.method, TEMPLATED.sub("{}", each.path)))) for each in operations}
    return {
        name: ShortWay(way[0], tuple(zip(way[1], TEMPLATED.findall(operation.path), strict=True)))
        for name, (operation, way) in found.items()
        if way is not None
    }
