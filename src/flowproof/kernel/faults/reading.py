"""Fault plans from JSON, validated against what the effects and the plan declare."""

from collections.abc import Mapping, Sequence
from typing import Any

from flowproof.errors import ConfigurationError

from .effects import EFFECTS
from .fields import FieldSpec, field_specs
from .plan import FaultPlan

__all__ = ["plans_from_json"]


def plans_from_json(plans: Sequence[Mapping[str, Any]]) -> tuple[FaultPlan, ...]:
    """
    Read fault plans as a user writes them, such as ``{"fault": "status", "status": 503, "first": 3}``.

    Raises:
        ConfigurationError: A plan has an unknown fault or key, or a value out of range.
    """
    found = tuple(_plan(index, each) for index, each in enumerate(plans))
    if len({plan.id for plan in found}) < len(found):
        raise ConfigurationError("Two fault plans have the same id.", "Give each its own, or none.")
    return found


def _plan(index: int, plan: Mapping[str, Any]) -> FaultPlan:
    kind = plan.get("fault")
    effect_type = EFFECTS.get(kind) if isinstance(kind, str) else None
    if effect_type is None:
        raise ConfigurationError(f"Fault plan {index} has the fault {kind!r}.", f"Choose one of {', '.join(EFFECTS)}.")
    of_effect, of_plan = field_specs(effect_type), field_specs(FaultPlan)
    allowed = {each.name for each in (*of_effect, *of_plan)}
    unknown = set(plan) - allowed - {"fault"}
    if unknown:
        raise ConfigurationError(
            f"Fault plan {index} has unknown keys {sorted(unknown)}.", f"It may have: {', '.join(sorted(allowed))}."
        )
    try:
        effect = effect_type(**_read(of_effect, plan))
        return FaultPlan(**_read(of_plan, {"id": f"fault-{index + 1}", **plan}), effect=effect)
    except ValueError as error:
        raise ConfigurationError(
            f"Fault plan {index} ({kind}): {error}.", "See the control API's OpenAPI document."
        ) from error


def _read(specs: Sequence[FieldSpec], plan: Mapping[str, Any]) -> dict[str, Any]:
    missing = [each.name for each in specs if each.required and each.name not in plan]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return {each.name: each.read(plan[each.name]) for each in specs if each.name in plan}
