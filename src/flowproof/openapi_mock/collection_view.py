"""What the operations of a collection do: they keep records, as the document shows and as clients sent them."""

from collections.abc import Mapping
from functools import cached_property
from random import Random
from typing import Any

from flowproof.conformance import Finding
from flowproof.conformance.operations import Operation
from flowproof.kernel import ctx
from flowproof.kernel.http.response import STATUSES_WITHOUT_BODY
from flowproof.openapi.examples import success_status
from flowproof.openapi.generation import Occasion, text
from flowproof.openapi.resources import Role, json_pointer

from .model import Model
from .paging import described_page, page_of
from .records import Records
from .refusals import KeyTaken, NotThere
from .rendering import rendered

__all__ = ["CollectionView"]

CREATED = frozenset({"createdat", "created", "createdon", "datecreated", "creationdate", "createdtime"})
UPDATED = frozenset({"updatedat", "updated", "modifiedat", "modified", "dateupdated", "lastmodified", "lastupdated"})
MOST_DRAWS = 100


class CollectionView:
    """
    What an operation does to its collection.

    Args:
        model: Of the contract.
        operation: The operation.
        role: What it does.
    """

    def __init__(self, model: Model, operation: Operation, role: Role) -> None:
        self._model, self._operation, self._role = model, operation, role
        self._collection = role.collection
        self._status = success_status(operation)
        described = operation.described(self._status) or {}
        self._pointer = json_pointer(described)
        self._media_type = next((name for name, each in described.items() if each == self._pointer), "")
        self._defaults = {
            each.name: model.reader.flat(model.reader.at(each.schema)).get("default", "")
            for each in operation.parameters
        }

    def create(self, *values: str) -> Any:
        """Add a record, with what was sent and a key of its own."""
        records, sent = self._records(values), self._sent()
        answer, record = self._blank(records.rng(str(records.count())))
        key = self._new_key(records, sent, record)
        made = self._stamped({**self._merged(record, sent, values), self._collection.key: key}, is_new=True)
        return self._kept(records, str(key), answer, record, made)

    def list_page(self, *values: str) -> Any:
        """A page of the records, the oldest first."""
        records = self._records(values)
        page = page_of(self._operation, ctx.query, self._defaults)
        filters = self._filters(records)
        if filters:
            found = [each for each in records.page(0, records.count()) if _fits(each, filters)]
            shown, total = found[page.offset : page.offset + page.size], len(found)
        else:
            shown, total = list(records.page(page.offset, page.size)), records.count()
        shown = shown[: self._most_listed]
        answer = self._answer(records.rng("list"))
        value = self._with_list(answer, [self._as_listed(answer, each) for each in shown])
        if not self._accepts(value):
            value = self._with_list(answer, [self._named(each) for each in shown])
        if not self._accepts(value):
            value = self._with_list(answer, [self._completed(answer, each) for each in shown])
        return self._checked(described_page(value, page, total), value)

    def read(self, *values: str) -> Any:
        """A record."""
        records = self._records(values)
        record = self._found(records, values[-1])
        answer, blank = self._blank(records.rng(values[-1]))
        return rendered(self._fitted(answer, blank, {**blank, **record}), self._status, self._media_type)

    def replace(self, *values: str) -> Any:
        """Put another record in the place of one; a new one where the operation documents 201."""
        records, sent = self._records(values), self._sent()
        key = values[-1] if self._has_key(values) else str(sent.get(self._collection.key, ""))
        answer, blank = self._blank(records.rng(key))
        before = records.get(key)
        if before is None and not (self._has_key(values) and self._may_create()):
            raise self._not_there(key)
        made = {**self._merged(blank, sent, values), self._collection.key: self._typed(key)}
        made = self._stamped(made, is_new=before is None)
        return self._kept(records, key, answer, blank, made, status=201 if before is None else None)

    def change(self, *values: str) -> Any:
        """Change the members of a record that were sent; the others stay."""
        records = self._records(values)
        key, record = values[-1], self._found(records, values[-1])
        answer, blank = self._blank(records.rng(key))
        sent = {name: each for name, each in self._sent().items() if name != self._collection.key}
        made = self._stamped({**record, **self._known(blank, sent)}, is_new=False)
        return self._kept(records, key, answer, {**blank, **record}, made)

    def remove(self, *values: str) -> Any:
        """Remove a record."""
        records = self._records(values)
        record = self._found(records, values[-1])
        records.delete(values[-1])
        answer = self._answer(records.rng(values[-1]))
        if not isinstance(answer, dict):
            return rendered(answer, self._status, self._media_type)
        return self._checked(self._wrapped(answer, record), answer)

    @cached_property
    def _list_schema(self) -> Mapping[str, Any]:
        """The schema of the list in an answer."""
        reader = self._model.reader
        listed = reader.at(self._pointer) if self._pointer else {}
        return reader.flat(reader.properties(listed)[self._role.wrapper] if self._role.wrapper else listed)

    @property
    def _listed_schema(self) -> Any:
        """The schema of one record in the answer of a list."""
        return self._list_schema.get("items")

    @property
    def _most_listed(self) -> int | None:
        """How many records a list may have; None where the document sets no limit."""
        most = self._list_schema.get("maxItems")
        return most if isinstance(most, int) else None

    @cached_property
    def _properties(self) -> Mapping[str, Any]:
        """The properties of a record by the schema of the answer; none where it names none."""
        reader = self._model.reader
        if self._role.verb == "list":
            return reader.properties(self._listed_schema or {})
        properties = reader.properties(reader.at(self._pointer)) if self._pointer else {}
        inner = properties.get(self._role.wrapper, {}) if self._role.wrapper else None
        return properties if inner is None else reader.properties(inner)

    @cached_property
    def _key_schema(self) -> Mapping[str, Any]:
        """The schema of a key: that of the member, or of the path's parameter where only this one says something."""
        reader = self._model.reader
        own = reader.flat(self._properties.get(self._collection.key, {}))
        if any(name in own for name in ("pattern", "format", "minLength", "maxLength")):
            return own
        return self._parameter_schema or own

    @cached_property
    def _parameter_schema(self) -> Mapping[str, Any]:
        """The schema of the path's parameter that has a key; empty where it has none."""
        on_items = (each for each in self._model.contract.operations.all if each.path == self._collection.item_path)
        parameters = (each for operation in on_items for each in operation.parameters)
        found = next((each for each in parameters if each.name == self._collection.parameter), None)
        return {} if found is None else self._model.reader.flat(self._model.reader.at(found.schema))

    def _records(self, values: tuple[str, ...]) -> Records:
        return Records.of(ctx.state, self._collection, dict(zip(self._operation.names, values, strict=True)))

    def _has_key(self, values: tuple[str, ...]) -> bool:
        return bool(values) and self._operation.path == self._collection.item_path

    def _may_create(self) -> bool:
        return "201" in self._operation.responses or not any(
            each.verb == "create" and each.collection == self._collection for each in self._model.roles.values()
        )

    def _sent(self) -> dict[str, Any]:
        sent = ctx.json if isinstance(ctx.json, dict) else {}
        inner = sent.get(self._role.sent) if self._role.sent else sent
        return dict(inner) if isinstance(inner, dict) else {}

    def _found(self, records: Records, key: str) -> dict[str, Any]:
        record = records.get(key)
        if record is None:
            raise self._not_there(key)
        return dict(record)

    def _not_there(self, key: str) -> NotThere:
        where = Finding("request.path", f"/{self._collection.parameter}", "the key of a record", repr(key))
        return NotThere([where])

    def _answer(self, rng: Random) -> Any:
        """The answer of success as the document shows it."""
        return self._model.answers.of(self._operation, self._status, Occasion(rng, ctx.now)).value

    def _blank(self, rng: Random) -> tuple[Any, dict[str, Any]]:
        """The answer of success, and the record in it."""
        answer = self._answer(rng)
        return answer, self._inner(answer)

    def _inner(self, answer: Any) -> dict[str, Any]:
        """The record in an answer."""
        inner = answer.get(self._role.wrapper) if self._role.wrapper and isinstance(answer, dict) else answer
        return dict(inner) if isinstance(inner, dict) else {}

    def _wrapped(self, answer: Any, record: Mapping[str, Any]) -> Any:
        if self._role.wrapper and isinstance(answer, dict):
            return {**answer, self._role.wrapper: dict(record)}
        return dict(record)

    def _with_list(self, answer: Any, listed: list[Any]) -> Any:
        return {**answer, self._role.wrapper: listed} if self._role.wrapper and isinstance(answer, dict) else listed

    def _as_listed(self, answer: Any, record: Mapping[str, Any]) -> Any:
        """A record in a list, with the members that the list shows of each."""
        return {**self._shown_first(answer), **record}

    def _completed(self, answer: Any, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record with what the list requires of each, and as much of the record as it allows."""
        key = self._collection.key
        made = self._model.answers.of_schema(self._listed_schema or {}, Occasion(Random(str(record.get(key))), ctx.now))
        own = {key: record[key]} if key in record else {}
        likely = [{**each, **own} for each in (made, self._shown_first(answer)) if isinstance(each, dict)]
        kept = next((each for each in likely if self._accepts(self._with_list(answer, [each]))), likely[0])
        for name, value in self._named(record).items():
            if self._accepts(self._with_list(answer, [{**kept, name: value}])):
                kept[name] = value
        return kept

    def _shown_first(self, answer: Any) -> dict[str, Any]:
        """The first record of the list as the document shows it; empty where it shows none."""
        listed = answer.get(self._role.wrapper) if self._role.wrapper and isinstance(answer, dict) else answer
        return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}

    def _merged(self, record: dict[str, Any], sent: Mapping[str, Any], values: tuple[str, ...]) -> dict[str, Any]:
        """A new record: what was sent over the blank one, and the parents that the path names."""
        parents = {name: value for name, value in zip(self._operation.names, values, strict=True) if name in record}
        texts = {name: value for name, value in parents.items() if isinstance(record[name], str)}
        return {**record, **self._known(record, sent), **texts}

    def _known(self, record: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
        """The sent members that a record may have: those that its schema names, or all where it names none."""
        properties = self._properties
        if not properties:
            return dict(sent)
        return {
            name: value
            for name, value in sent.items()
            if name in record
            or (name in properties and self._model.reader.flat(properties[name]).get("writeOnly") is not True)
        }

    def _new_key(self, records: Records, sent: Mapping[str, Any], record: Mapping[str, Any]) -> Any:
        """The key that was sent, where the schema lets clients choose it; else one that is free."""
        name = self._collection.key
        if isinstance(sent.get(name), str | int) and not isinstance(sent.get(name), bool):
            if records.has(str(sent[name])):
                where = Finding("request.body", f"/{name}", "a key that is free", repr(sent[name]))
                raise KeyTaken([where])
            return sent[name]
        if self._collection.key_type == "integer" or isinstance(record.get(name), int):
            return records.next_number()
        if self._parameter_schema.get("type") == "integer":
            return str(records.next_number())  # (a path has numbers alone, whatever the member is)
        return self._drawn_key(records)

    def _drawn_key(self, records: Records) -> str:
        flat = self._key_schema
        occasion = Occasion(ctx.rng, ctx.now)
        drawn = (text(flat, occasion).replace("/", "-") or "0" for _ in range(MOST_DRAWS))
        return next((key for key in drawn if not records.has(key)), f"{records.next_number()}")

    def _typed(self, key: str) -> Any:
        return int(key) if self._collection.key_type == "integer" and key.isascii() and key.isdecimal() else key

    def _stamped(self, record: dict[str, Any], *, is_new: bool) -> dict[str, Any]:
        """A record with the moments that it names: when it was created, when it was changed."""
        now = ctx.now.replace(microsecond=0).isoformat().replace("+00:00", "Z")
        for name, value in record.items():
            plain = name.lower().replace("_", "").replace("-", "")
            if isinstance(value, str) and "T" in value and (plain in UPDATED or (is_new and plain in CREATED)):
                record[name] = now
        return record

    def _kept(
        self,
        records: Records,
        key: str,
        answer: Any,
        blank: Mapping[str, Any],
        made: dict[str, Any],
        *,
        status: int | None = None,
    ) -> Any:
        """Keep a record and answer it."""
        records.put(key, made)
        chosen = status if status is not None and str(status) in self._operation.responses else self._status
        if chosen in STATUSES_WITHOUT_BODY or answer is None:
            return rendered(None, chosen, "")
        return rendered(self._fitted(answer, blank, made), chosen, self._media_type)

    def _fitted(self, answer: Any, blank: Mapping[str, Any], record: Mapping[str, Any]) -> Any:
        """An answer with as much of a record as its schema allows: all, what it names, or what fits one by one."""
        for each in (record, self._named(record)):
            if self._accepts(whole := self._wrapped(answer, each)):
                return whole
        kept = dict(blank if self._accepts(self._wrapped(answer, blank)) else self._inner(answer))
        for name, value in self._named(record).items():
            if self._accepts(self._wrapped(answer, {**kept, name: value})):
                kept[name] = value
        return self._wrapped(answer, kept)

    def _named(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a record that the answer's schema names; all where it names none."""
        names = self._properties
        return {name: value for name, value in record.items() if name in names} if names else dict(record)

    def _accepts(self, value: Any) -> bool:
        schemas = self._model.contract.schemas
        return not self._pointer or schemas.accepts(schemas.uri_of_pointer(self._pointer), value)

    def _checked(self, value: Any, instead: Any) -> Any:
        """An answer, or another one where its schema does not allow it."""
        chosen = value if self._accepts(value) or not self._accepts(instead) else instead
        return rendered(chosen, self._status, self._media_type)

    def _filters(self, records: Records) -> Mapping[str, str]:
        """Parameters of the query that are named as members of a record are."""
        query = ctx.query
        if not query:
            return {}
        newest = records.page(max(records.count() - 1, 0), 1)
        return {name: value for name, value in query.items() if newest and name in newest[0]}


def _fits(record: Mapping[str, Any], filters: Mapping[str, str]) -> bool:
    return all(
        isinstance(record.get(name), dict | list) or str(record.get(name)).lower() == value.lower()
        for name, value in filters.items()
    )
