"""What goes wrong with several records of a collection: their texts are mixed up or changed, one is listed twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flowproof.edge_cases import UNUSUAL
from flowproof.openapi.requests import DrawnRequest
from flowproof.openapi.schema_reader import SchemaReader

from .plan import Client, SuitePlan, send

__all__ = ["Several", "create_several"]

NAMED = ("enum", "const", "pattern", "format", "contentEncoding")  # (what of a text not every text has)
TEXTS = ("plain", "other", *UNUSUAL.values())


@dataclass(frozen=True, slots=True)
class Several:
    """
    A dozen records that were created one after the other, as they are read when all are there.

    Args:
        keys: Of each record.
        changed: Texts that came back as others, in words; only members whose plain text comes back as it was sent.
        listed: The keys on the list's page; none where the collection cannot be listed.
    """

    keys: tuple[str, ...]
    changed: tuple[str, ...]
    listed: tuple[str, ...]


def create_several(plan: SuitePlan, client: Client, path: str) -> Several:
    """
    Create records with all sorts of texts, then read each and list them.

    Args:
        plan: Of the suite.
        client: Sends.
        path: Of the collection.
    """
    verbs = plan.collections()[path]
    names, values = _free_texts(plan, verbs["create"]), plan.path_values(verbs["create"])
    sent: dict[str, Mapping[str, str]] = {}
    for text in TEXTS:
        texts = {name: f"{text} {number}" if text in TEXTS[:2] else text for number, name in enumerate(names)}
        request, placed = _with_texts(plan, verbs["create"], values, texts)
        answer = send(client, request)
        if answer.status_code < 300:
            sent[str(plan.key_of(verbs["create"], answer.json()))] = placed
    read = {key: _read(plan, client, verbs["read"], values, key) for key in sent}
    plain = next(iter(sent), "")
    kept = [name for name, text in sent.get(plain, {}).items() if read[plain].get(name) == text]
    changed = [
        f"{name}: {texts[name]!r} came back as {read[key].get(name)!r}"
        for key, texts in sent.items()
        for name in kept
        if name in texts and read[key].get(name) != texts[name]
    ]
    listed = plan.listed_with(client, path, values, read[plain]) if "list" in verbs and plain else []
    return Several(tuple(sent), tuple(changed), tuple(listed))


def _free_texts(plan: SuitePlan, creating: str) -> list[str]:
    """Members of a new record that may be any text."""
    operation, role = plan.operation(creating), plan.roles[creating]
    reader = SchemaReader(plan.contract.document)
    pointer = operation.bodies.get(operation.json_body or "", "")
    properties = reader.properties(reader.at(pointer)) if pointer else {}
    members = reader.properties(properties.get(role.sent, {})) if role.sent else properties
    flat = {name: reader.flat(each) for name, each in members.items() if name != role.collection.key}
    return [
        name
        for name, each in flat.items()
        if reader.type_of(each) == "string" and each.get("readOnly") is not True and not any(n in each for n in NAMED)
    ]


def _with_texts(
    plan: SuitePlan, creating: str, values: Mapping[str, str], texts: Mapping[str, str]
) -> tuple[DrawnRequest, Mapping[str, str]]:
    """The request that creates a record with those texts, and which of them its schema allows."""
    operation, role = plan.operation(creating), plan.roles[creating]
    request = plan.draw(operation, values, seed=repr(texts))
    placed: dict[str, str] = {}
    if not isinstance(request.value, dict):
        return request, placed
    uri = plan.contract.schemas.uri_of_pointer(operation.bodies[request.headers["Content-Type"]])
    for name, text in texts.items():
        inner = {**(request.value.get(role.sent, {}) if role.sent else request.value), name: text}
        value = {**request.value, role.sent: inner} if role.sent else inner
        if plan.contract.schemas.accepts(uri, value):
            request, placed[name] = replace(request, value=value), text
    return request, placed


def _read(plan: SuitePlan, client: Client, reading: str, values: Mapping[str, str], key: str) -> Mapping[str, Any]:
    values = {**values, plan.collection_of(reading).parameter: key}
    return plan.record_in(reading, plan.perform(client, reading, values).json())
