"""The page of the control API, whole: parameters, bodies, answers and schemas, from its OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

from flowproof.kernel.control.access import PREFIX
from flowproof.kernel.control.app import control_contract

from .markdown import code, table
from .schemas import link, members, type_of

__all__ = ["page"]

REST = "What a provider adds is in the README of its mock. A refusal is a [Problem](#problem)."
METHODS = ("get", "put", "post", "delete", "patch")


def page() -> str:
    """Every operation of the control API."""
    document = control_contract().document
    operations = [
        _Operation(document, path, method, item)
        for path, item in document["paths"].items()
        for method in item
        if method in METHODS
    ]
    overview = "\n".join(f"- {each.link}: {each.stated['summary']}" for each in operations)
    parts = [
        "# Control API",
        document["info"]["description"],
        f"A running server has the document itself, in OpenAPI 3.1, at `{PREFIX}/openapi.json`. {REST}",
        overview,
        "## Operations",
        *(part for each in operations for part in each.parts()),
        "## Schemas",
        *_schemas(document),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


class _Operation:
    """
    One operation.

    Args:
        document: The whole.
        path: Its path, below the prefix.
        method: In lower case.
        item: What the document says of the path.
    """

    def __init__(self, document: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any]) -> None:
        self._document = document
        self.request = f"{method.upper()} {PREFIX}{path}"
        self.stated: Mapping[str, Any] = item[method]
        self._parameters = [*item.get("parameters", ()), *self.stated.get("parameters", ())]

    @property
    def link(self) -> str:
        return f"[`{self.request}`](#{self.stated['operationId'].lower()})"

    def parts(self) -> Iterator[str]:
        yield f"### {self.stated['operationId']}"
        yield f"`{self.request}`"
        yield self.stated["summary"]
        yield self.stated.get("description", "")
        yield from self._shown_parameters()
        yield from self._shown_body()
        yield table(("status", "means", "body"), self._answers())

    def _shown_parameters(self) -> Iterator[str]:
        rows = []
        for each in map(self._resolved, self._parameters):
            schema = each["schema"]
            default = f" By default {code(str(schema['default']).lower())}." if "default" in schema else ""
            meaning = f"{each.get('description', '')}{default}"
            is_required = "yes" if each.get("required") else "no"
            rows.append((code(each["name"]), each["in"], type_of(schema, link), is_required, meaning))
        if rows:
            yield table(("parameter", "in", "type", "required", "meaning"), rows)

    def _shown_body(self) -> Iterator[str]:
        body = self._resolved(self.stated.get("requestBody", {}))
        for media_type, content in body.get("content", {}).items():
            need = "required" if body.get("required") else "optional"
            schema = content.get("schema", {})
            yield f"Body, {code(media_type)}, {need}: {type_of(schema, link)}."
            yield members(schema, link)

    def _answers(self) -> Iterator[tuple[str, str, str]]:
        for status, stated in sorted(self.stated["responses"].items()):
            answer = self._resolved(stated)
            bodies = (
                f"{type_of(content.get('schema', {}), link)}{_named(content.get('schema', {}))}"
                for content in answer.get("content", {}).values()
            )
            shown = "any other" if status == "default" else code(status)
            yield shown, answer["description"], " or ".join(bodies) or "none"

    def _resolved(self, stated: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Any = stated
        while "$ref" in found:
            pointer = found["$ref"].removeprefix("#/").split("/")
            found = self._document
            for step in pointer:
                found = found[step]
        resolved: Mapping[str, Any] = found
        return resolved


def _named(schema: Mapping[str, Any]) -> str:
    """The members of an object without a name of its own, each with its type."""
    named = [f"{code(name)} ({type_of(each, link)})" for name, each in schema.get("properties", {}).items()]
    return f" with {', '.join(named)}" if named else ""


def _schemas(document: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"### {name}"
        yield " ".join(str(schema.get("description", "")).split())
        choices = [" and ".join(map(code, each["required"])) for each in schema.get("oneOf", ())]
        yield f"Either {' or '.join(choices)} is required." if choices else ""
        yield members(schema, link) or f"A value: {type_of(schema, link)}."
