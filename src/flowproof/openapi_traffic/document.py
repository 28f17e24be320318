"""An OpenAPI 3.1 document of what was observed, and the decisions that a person has to take about it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flowproof.plurals import counted
from flowproof.recording import Placeholders, Recording

from .credentials import read_credentials
from .messages import Content, Message, read_messages
from .naming import Names
from .schemas import schema_of
from .selection import select_api
from .templates import Template, templates_of

__all__ = ["ObservedDocument", "observed_document"]

REFUSED = frozenset({400, 422})
LEAST_SENT = 2  # requests that must have been seen for what all of them have to be required
MOST_SHOWN = 3  # items of a list in an example
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ObservedDocument:
    """
    A document of what was observed.

    Args:
        document: Of OpenAPI 3.1.
        source: Which recording it comes from, for people.
        decisions: What was inferred, each a sentence in Markdown.
        left_out: What the recording has beside it, each in one line.
    """

    document: Node
    source: str
    decisions: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A message with its place in the document: its template, and the credentials that it had."""

    message: Message
    template: Template
    schemes: frozenset[str]


def observed_document(
    title: str,
    recording: Recording,
    *,
    base_url: str | None = None,
    fields: Collection[str] = (),
    kept: Collection[str] = (),
) -> ObservedDocument:
    """
    Infer the document of an API from a recording of it.

    Args:
        title: Of the API.
        recording: With secrets, none of which reaches the document.
        base_url: Where the API's paths begin; by default it is found.
        fields: Names of members and parameters that are secrets, beside those that are known everywhere.
        kept: Names of those that are none.

    Raises:
        RecordingError: It has no exchange of an API, or a body is no UTF-8.
    """
    selection, skipped = select_api(recording, base_url)
    placeholders = Placeholders(fields, kept)
    messages, members = read_messages(selection.exchanges, placeholders)
    schemes, used = read_credentials(selection.exchanges)
    templates = templates_of(
        [each.observed for each in messages], members, lambda segment: placeholders.text(segment) != segment
    )
    calls = [Call(*each) for each in zip(messages, templates, used, strict=True)]
    made = _Document(calls, schemes)
    base = placeholders.text(selection.base_url)
    name, program = placeholders.text(recording.name), placeholders.text(recording.program)
    source = f"{counted(len(calls), 'exchange')} of {base or 'an unnamed address'} in {name}, written by {program}"
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "0",
            "description": f"Inferred from recorded traffic: {source}. It describes what was observed.",
        },
        **({"servers": [{"url": base}]} if "://" in base else {}),
        **made.document(),
    }
    left_out = [*recording.left_out, f"{selection.others} requests to other addresses" if selection.others else ""]
    left_out.append(f"{skipped} requests for pages, scripts and pictures of a site" if skipped else "")
    return ObservedDocument(document, source, tuple(made.decisions()), tuple(each for each in left_out if each))


