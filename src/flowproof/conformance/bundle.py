"""
A contract as one OpenAPI document, for generators and other tools that read a single file.

Each schema file that the document reaches becomes a component, named for its title; each of its ``$defs`` becomes one
too. The meaning stays: references and the places that they lead to are written anew, and a schema that lists its values
says their type.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urljoin

from flowproof.errors import ContractError

from .contract import Contract

__all__ = ["bundle"]

OF_A_FILE = frozenset({"$schema", "$id", "$defs"})  # keywords that mean something to a file, and nothing to a component
DATA = frozenset({"example", "examples", "default", "const", "enum"})  # behind these stands no description
NAMES = frozenset(
    {"properties", "$defs", "patternProperties", "schemas"}
)  # behind these stand names, whatever they are
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
WORD = re.compile(r"[A-Za-z0-9]+")


def bundle(contract: Contract, *, server: str | None = None) -> dict[str, Any]:
    """
    The contract's OpenAPI document with its schema files in ``components/schemas``.

    Args:
        contract: Of a provider.
        server: Base URL of the only server that the document is to name; by default it names the provider's own.

    Raises:
        ContractError: A reference leads nowhere, or two schemas would have one name.
    """
    return _Bundle(contract).document(server)


class _Bundle:
    """One bundle while it is made: components by name, and the name of each schema by its URI."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._resources = contract.schemas.resources
        self._names: dict[str, str] = {}
        self._schemas: dict[str, Any] = {}

    def document(self, server: str | None) -> dict[str, Any]:
        uri = next(iter(self._resources))  # of the OpenAPI document
        document: dict[str, Any] = self._rewritten(self._contract.document, uri)
        if server is not None:
            document["servers"] = [{"url": server}]
            for item in document["paths"].values():
                for operation in item.values():
                    if isinstance(operation, dict):
                        operation.pop("servers", None)
        components = document.setdefault("components", {})
        components["schemas"] = {**components.get("schemas", {}), **dict(sorted(self._schemas.items()))}
        return document

    def _rewritten(self, node: Any, uri: str, *, names: bool = False) -> Any:
        """A copy with references into the bundle; ``uri`` is that of the file which the node stands in."""
        if isinstance(node, list):
            return [self._rewritten(each, uri) for each in node]
        if not isinstance(node, Mapping):
            return node
        rewritten = {
            key: self._reference(value, uri)
            if key == "$ref" and not names
            else value
            if key in DATA and not names
            else self._rewritten(value, uri, names=key in NAMES and not names)
            for key, value in node.items()
        }
        return rewritten if names else _with_type(rewritten)

    def _reference(self, reference: str, uri: str) -> str:
        target, _, pointer = urljoin(uri, reference).partition("#")
        if target == uri and target.endswith("/openapi.yaml"):
            return reference
        steps = pointer.split("/")[1:]
        if steps[:1] == ["$defs"]:
            name, steps = self._component(target, steps[1]), steps[2:]
        else:
            name = self._component(target)
        return "/".join(["#/components/schemas", name, *steps])

    def _component(self, uri: str, definition: str | None = None) -> str:
        """Name of the component that a schema file, or one of its definitions, becomes."""
        key = f"{uri}#{definition}" if definition else uri
        if key in self._names:
            return self._names[key]
        schema = self._schema(uri, definition)
        title = str(self._schema(uri).get("title") or uri.rpartition("/")[2].partition(".")[0])
        name = self._names[key] = _pascal(f"{title} {unquote(definition)}" if definition else title)
        if name in self._schemas:
            raise ContractError(
                self._contract.slug, f"two schemas would be {name} in one document: give one another title"
            )
        self._schemas[name] = {}  # (a schema may refer to itself)
        self._schemas[name] = self._rewritten({k: v for k, v in schema.items() if k not in OF_A_FILE}, uri)
        return name

    def _schema(self, uri: str, definition: str | None = None) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._resources[uri]
            return found if definition is None else found["$defs"][definition]
        except KeyError as error:
            raise ContractError(self._contract.slug, f"a reference leads to {error}, which is not there") from error


def _with_type(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that lists its values, with their type where that is one: generators make nothing of a value alone."""
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    types = {TYPES.get(type(each), "") for each in values}
    return schema if "type" in schema or len(types) != 1 or types == {""} else {**schema, "type": types.pop()}


def _pascal(text: str) -> str:
    """Words as one name: ``Page of orders`` as ``PageOfOrders``, ``stockItem`` as ``StockItem``."""
    return "".join(word[0].upper() + word[1:] for word in WORD.findall(text))
