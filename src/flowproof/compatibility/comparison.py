"""Compares two OpenAPI documents: servers, operations, webhooks, and what each operation takes and answers."""

import re
from collections.abc import Iterator

from .changes import Change
from .documents import Document, Node
from .messages import compare_request_body, compare_responses
from .parameters import compare_parameters
from .recorder import Recorder, Scope
from .security import compare_security

__all__ = ["compare"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def compare(old: Document, new: Document) -> list[Change]:
    """
    Every change from one document to another.

    Raises:
        ConfigurationError: A file that one of them refers to cannot be read, or a reference leads nowhere.
    """
    recorder = Recorder()
    whole = Scope(recorder)
    _compare_document(old.root, new.root, whole)
    before, after = _paths(old.root), _paths(new.root)
    for template in sorted(before.keys() | after.keys()):
        _compare_path(before.get(template), after.get(template), old.root, new.root, recorder)
    _compare_webhooks(old.root, new.root, recorder)
    return recorder.changes()


def _compare_document(old: Node, new: Node, scope: Scope) -> None:
    was, now = old.child("info", "version"), new.child("info", "version")
    if was and now and was.value != now.value:
        scope.add("document.version.changed", f"{was.value} → {now.value}", was, now)
    before, after = _servers(old), _servers(new)
    for url in before.keys() - after.keys():
        scope.add("document.servers.removed", url, before[url], new.child("servers"))
    for url in after.keys() - before.keys():
        scope.add("document.servers.added", url, old.child("servers"), after[url])


def _servers(root: Node) -> dict[str, Node]:
    servers = root.child("servers")
    listed = servers.elements() if servers else []
    return {str(each.value.get("url")): each for each in listed if isinstance(each.value, dict)}


def _paths(root: Node) -> dict[str, Node]:
    """Path items by their templates without the parameters' names, which no request shows."""
    paths = root.child("paths")
    return {re.sub(r"\{[^}]*\}", "{}", path): each for path, each in (paths.members() if paths else {}).items()}


def _compare_path(old: Node | None, new: Node | None, old_root: Node, new_root: Node, recorder: Recorder) -> None:
    for method in METHODS:
        was, now = old and old.child(method), new and new.child(method)
        path = next((each.name for each in (new, old) if each), "")
        scope = Scope(recorder, f"{method.upper()} {path}")
        if was is None and now is not None:
            scope.add("operation.added", _operation_name(now), old, now)
        elif was is not None and now is None:
            scope.add("operation.removed", _operation_name(was), was, new)
        elif was and now and old and new:
            if old.name != new.name:
                scope.add("operation.path.renamed", f"{old.name} → {new.name}", old, new)
            _compare_operation(was, now, old, new, scope)
            compare_security(was, now, old_root, new_root, scope)


def _compare_operation(old: Node, new: Node, old_item: Node, new_item: Node, scope: Scope) -> None:
    _compare_notes(old, new, scope)
    compare_parameters(old_item, new_item, old, new, scope)
    compare_request_body(old.child("requestBody"), new.child("requestBody"), scope, "request")
    compare_responses(old.child("responses"), new.child("responses"), scope, "response")
    _compare_callbacks(old, new, scope)


def _compare_notes(old: Node, new: Node, scope: Scope) -> None:
    was, now = old.child("operationId"), new.child("operationId")
    if was and now and was.value != now.value:
        scope.add("operation.id.changed", f"{was.value} → {now.value}", was, now)
    before, after = (each.child("deprecated") for each in (old, new))
    is_deprecated, was_deprecated = bool(after and after.value), bool(before and before.value)
    if is_deprecated != was_deprecated:
        rule_id = "operation.deprecated" if is_deprecated else "operation.undeprecated"
        scope.add(rule_id, _operation_name(new), before or old, after or new)


def _operation_name(operation: Node) -> str:
    named = operation.child("operationId") or operation.child("summary")
    return str(named.value) if named else "without a name"


def _compare_callbacks(old: Node, new: Node, scope: Scope) -> None:
    before, after = dict(_callbacks(old)), dict(_callbacks(new))
    for name in sorted(before.keys() | after.keys()):
        _compare_outgoing("callback", name, before.get(name), after.get(name), scope.inside(f"callback {name}"))


def _callbacks(operation: Node) -> Iterator[tuple[str, Node]]:
    callbacks = operation.child("callbacks")
    for name, each in (callbacks.members() if callbacks else {}).items():
        for expression, item in each.members().items():
            yield f"{name} {expression}", item


def _compare_webhooks(old: Node, new: Node, recorder: Recorder) -> None:
    before, after = (each.child("webhooks") for each in (old, new))
    was, now = (each.members() if each else {} for each in (before, after))
    for name in sorted(was.keys() | now.keys()):
        scope = Scope(recorder, f"webhook {name}")
        _compare_outgoing("webhook", name, was.get(name), now.get(name), scope)


def _compare_outgoing(kind: str, name: str, old: Node | None, new: Node | None, scope: Scope) -> None:
    """A request that the provider sends: its body is demanded as a response is, its answer as a request is."""
    if old is None or new is None:
        scope.add(f"{kind}.added" if old is None else f"{kind}.removed", name, old, new)
        return
    for method in METHODS:
        was, now = old.child(method), new.child(method)
        if was and now:
            compare_request_body(was.child("requestBody"), now.child("requestBody"), scope, "response")
            compare_responses(was.child("responses"), now.child("responses"), scope, "request")
        elif was or now:
            scope.add(f"{kind}.added" if now else f"{kind}.removed", f"{method.upper()} {name}", was, now)
