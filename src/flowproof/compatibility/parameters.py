"""Compares the parameters of an operation: path, query, header and cookie."""

from typing import Any

from .documents import Node
from .recorder import Scope

__all__ = ["compare_parameters"]

STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
IGNORED = {"accept", "content-type", "authorization"}  # header parameters that OpenAPI ignores


def compare_parameters(old_item: Node, new_item: Node, old: Node, new: Node, scope: Scope) -> None:
    """
    Compare what two operations take beside a body.

    Args:
        old_item: The old path item, whose parameters hold for all its operations.
        new_item: The new one.
        old: The old operation.
        new: The new operation.
        scope: Where changes are added.
    """
    before, after = _parameters(old_item, old), _parameters(new_item, new)
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        name = " ".join(key)
        if was is None and now is not None:
            scope.add("parameter.added.required" if _is_required(now) else "parameter.added", name, old, now)
        elif was is not None and now is None:
            scope.add("parameter.removed", name, was, new)
        elif was is not None and now is not None:
            _compare_parameter(was, now, scope.inside(f"parameter {name}"), name)


def _parameters(item: Node, operation: Node) -> dict[tuple[str, str], Node]:
    """By place and name. A path parameter is known by its position, since its name is not sent."""
    positions = {part.partition("}")[0]: str(index) for index, part in enumerate(item.name.split("{"))}
    found: dict[tuple[str, str], Node] = {}
    for holder in (item, operation):
        listed = holder.child("parameters")
        for each in listed.elements() if listed else []:
            target = each.resolved()
            place, name = str(_value(target, "in")), str(_value(target, "name"))
            if place == "header":
                name = name.lower()
            if place != "header" or name not in IGNORED:
                found[place, positions.get(name, name) if place == "path" else name] = target
    return found


def _compare_parameter(old: Node, new: Node, scope: Scope, name: str) -> None:
    if _is_required(old) != _is_required(new):
        scope.add("parameter.required" if _is_required(new) else "parameter.optional", name, old, new)
    before, after = _form(old), _form(new)
    if before != after:
        scope.add("parameter.form.changed", name, old, new)
    if not _value(old, "deprecated") and _value(new, "deprecated"):
        scope.add("parameter.deprecated", name, old, new)
    scope.add_schema(_schema(old), _schema(new), "request")


def _is_required(parameter: Node) -> bool:
    return _value(parameter, "required") is True or _value(parameter, "in") == "path"


def _form(parameter: Node) -> tuple[Any, ...]:
    style = _value(parameter, "style") or STYLES.get(str(_value(parameter, "in")))
    explode = _value(parameter, "explode")
    content = parameter.child("content")
    media_types = tuple(content.members()) if content else ()
    return style, style == "form" if explode is None else explode, bool(_value(parameter, "allowReserved")), media_types


def _schema(parameter: Node) -> Node | None:
    content = parameter.child("content")
    media_types = list(content.members().values()) if content else []
    return media_types[0].child("schema") if media_types else parameter.child("schema")


def _value(node: Node, name: str) -> Any:
    return node.value.get(name) if isinstance(node.value, dict) else None
