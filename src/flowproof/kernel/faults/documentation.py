"""What effects and plans declare, as the control API's JSON Schema and as tables for the documentation."""

from collections.abc import Iterable, Sequence
from inspect import getdoc
from typing import Any

from .effects import EFFECTS, PHASES, Effect
from .fields import FieldSpec, field_specs
from .plan import FaultPlan

__all__ = ["fault_plan_schema", "fault_tables"]


def fault_plan_schema() -> dict[str, Any]:
    """The JSON Schema of a fault plan: by itself, or one of the provider's named plans."""
    own = {each.name: {**each.schema(), "description": each.description} for each in field_specs(FaultPlan)}
    return {
        "description": _sentence(FaultPlan),
        "type": "object",
        "oneOf": [{"required": ["fault"]}, {"required": ["named"]}],
        "properties": {
            "named": {"type": "string", "description": "A provider's named plans: its slug, a dot, their name."},
            "fault": {"enum": list(EFFECTS)},
            **own,
            **_effect_properties(),
        },
    }


def _effect_properties() -> dict[str, Any]:
    """The fields of all kinds. Two kinds may share a name, if it stands for the same values."""
    properties: dict[str, Any] = {}
    for kind, effect in EFFECTS.items():
        for each in field_specs(effect):
            description = f"{kind}: {each.description}"
            known = properties.setdefault(each.name, {**each.schema(), "description": ""})
            if {**known, "description": ""} != {**each.schema(), "description": ""}:
                raise ValueError(f"{each.name} of {kind} has other values than that of another kind")
            known["description"] = f"{known['description']} {description}".strip()
    return properties


def fault_tables() -> str:
    """The kinds of faults and the fields of a plan, as Markdown."""
    kinds = [
        f"| `{kind}` | {_sentence(effect)} | {'; '.join(_phases(effect))} | {_fields(field_specs(effect))} |"
        for kind, effect in EFFECTS.items()
    ]
    plan = [f"| {_field(each._replace(required=False))} | {each.description} |" for each in field_specs(FaultPlan)]
    return "\n".join(
        [
            "| fault | what a client meets | phase | fields |",
            "|---|---|---|---|",
            *kinds,
            "",
            "| field of every plan | meaning |",
            "|---|---|",
            *plan,
            "",
        ]
    )


def _phases(effect: type[Effect]) -> Iterable[str]:
    return (phase for phase, effects in PHASES.items() if effect in effects)


def _sentence(declaring: type) -> str:
    return (getdoc(declaring) or "").partition("\n")[0]


def _fields(specs: Sequence[FieldSpec]) -> str:
    return "<br>".join(f"{_field(each)}: {each.description}" for each in specs)


def _field(spec: FieldSpec) -> str:
    """Such as ``seconds`` (0 to 3600, required)."""
    values = " or ".join(f"`{each}`" for each in spec.choices) if spec.choices else ""
    if spec.range:
        values = f"{spec.range.low} to {spec.range.high}" + (", whole" if spec.type == "integer" else "")
    default = "required" if spec.required else "" if spec.default is None else f"default {spec.default}"
    details = "; ".join(filter(None, (values, default)))
    return f"`{spec.name}`" + (f" ({details})" if details else "")
