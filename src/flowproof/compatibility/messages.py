"""Compares bodies, responses and response headers."""

from collections.abc import Mapping

from .documents import Node
from .recorder import Scope
from .rules import Position

__all__ = ["compare_request_body", "compare_responses"]


def compare_request_body(old: Node | None, new: Node | None, scope: Scope, position: Position) -> None:
    """
    Compare the bodies of two requests.

    Args:
        old: The old Request Body Object, if any.
        new: The new one, if any.
        scope: Where changes are added.
        position: ``response`` for a request that the provider sends (a webhook, a callback).
    """
    was, now = old and old.resolved(), new and new.resolved()
    scope = scope.inside("request body")
    if was is None and now is not None:
        scope.add(
            "request.body.added.required" if _is_required(now) else "request.body.added", "request body", None, now
        )
    elif was is not None and now is None:
        scope.add("request.body.removed", "request body", was, None)
    elif was is not None and now is not None:
        if _is_required(was) != _is_required(now):
            rule_id = "request.body.required" if _is_required(now) else "request.body.optional"
            scope.add(rule_id, "request body", was, now)
        _compare_content(was, now, scope, position, "request")


def compare_responses(old: Node | None, new: Node | None, scope: Scope, position: Position) -> None:
    """
    Compare the responses of two operations.

    Args:
        old: The old Responses Object, if any.
        new: The new one, if any.
        scope: Where changes are added.
        position: ``request`` for the answer to a request that the provider sends.
    """
    before, after = _statuses(old), _statuses(new)
    for status in sorted(before.keys() | after.keys()):
        was, now = _covering(before, status), _covering(after, status)
        part = scope.inside(f"response {status}")
        if was is None and now is not None:
            known = {each[:1] for each in before}
            rule_id = "response.status.added" if status[:1] in known else "response.status.added.class"
            part.add(rule_id, status, old, now)
        elif was is not None and now is None:
            rule_id = "response.status.removed.success" if status.startswith("2") else "response.status.removed"
            part.add(rule_id, status, was, new)
        elif was is not None and now is not None:
            _compare_content(was, now, part, position, "response")
            _compare_headers(was, now, part, position)


def _statuses(responses: Node | None) -> dict[str, Node]:
    members = responses.members() if responses else {}
    return {
        name.upper() if name != "default" else name: each.resolved()
        for name, each in members.items()
        if not name.startswith("x-")
    }


def _covering(responses: Mapping[str, Node], status: str) -> Node | None:
    """The response of a status: its own, its class's, or the default one."""
    for each in (status, f"{status[:1]}XX", "default"):
        if each in responses:
            return responses[each]
    return None


def _compare_content(old: Node, new: Node, scope: Scope, position: Position, kind: str) -> None:
    before, after = _content(old), _content(new)
    for name in sorted(before.keys() - after.keys()):
        scope.add(f"{kind}.media_type.removed", name, before[name], new)
    for name in sorted(after.keys() - before.keys()):
        scope.add(f"{kind}.media_type.added", name, old, after[name])
    for name in sorted(before.keys() & after.keys()):
        part = scope if len(before) == len(after) == 1 else scope.inside(name)
        part.add_schema(before[name].child("schema"), after[name].child("schema"), position)


def _content(holder: Node) -> dict[str, Node]:
    content = holder.child("content")
    return {name.lower().replace(" ", ""): each for name, each in (content.members() if content else {}).items()}


def _compare_headers(old: Node, new: Node, scope: Scope, position: Position) -> None:
    before, after = _headers(old), _headers(new)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None and now is not None:
            scope.add(
                "response.header.added.required" if _is_required(now) else "response.header.added", name, old, now
            )
        elif was is not None and now is None:
            scope.add("response.header.removed", name, was, new)
        elif was is not None and now is not None:
            if _is_required(was) != _is_required(now):
                rule_id = "response.header.required" if _is_required(now) else "response.header.optional"
                scope.add(rule_id, name, was, now)
            scope.inside(f"header {name}").add_schema(was.child("schema"), now.child("schema"), position)


def _headers(response: Node) -> dict[str, Node]:
    headers = response.child("headers")
    found = {name.lower(): each.resolved() for name, each in (headers.members() if headers else {}).items()}
    return {name: each for name, each in found.items() if name != "content-type"}


def _is_required(node: Node) -> bool:
    return isinstance(node.value, dict) and node.value.get("required") is True
