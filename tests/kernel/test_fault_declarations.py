"""What an effect declares holds everywhere: reading, the control API's schema, the documentation, conduct."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.errors import ConfigurationError
from flowproof.kernel.faults.documentation import fault_plan_schema, fault_tables
from flowproof.kernel.faults.effects import EFFECTS, PHASES, InsteadOfAnswer
from flowproof.kernel.faults.fields import FieldSpec, field_specs
from flowproof.kernel.faults.plan import FaultPlan
from flowproof.kernel.faults.reading import plans_from_json
from tests import tree
from tests.conduct.entries import entry, journal_of

SCHEMA = jsonschema.Draft202012Validator(fault_plan_schema())


def allowed(spec: FieldSpec) -> st.SearchStrategy[Any]:
    """Values that a field declares."""
    if spec.type == "string":
        return st.sampled_from(spec.choices) if spec.choices else st.text(max_size=3)
    assert spec.range is not None
    low, high = spec.range
    return st.integers(int(low), int(high)) if spec.type == "integer" else st.floats(low, high)


def forbidden(spec: FieldSpec) -> st.SearchStrategy[Any]:
    """Values that a field does not declare."""
    always: st.SearchStrategy[Any] = st.sampled_from([True, [], {}, *([] if spec.nullable else [None])])
    if spec.type == "string":
        return always | st.integers() | (st.sampled_from(["", "other"]) if spec.choices else st.nothing())
    assert spec.range is not None
    outside = st.sampled_from([spec.range.low - 1, spec.range.high + 1, "1"])
    return always | outside | (st.just(spec.range.low + 0.5) if spec.type == "integer" else st.nothing())


def specs_of(kind: str) -> list[FieldSpec]:
    """Everything that a plan of a kind may have."""
    return [*field_specs(EFFECTS[kind]), *field_specs(FaultPlan)]


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Plans of any kind, each with what it must have and some of what it may have."""
    kind = draw(st.sampled_from(list(EFFECTS)))
    specs = [each for each in specs_of(kind) if (each.required and each.name != "id") or draw(st.booleans())]
    return {"fault": kind, **{each.name: draw(allowed(each)) for each in specs}}


@given(plans())
def test_declared_plan_is_read_and_fits_the_schema(plan: dict[str, Any]) -> None:
    """A plan within its declarations is read, fits the control API's schema, and comes out as it went in."""
    (read,) = plans_from_json([plan])

    assert SCHEMA.is_valid(plan)
    assert read.to_json().items() >= plan.items()
    assert plans_from_json([read.to_json()]) == (read,)


@given(plans(), st.data())
def test_undeclared_value_is_refused_by_both(plan: dict[str, Any], data: st.DataObject) -> None:
    """A value of another type or out of range is refused when it is read, and by the control API's schema."""
    spec = data.draw(st.sampled_from(specs_of(plan["fault"])))
    wrong = {**plan, spec.name: data.draw(forbidden(spec))}

    assert not SCHEMA.is_valid(wrong)
    with pytest.raises(ConfigurationError, match=rf"^Fault plan 0 \({plan['fault']}\): {spec.name} is "):
        plans_from_json([wrong])


@pytest.mark.parametrize("kind", EFFECTS)
def test_every_field_says_what_it_means(kind: str) -> None:
    """Every kind has a phase, and every field of it a description."""
    phases = [phase for phase, effects in PHASES.items() if EFFECTS[kind] in effects]

    assert phases != []
    assert [each.name for each in specs_of(kind) if not each.description] == []


def test_documentation_shows_what_is_declared() -> None:
    """The tables of docs/faults.md are those that `python scripts/fault_tables.py` writes."""
    assert fault_tables() in (tree.ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", EFFECTS)
def test_conduct_knows_what_a_fault_does_to_an_answer(kind: str) -> None:
    """Who judges a client knows which faults lose the answer, and which choose its status."""
    (exchange,) = journal_of(entry(1, faults=[{"id": "fault-1", "fault": kind}]))

    assert exchange.is_lost == EFFECTS[kind].loses_answer
    assert exchange.is_made_to_fail == issubclass(EFFECTS[kind], InsteadOfAnswer)
