"""A value in the form that its schema describes."""

from flowproof.conformance.shapes import shape_of

SCHEMA = {
    "properties": {
        "name": {"type": "string"},
        "count": {"default": 1},
        "children": {"items": {"$ref": "mem:node"}},
        "tags": {"items": {"type": "string"}},
        "extra": {"type": "object"},
    }
}


def test_value_has_what_its_schema_names_at_every_depth() -> None:
    """
    Unnamed members go, defaults come first, other members follow in the schema's order; lists and open objects stay.
    """
    shape = shape_of("mem:node", {"mem:node": SCHEMA})
    leaf = {"name": "leaf", "unknown": 1}
    value = {"tags": ["x"], "unknown": 1, "children": [leaf, {"count": 2}], "extra": {"any": 1}, "name": "root"}

    for _ in range(2):
        normal = shape.normalized(value)
        assert list(normal.items()) == [
            ("count", 1),
            ("name", "root"),
            ("children", [{"count": 1, "name": "leaf"}, {"count": 2}]),
            ("tags", ["x"]),
            ("extra", {"any": 1}),
        ]
        assert normal["tags"] is not value["tags"]
