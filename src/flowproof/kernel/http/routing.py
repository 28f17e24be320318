"""
From a request to the view that answers it.

Werkzeug compiles for each rule what writes a URL from it, which no mock needs: a `QuickRule` does so on first use.
Where the contract has found the operation of a request, its view is known without Flask's routing: the fast path.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from werkzeug.routing import Rule

from flowproof.conformance import Match, Operation

__all__ = ["DirectView", "OperationView", "QuickRule", "direct_views"]

Built = tuple[str, str]
View = Callable[..., Any]
PLAIN = re.compile(r"<(\w+)>", re.ASCII)  # a part of a path without a converter
TEMPLATED = re.compile(r"\{(\w+)\}", re.ASCII)


class QuickRule(Rule):
    """Werkzeug's rule, except that its URL builder is compiled on first use: that takes most of a rule's time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Built]:
        compiled = super()._compile_builder

        def build(rule: Rule, /, **values: object) -> Built:
            return compiled(append_unknown)(rule, **values)

        return build


class DirectView(NamedTuple):
    """
    The view of an operation, to be called without Flask's routing.

    Args:
        view: As the provider's blueprint has it.
        names: For each parameter of the path, the view's name and the contract's.
    """

    view: View
    names: tuple[tuple[str, str], ...]

    def dispatch(self, match: Match) -> Any:
        """Call the view with the parameters of a request's path."""
        if not self.names:
            return self.view()
        values = match.path_parameters
        return self.view(**{ours: values[theirs] for ours, theirs in self.names})


class OperationView(NamedTuple):
    """The view of an operation that a provider gives by the operation's id; the contract alone finds it."""

    view: View

    def dispatch(self, match: Match) -> Any:
        """Call the view with the values of the path's parameters, in their order."""
        return self.view(*match.path_parameters.values())


def direct_views(
    operations: Iterable[Operation], rules: Iterable[Rule], views: Mapping[str, View]
) -> Mapping[str, DirectView]:
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
    direct: dict[str, DirectView] = {}
    for operation in operations:
        view, names = known.get((operation.method, TEMPLATED.sub("{}", operation.path)), (None, ()))
        if view is not None:
            direct[operation.id] = DirectView(view, tuple(zip(names, TEMPLATED.findall(operation.path), strict=True)))
    return direct
