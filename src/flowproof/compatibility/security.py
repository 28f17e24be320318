"""Compares how an operation is authenticated."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from .documents import Node
from .recorder import Scope

__all__ = ["compare_security"]

# A way to authenticate: the names of schemes that are needed together.
Way: TypeAlias = frozenset[str]
COMPARED = ("type", "in", "name", "scheme", "openIdConnectUrl")


def compare_security(old: Node, new: Node, old_root: Node, new_root: Node, scope: Scope) -> None:
    """
    Compare the ways to authenticate two operations, and the schemes that they use.

    Args:
        old: The old operation.
        new: The new operation.
        old_root: The old document, whose ways hold where an operation names none.
        new_root: The new document.
        scope: Where changes are added.
    """
    before, after = _ways(old, old_root), _ways(new, new_root)
    places = (old.child("security") or old, new.child("security") or new)
    for way in sorted(before.keys() - after.keys(), key=sorted):
        scope.add("security.removed", _text(way), *places)
    for way in sorted(after.keys() - before.keys(), key=sorted):
        scope.add("security.added", _text(way), *places)
    for way in sorted(before.keys() & after.keys(), key=sorted):
        for scopes, rule_id in (
            (after[way] - before[way], "security.scope.added"),
            (before[way] - after[way], "security.scope.removed"),
        ):
            for each in sorted(scopes):
                scope.add(rule_id, each, *places)
        for name in sorted(way):
            _compare_scheme(name, old_root, new_root, scope)


def _ways(operation: Node, root: Node) -> dict[Way, frozenset[str]]:
    """The scopes of each way; one way without a scheme where nothing is needed."""
    listed = operation.child("security") or root.child("security")
    ways = {frozenset(each): _scopes(each) for each in _requirements(listed)}
    return ways or {frozenset(): frozenset()}


def _requirements(listed: Node | None) -> Iterator[Mapping[str, Any]]:
    for each in listed.elements() if listed else []:
        if isinstance(each.value, dict):
            yield each.value


def _scopes(requirement: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(f"{name} {each}" for name, scopes in requirement.items() for each in scopes or ())


def _text(way: Way) -> str:
    return " and ".join(sorted(way)) or "nothing"


def _compare_scheme(name: str, old_root: Node, new_root: Node, scope: Scope) -> None:
    was, now = (root.child("components", "securitySchemes", name) for root in (old_root, new_root))
    if was is None or now is None:
        return
    before, after = was.resolved(), now.resolved()
    differing = [each for each in COMPARED if _lower(before, each) != _lower(after, each)]
    differing += [
        each for each in _flows(before) if each in _flows(after) and _flows(before)[each] != _flows(after)[each]
    ]
    if differing:
        scope.add("security.scheme.changed", f"{name}: {', '.join(differing)}", before, after)


def _lower(scheme: Node, name: str) -> str:
    return str(scheme.value.get(name, "")).lower() if isinstance(scheme.value, dict) else ""


def _flows(scheme: Node) -> dict[str, tuple[Any, Any]]:
    flows = scheme.child("flows")
    members = flows.members() if flows else {}
    return {name: (each.value.get("authorizationUrl"), each.value.get("tokenUrl")) for name, each in members.items()}
