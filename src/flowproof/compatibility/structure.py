"""What differs in properties, items, alternatives and conditions of two schemas, and which parts to compare next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from .documents import Node
from .effective import Effective, Schema
from .keywords import DOCUMENTATION, Difference, are_disjoint, keyword_differences
from .rules import Position

__all__ = ["Level", "compare_level"]

Equal: TypeAlias = Callable[[Schema, Schema], bool]

CONDITIONS = ("not", "if", "then", "else", "contains", "propertyNames", "dependentSchemas", "discriminator")
OTHERS = {"additionalProperties": ".*", "unevaluatedProperties": ".*", "unevaluatedItems": "[*]"}
HIDDEN = {"request": "readOnly", "response": "writeOnly"}


@dataclass(slots=True)
class Level:
    """
    One level of two schemas.

    Args:
        differences: At this level.
        children: Parts of the value with their schemas in both, to compare next.
    """

    differences: list[Difference] = field(default_factory=list)
    children: list[tuple[str, Schema, Schema]] = field(default_factory=list)


def compare_level(old: Schema, new: Schema, position: Position, equal: Equal) -> Level:
    """
    Compare two schemas without going into their parts.

    Args:
        old: The old one.
        new: The new one.
        position: Properties that are readOnly are no part of a request, writeOnly ones no part of a response.
        equal: Whether two schemas allow the same.
    """
    level = Level()
    _compare_into(level, old, new, position, equal)
    level.differences = [replace(each, old=each.old or old[0], new=each.new or new[0]) for each in level.differences]
    return level


def _compare_into(level: Level, old: Schema, new: Schema, position: Position, equal: Equal) -> None:
    before, after = Effective.of(old), Effective.of(new)
    if before.impossible or after.impossible:
        _compare_impossible(before, after, old, new, level)
        return
    turned = _turned_into_alternatives(old, new, before, after, equal)
    if turned is not None:
        level.differences.append(turned)
        return
    level.differences += keyword_differences(before, after)
    if not are_disjoint(before, after):
        _compare_properties(before, after, position, level)
        _compare_dependents(before, after, level)
        _compare_items(before, after, level)
        _compare_others(before, after, level)
        _compare_alternatives(before, after, level, equal)
        _compare_conditions(before, after, level, equal)


def _compare_impossible(before: Effective, after: Effective, old: Schema, new: Schema, level: Level) -> None:
    if before.impossible != after.impossible:
        last = "schema.narrowed" if after.impossible else "schema.widened"
        level.differences.append(Difference(last, "false" if after.impossible else "no longer false", old[0], new[0]))


def _compare_properties(old: Effective, new: Effective, position: Position, level: Level) -> None:
    before, after = old.properties(), new.properties()
    required_before, required_after = old.required(), new.required()
    for name in sorted(before.keys() | after.keys() | required_before | required_after):
        was, now = before.get(name), after.get(name)
        if all(each is None or Effective.of(each).flag(HIDDEN[position]) for each in (was, now)) and (was or now):
            continue
        if was is not None and now is None and name not in required_after:
            last = "property.removed.closed" if new.is_closed else "property.removed"
            level.differences.append(Difference(last, name, was[0], new.first("properties")))
            level.children += _beside(name, was, _additional(new))
            continue
        if was is None and now is not None and name not in required_before:
            last = "property.added.closed" if old.is_closed else "property.added"
            last = "property.added.required" if name in required_after else last
            level.differences.append(Difference(last, name, old.first("properties"), now[0]))
            level.children += _beside(name, _additional(old), now)
            continue
        _compare_presence(name, required_before, required_after, old, new, level)
        if was is not None and now is not None:
            level.differences += _access(name, was, now)
        _add_child(f".{name}", "properties", was or _additional(old), now or _additional(new), level)


def _additional(schema: Effective) -> Schema:
    """What holds for properties that are not named, where that is a schema and not a mere yes or no."""
    return tuple(each for each in schema.nodes.get("additionalProperties", ()) if isinstance(each.value, dict))


def _beside(name: str, old: Schema, new: Schema) -> list[tuple[str, Schema, Schema]]:
    """A property that is named in one of two schemas, and held to what is not named in the other."""
    return [(f".{name}", old, new)] if old and new else []


def _compare_presence(
    name: str, before: frozenset[str], after: frozenset[str], old: Effective, new: Effective, level: Level
) -> None:
    if (name in before) != (name in after):
        last = "property.required" if name in after else "property.optional"
        level.differences.append(Difference(last, name, old.first("required"), new.first("required")))


def _access(name: str, was: Schema, now: Schema) -> Iterator[Difference]:
    before, after = Effective.of(was), Effective.of(now)
    for keyword in HIDDEN.values():
        if before.flag(keyword) != after.flag(keyword):
            what = f"{name}: {keyword} {before.flag(keyword)} → {after.flag(keyword)}".lower()
            yield Difference("property.access.changed", what, was[0], now[0])


def _compare_dependents(old: Effective, new: Effective, level: Level) -> None:
    before, after = _dependents(old), _dependents(new)
    places = (old.first("dependentRequired"), new.first("dependentRequired"))
    for name, other in sorted(before - after):
        level.differences.append(Difference("property.optional", f"{other} where {name} is there", *places))
    for name, other in sorted(after - before):
        level.differences.append(Difference("property.required", f"{other} where {name} is there", *places))


def _dependents(schema: Effective) -> set[tuple[str, str]]:
    values = schema.values("dependentRequired")
    return {(name, each) for value in values for name, names in value.items() for each in names}


def _compare_items(old: Effective, new: Effective, level: Level) -> None:
    before, after = (_prefix(each) for each in (old, new))
    rest_before, rest_after = tuple(old.nodes.get("items", ())), tuple(new.nodes.get("items", ()))
    for index in range(max(len(before), len(after))):
        was = before[index] if index < len(before) else rest_before
        now = after[index] if index < len(after) else rest_after
        _add_child(f"[{index}]", "items", was, now, level)
    _add_child("[*]", "items", rest_before, rest_after, level)
    patterns_before, patterns_after = _patterns(old), _patterns(new)
    for pattern in sorted(patterns_before.keys() | patterns_after.keys()):
        was = patterns_before.get(pattern, tuple(old.nodes.get("additionalProperties", ())))
        now = patterns_after.get(pattern, tuple(new.nodes.get("additionalProperties", ())))
        _add_child(f"./{pattern}/", "patternProperties", was, now, level)


def _prefix(schema: Effective) -> list[Schema]:
    lists = [each.elements() for each in schema.nodes.get("prefixItems", ())]
    return [
        tuple(each[index] for each in lists if index < len(each)) for index in range(max(map(len, lists), default=0))
    ]


def _patterns(schema: Effective) -> dict[str, Schema]:
    return {
        name: (each,) for node in schema.nodes.get("patternProperties", ()) for name, each in node.members().items()
    }


def _compare_others(old: Effective, new: Effective, level: Level) -> None:
    for keyword, step in OTHERS.items():
        was, now = tuple(old.nodes.get(keyword, ())), tuple(new.nodes.get(keyword, ()))
        closed_before, closed_after = (any(each.value is False for each in nodes) for nodes in (was, now))
        if closed_before and closed_after:
            continue
        if closed_after and not any(isinstance(each.value, dict) for each in was):
            level.differences.append(Difference("others.forbidden", keyword, *_ends(was, now)))
        elif closed_before and not any(isinstance(each.value, dict) for each in now):
            level.differences.append(Difference("others.allowed", keyword, *_ends(was, now)))
        else:
            _add_child(step, keyword, was, now, level)


def _ends(old: Schema, new: Schema) -> tuple[Node | None, Node | None]:
    return next(iter(old), None), next(iter(new), None)


def _add_child(step: str, keyword: str, old: Schema, new: Schema, level: Level) -> None:
    """A part whose schema may be absent in one of the two, which allows anything."""
    if old or new:
        level.children.append((step, old or _anything(keyword, new), new or _anything(keyword, old)))


def _anything(keyword: str, beside: Schema) -> Schema:
    node = beside[0]
    return (Node(node.document, node.file, f"{node.pointer.rpartition('/')[0]}/{keyword} (absent)", {}),)


def _turned_into_alternatives(
    old: Schema, new: Schema, before: Effective, after: Effective, equal: Equal
) -> Difference | None:
    """The difference between a schema and a list of alternatives that it is one of."""
    was, now = _groups(before), _groups(after)
    if not was and _is_group_alone(after, now) and any(equal(old, (each,)) for each in now[0].elements()):
        return Difference("alternative.added", now[0].name, old[0], now[0])
    if not now and _is_group_alone(before, was) and any(equal((each,), new) for each in was[0].elements()):
        return Difference("alternative.removed", was[0].name, was[0], new[0])
    return None


def _is_group_alone(schema: Effective, groups: list[Node]) -> bool:
    keywords = {name for name, nodes in schema.nodes.items() if nodes and not name.startswith("x-")}
    return len(groups) == 1 and keywords <= {groups[0].name, *DOCUMENTATION, "discriminator"}


def _compare_alternatives(before: Effective, after: Effective, level: Level, equal: Equal) -> None:
    was, now = _groups(before), _groups(after)
    for old, new in zip(was, now, strict=False):
        _compare_group(old, new, level, equal)
    for group in was[len(now) :]:
        level.differences.append(Difference("condition.removed", group.name, group, None))
    for group in now[len(was) :]:
        level.differences.append(Difference("condition.added", group.name, None, group))


def _groups(schema: Effective) -> list[Node]:
    return [*schema.nodes.get("oneOf", ()), *schema.nodes.get("anyOf", ())]


def _compare_group(old: Node, new: Node, level: Level, equal: Equal) -> None:
    before, after = old.elements(), new.elements()
    pairs = list(_matches(before, after, equal))
    matched_before, matched_after = {id(was) for was, _ in pairs}, {id(now) for _, now in pairs}
    level.children += [("", (was,), (now,)) for was, now in pairs]
    for each in before:
        if id(each) not in matched_before:
            level.differences.append(Difference("alternative.removed", _label(each), each, new))
    for each in after:
        if id(each) not in matched_after:
            level.differences.append(Difference("alternative.added", _label(each), old, each))


def _matches(old: list[Node], new: list[Node], equal: Equal) -> Iterator[tuple[Node, Node]]:
    """Pairs of alternatives: by name, then by what they allow, then in their order."""
    before, after = list(old), list(new)
    ways: tuple[Callable[[Node, Node], bool], ...] = (
        lambda was, now: _label(was) == _label(now) != "",
        lambda was, now: equal((was,), (now,)),
        lambda was, now: not _label(was) and not _label(now),
    )
    for way in ways:
        for was in list(before):
            now = next((each for each in after if way(was, each)), None)
            if now is not None:
                before.remove(was)
                after.remove(now)
                yield was, now


def _label(alternative: Node) -> str:
    """The name of what an alternative refers to, or its title; empty where it has neither."""
    target = alternative.reference()
    if target is not None:
        return target.name or target.file
    title = alternative.value.get("title", "") if isinstance(alternative.value, dict) else ""
    return title if isinstance(title, str) else ""


def _compare_conditions(old: Effective, new: Effective, level: Level, equal: Equal) -> None:
    for keyword in CONDITIONS:
        was, now = old.nodes.get(keyword, []), new.nodes.get(keyword, [])
        for one, other in zip(was, now, strict=False):
            if not _same_condition(one, other, equal):
                level.differences.append(Difference("condition.changed", keyword, one, other))
        for each in was[len(now) :]:
            level.differences.append(Difference("condition.removed", keyword, each, None))
        for each in now[len(was) :]:
            level.differences.append(Difference("condition.added", keyword, None, each))


def _same_condition(old: Node, new: Node, equal: Equal) -> bool:
    if old.name == "dependentSchemas":
        before, after = old.members(), new.members()
        return before.keys() == after.keys() and all(equal((before[name],), (after[name],)) for name in before)
    return bool(old.value == new.value) if old.name == "discriminator" else equal((old,), (new,))