class _Document:
    """The operations of the calls; see :func:`observed_document`."""

    def __init__(self, calls: Sequence[Call], schemes: Mapping[str, Mapping[str, Any]]) -> None:
        self._schemes = schemes
        self._operations: dict[tuple[str, str], list[Call]] = defaultdict(list)
        for each in sorted(calls, key=lambda call: call.template.path):
            self._operations[each.template.path, each.message.observed.method].append(each)
        self._names = Names(self._operations)
        self._components: dict[str, Node] = {}
        self._records = self._merged_records()

    def document(self) -> Node:
        paths: dict[str, Node] = {}
        for (path, method), calls in self._operations.items():
            paths.setdefault(path, {})[method.lower()] = self._operation(path, method, calls)
        components: Node = {"schemas": self._components} if self._components else {}
        if self._schemes:
            components["securitySchemes"] = {name: dict(each) for name, each in self._schemes.items()}
        return {"paths": paths, **({"components": components} if components else {})}

    def decisions(self) -> Iterator[str]:
        seen: set[str] = set()
        for (path, method), calls in self._operations.items():
            name = self._names.operation(path, method)
            for each in calls[0].template.parameters:
                if f"{path}{each.name}" not in seen:
                    seen.add(f"{path}{each.name}")
                    yield f"`{path}`: `{{{each.name}}}` is a parameter; {_times(len(each.values), 'value')} of it seen."
            yield f"`{name}`: {self._statuses(calls)}; what else it answers is not known."
            yield from self._of_members(name, calls)
            if further := sorted({header for call in calls for header in call.message.headers}):
                yield f"`{name}`: the headers {_listed(further)} were sent; the document does not ask for them."
            if self._schemes and not self._security(calls):
                yield f"`{name}`: it succeeded without credentials, or never did; the document lets everybody in."

    def _statuses(self, calls: Sequence[Call]) -> str:
        counted = Counter(call.message.status for call in calls)
        seen = ", ".join(f"{status} ({_times(times)})" for status, times in sorted(counted.items()))
        return f"answered {seen}" if min(counted) < 300 else f"never seen to succeed, answered {seen}"

    def _of_members(self, name: str, calls: Sequence[Call]) -> Iterator[str]:
        schema = self._body_schema(calls)
        if "properties" in schema:
            required, all_of_them = schema.get("required", ()), _listed(schema["properties"])
            needed = f"{_listed(required)} must be there" if required else "none must be there"
            yield f"`{name}`: a request may have {all_of_them}; {needed}."

    def _operation(self, path: str, method: str, calls: Sequence[Call]) -> Node:
        operation: Node = {"operationId": self._names.operation(path, method), "x-standing": "observed"}
        parameters = [*self._path_parameters(calls), *self._query_parameters(calls)]
        if parameters:
            operation["parameters"] = parameters
        if self._schemes:
            operation["security"] = self._security(calls)
        body = self._request_body(path, method, calls)
        if body:
            operation["requestBody"] = body
        by_status: dict[int, list[Call]] = defaultdict(list)
        for each in calls:
            by_status[each.message.status].append(each)
        operation["responses"] = {
            str(status): self._response(path, method, status, found) for status, found in sorted(by_status.items())
        }
        return operation

    def _path_parameters(self, calls: Sequence[Call]) -> Iterator[Node]:
        for each in calls[0].template.parameters:
            is_number = all(value.isdecimal() and value.isascii() for value in each.values)
            schema = {"type": "integer" if is_number else "string"}
            yield {"name": each.name, "in": "path", "required": True, "schema": schema}

    def _query_parameters(self, calls: Sequence[Call]) -> Iterator[Node]:
        accepted = [dict(call.message.query) for call in calls if call.message.status < 300]
        refused = [dict(call.message.query) for call in calls if call.message.status in REFUSED]
        values: dict[str, list[Any]] = defaultdict(list)
        repeated: set[str] = set()
        for call in calls:
            counted = Counter(name for name, _ in call.message.query)
            repeated |= {name for name, times in counted.items() if times > 1}
            if call.message.status < 300 or not accepted:
                for name, value in call.message.query:
                    values[name].append(value)
        for name, found in values.items():
            schema = schema_of(found)
            described = {"type": "array", "items": schema} if name in repeated else schema
            required = {"required": True} if name in _required(accepted, refused) else {}
            yield {"name": name, "in": "query", **required, "schema": described}

    def _security(self, calls: Sequence[Call]) -> list[dict[str, list[str]]]:
        """The schemes that all accepted requests used; none where one of them used none."""
        accepted = [call.schemes for call in calls if call.message.status < 400]
        is_guarded = any(call.message.status == 401 for call in calls)
        if not accepted and is_guarded:
            accepted = [frozenset(self._schemes)]
        common = frozenset.intersection(*accepted) if accepted else frozenset()
        if not common and is_guarded and not any(accepted):
            common = frozenset(self._schemes)  # (a recording without credentials, which a browser has left out)
        return [{name: [] for name in sorted(common)}] if common else []

    def _request_body(self, path: str, method: str, calls: Sequence[Call]) -> Node:
        shown = [call.message.sent for call in _accepted(calls) if call.message.sent.media_type]
        if not shown:
            return {}
        content: Node = {}
        for each in shown:
            if each.media_type not in content:
                content[each.media_type] = _media(each)
                if each.is_value:
                    schema = self._body_schema(calls)
                    content[each.media_type]["schema"] = self._component(self._names.request(path, method), schema)
        is_always = all(call.message.sent.media_type for call in _accepted(calls))
        return {"content": content, **({"required": True} if is_always else {})}

    def _body_schema(self, calls: Sequence[Call]) -> Node:
        sent = [call.message.sent.value for call in _accepted(calls) if call.message.sent.is_value]
        schema = schema_of(sent, least=LEAST_SENT)
        accepted = [each for each in sent if isinstance(each, dict)]
        refused = [call.message.sent.value for call in calls if call.message.status in REFUSED]
        required = _required(accepted, [each for each in refused if isinstance(each, dict)])
        required |= set(schema.get("required", ()))
        if "properties" in schema and required:
            schema["required"] = [name for name in schema["properties"] if name in required]
        return schema

    def _response(self, path: str, method: str, status: int, calls: Sequence[Call]) -> Node:
        response: Node = {"description": _phrase(status)}
        content: Node = {}
        for each in (call.message.answer for call in calls):
            if each.media_type and each.media_type not in content:
                content[each.media_type] = _media(each)
                if each.is_value:
                    values = [one.message.answer.value for one in calls if one.message.answer.is_value]
                    schema = self._records.get((path, method, status)) or schema_of(values)
                    name = self._names.response(path, method, status)
                    content[each.media_type]["schema"] = self._component(name, schema)
        return {**response, **({"content": content} if content else {})}

    def _component(self, name: str, schema: Node) -> Node:
        """A reference to the component of a schema of an object; any other schema itself."""
        if "properties" not in schema:
            return schema
        number, free = 1, name
        while self._components.get(free, schema) != schema:
            number += 1
            free = f"{name}{number}"
        self._components[free] = schema
        return {"$ref": f"#/components/schemas/{free}"}

    def _merged_records(self) -> dict[tuple[str, str, int], Node]:
        """
        One schema for all answers that show a record of a collection, where they are much alike: of the operation that
        creates it, and of those on the record.
        """
        groups: dict[str, list[tuple[tuple[str, str, int], Any]]] = defaultdict(list)
        for (path, method), calls in self._operations.items():
            collection = self._names.collection(path)
            for call in calls:
                value = call.message.answer.value
                if collection and call.message.status < 300 and isinstance(value, dict) and value:
                    if path == collection and method != "POST":
                        continue
                    groups[collection].append(((path, method, call.message.status), value))
        found: dict[tuple[str, str, int], Node] = {}
        for listed in groups.values():
            names = [set(value) for _, value in listed]
            if len(set.intersection(*names)) * 2 >= len(set.union(*names)):
                schema = schema_of([value for _, value in listed])
                found |= {key: schema for key, _ in listed}
        return found


def _accepted(calls: Sequence[Call]) -> list[Call]:
    """The calls whose requests were right; where none was, all of them."""
    return [call for call in calls if call.message.status < 300] or list(calls)


def _required(accepted: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]) -> set[str]:
    """The names that all accepted requests have, and without which one was refused."""
    common = set.intersection(*(set(each) for each in accepted)) if accepted else set()
    return {name for name in common if any(name not in each for each in refused)}


def _media(content: Content) -> Node:
    """The media type with its example."""
    if content.is_value:
        return {"schema": {}, "example": _shortened(content.value)}
    return {"schema": {"type": "string"}, **({"example": content.value} if content.value else {})}


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    return [_shortened(each) for each in value[:MOST_SHOWN]] if isinstance(value, list) else value


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _times(number: int, noun: str = "time") -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)
