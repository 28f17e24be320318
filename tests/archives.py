"""The form of an HTTP Archive: by the published schema, and by a stricter one, which knows no field beside."""

import json
from typing import Any

import jsonschema
from referencing import Registry
from referencing.jsonschema import DRAFT6

from tests import tree

PUBLISHED = tree.ROOT / "tests" / "schemas" / "har"


def errors_of_archive(archive: Any) -> list[str]:
    """What is wrong with an HTTP Archive, by both schemas."""
    files = (json.loads(each.read_text(encoding="utf-8")) for each in sorted(PUBLISHED.glob("*.json")))
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"].removesuffix("#"), DRAFT6.create_resource(schema)) for schema in files
    )
    validators = (
        jsonschema.Draft6Validator({"$ref": "har.json"}, registry=registry),
        jsonschema.Draft202012Validator(HAR),
    )
    return [error.message for each in validators for error in each.iter_errors(archive)]


# The required fields of the HAR 1.2 specification, http://www.softwareishard.com/blog/har-12-spec/.
# A producer's own fields begin with an underscore.
PAIR = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
}


def strict(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these fields, and beside them only ones that begin with an underscore."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {}), "comment": {"type": "string"}},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


TEXT, SIZE, TIME = {"type": "string"}, {"type": "integer", "minimum": -1}, {"type": "number", "minimum": -1}
MESSAGE = {
    "httpVersion": TEXT,
    "cookies": {"type": "array"},
    "headers": {"type": "array", "items": PAIR},
    "headersSize": SIZE,
    "bodySize": SIZE,
}
HAR = strict(
    {
        "log": strict(
            {
                "version": {"const": "1.2"},
                "creator": strict({"name": TEXT, "version": TEXT}),
                "entries": {
                    "type": "array",
                    "items": strict(
                        {
                            "startedDateTime": {
                                "type": "string",
                                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)$",
                            },
                            "time": {"type": "number", "minimum": 0},
                            "request": strict(
                                {"method": TEXT, "url": {"type": "string", "pattern": "^https?://"}, **MESSAGE}
                                | {"queryString": {"type": "array", "items": PAIR}},
                                {"postData": strict({"mimeType": TEXT, "text": TEXT}, {"params": {"type": "array"}})},
                            ),
                            "response": strict(
                                {"status": {"type": "integer"}, "statusText": TEXT, "redirectURL": TEXT, **MESSAGE}
                                | {
                                    "content": strict(
                                        {"size": SIZE, "mimeType": TEXT}, {"text": TEXT, "encoding": TEXT}
                                    )
                                }
                            ),
                            "cache": {"type": "object"},
                            "timings": strict({"send": TIME, "wait": TIME, "receive": TIME}),
                        },
                        {"serverIPAddress": TEXT, "connection": TEXT},
                    ),
                },
            },
            {"pages": {"type": "array"}, "browser": {"type": "object"}},
        )
    }
)
