"""What has to hold after a run, whatever the weather: the scenario's own assertions, contract, conduct, state, time."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowproof.conduct import ConductReport
from flowproof.conformance import Contract

from .run import Run

__all__ = ["Breach", "breaches"]


@dataclass(frozen=True, slots=True)
class Breach:
    """
    One thing that does not hold.

    Args:
        what: A requirement's id, or `hang`, `scenario`, `lost`, `twice`, `changed`, `contract`.
        text: What happened, in a sentence.
        required: What the requirement says, with its source; empty where no requirement is broken.
    """

    what: str
    text: str
    required: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.text}" + (f"\n    required: {self.required}" if self.required else "")


def breaches(
    run: Run,
    contract: Contract,
    conduct: ConductReport,
    fair: Run | None,
    gives_up: tuple[type[BaseException], ...] = (),
) -> tuple[Breach, ...]:
    """
    What does not hold after a run, the most telling first.

    Args:
        run: Under a weather.
        contract: The provider's.
        conduct: The judgement of the client by the run's journal.
        fair: The run in fair weather; None where this is it.
        gives_up: Errors by which the scenario says that it has given up: then something may be missing.
    """
    found = [*_of_time(run), *_of_scenario(run, gives_up)]
    found += _of_state(run, fair, has_given_up=isinstance(run.error, gives_up)) if fair and not run.hang else ()
    return (*found, *_of_journal(run, contract, conduct))


def _of_time(run: Run) -> Iterator[Breach]:
    if run.hang:
        yield Breach("hang", run.hang)


def _of_scenario(run: Run, gives_up: tuple[type[BaseException], ...]) -> Iterator[Breach]:
    if run.error is not None and not isinstance(run.error, gives_up):
        first = str(run.error).strip().partition("\n")[0]
        yield Breach(
            "scenario", f"It raised {type(run.error).__name__}: {first}" if first else type(run.error).__name__
        )


def _of_state(run: Run, fair: Run, *, has_given_up: bool) -> Iterator[Breach]:
    """What is lost or there twice, compared with fair weather. A client that has given up may have lost something."""
    for kind in sorted({*run.counts, *fair.counts}):
        now, then = run.counts.get(kind, 0), fair.counts.get(kind, 0)
        if now > then or (now < then and not has_given_up):
            what = "twice" if now > then else "lost"
            yield Breach(what, f"The mock's state has {now} of {kind}, and {then} in fair weather.")
    for name in sorted({*run.totals, *fair.totals}) if not has_given_up else ():
        now_total, then_total = run.totals.get(name, 0), fair.totals.get(name, 0)
        if now_total != then_total:
            yield Breach("changed", f"The mock's {name} is {now_total:g}, and {then_total:g} in fair weather.")


def _of_journal(run: Run, contract: Contract, conduct: ConductReport) -> Iterator[Breach]:
    for each in run.entries:
        wrong = () if each["faults"] else [one for one in each["findings"] if one["where"].startswith("response")]
        for finding in wrong[:1]:
            shown = f"{finding['where']} {finding['pointer']} is {finding['got']}, not {finding['expected']}"
            yield Breach("contract", f"The answer {each['id']} to {each['operation']} breaks it: {shown}.")
    for judgement in conduct.of("FAIL"):
        requirement = contract.requirements[judgement.requirement]
        yield Breach(judgement.requirement, judgement.what, f"{requirement.text} ({requirement.source})")
