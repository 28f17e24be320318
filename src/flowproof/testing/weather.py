"""One weather as a value: what goes wrong around a client, how it is set in a workspace, and how it is printed."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from flowproof.errors import ConfigurationError
from flowproof.target import Workspace

__all__ = ["Weather", "merged"]

Json = Any
Plan = Mapping[str, Json]

TICK_S = 0.001  # what the journal can tell apart


def _nothing() -> Mapping[str, Json]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Weather:
    """
    What goes wrong around a client. The default is fair weather.

    Args:
        faults: Fault plans, as the control API takes them.
        clock: How the workspace's clock moves: `jump_s` before the scenario begins, `step_s` with each exchange.
        webhooks: What goes wrong with webhooks, as `workspace.webhooks.adversary` takes it.
        account: A JSON Merge Patch (RFC 7396) of the provider's seed data.
    """

    faults: tuple[Plan, ...] = ()
    clock: Mapping[str, float] = field(default_factory=_nothing)
    webhooks: Mapping[str, Json] = field(default_factory=_nothing)
    account: Mapping[str, Json] = field(default_factory=_nothing)

    def __repr__(self) -> str:
        """The weather as a Python literal that can be pasted."""
        given = ((each.name, getattr(self, each.name)) for each in fields(self))
        shown = ((name, tuple(map(dict, value)) if name == "faults" else dict(value)) for name, value in given if value)
        return f"Weather({', '.join(f'{name}={value!r}' for name, value in shown)})"

    def __or__(self, other: "Weather") -> "Weather":
        """Both at once; of a part that both have, that of the other one counts."""
        return Weather(
            (*self.faults, *other.faults),
            {**self.clock, **other.clock},
            {**self.webhooks, **other.webhooks},
            {**self.account, **other.account},
        )

    @property
    def is_fair(self) -> bool:
        return not (self.faults or self.clock or self.webhooks or self.account)

    @property
    def plan(self) -> Mapping[str, Json]:
        """The weather as JSON, without what is fair."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: [dict(each) for each in value] if name == "faults" else dict(value)
            for name, value in given.items()
            if value
        }

    @classmethod
    def from_plan(cls, plan: Mapping[str, Json]) -> "Weather":
        """
        Read what `plan` has written.

        Raises:
            ConfigurationError: It has a key that no weather has, or faults that are no list.
        """
        known = [each.name for each in fields(cls)]
        if unknown := sorted(set(plan) - set(known)):
            raise ConfigurationError(f"A weather has no {unknown[0]}.", f"It has {', '.join(known)}.")
        faults = plan.get("faults", [])
        if not isinstance(faults, list) or not all(isinstance(each, Mapping) for each in faults):
            raise ConfigurationError(
                "The faults of a weather are a list of fault plans.", "Write them as in faults.md."
            )
        return cls(**{**plan, "faults": tuple(faults)})

    def set(self, workspace: Workspace, provider: str, *, real_clock: bool = False) -> None:
        """
        Let it hold in a workspace, whose clock then moves by steps: where it stood still, nobody could tell in which
        order things happened, and whether a client waited. A real clock runs on instead.

        Raises:
            ControlRefused: The server does not take it.
        """
        if self.account:
            workspace.replace_seed(provider, merged(workspace.seed(provider), self.account))
        if not real_clock:
            workspace.control("PUT", "clock", {"mode": "stepped", "step_s": self.clock.get("step_s", TICK_S)})
        if jump_s := self.clock.get("jump_s"):
            workspace.clock.advance(jump_s)
        workspace.webhooks.adversary(**self.webhooks)
        workspace.faults.set(*self.faults)

    def commands(self, workspace: str = "default") -> Iterator[str]:
        """
        Command lines that set faults and webhooks in a workspace of a running server.

        The clock's steps and the account have no command: `Weather.set` and the control API set them.
        """
        at = f"--workspace {shlex.quote(workspace)}"
        if self.webhooks:
            changes = (f"{name}={json.dumps(value).strip(chr(34))}" for name, value in self.webhooks.items())
            yield f"flowproof webhooks adversary {' '.join(map(shlex.quote, changes))} {at}"
        if self.faults:
            plans = (shlex.quote(json.dumps(dict(each))) for each in self.faults)
            yield f"flowproof faults set {' '.join(plans)} {at}"


def merged(value: Json, patch: Json) -> Json:
    """A value changed by a JSON Merge Patch."""
    if not isinstance(patch, Mapping):
        return patch
    base = dict(value) if isinstance(value, Mapping) else {}
    for name, change in patch.items():
        if change is None:
            base.pop(name, None)
        else:
            base[name] = merged(base.get(name), change)
    return base
