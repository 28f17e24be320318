"""``flowproof drift``: where two targets answer the same documented examples differently."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from flowproof.cases import Case, read_cases
from flowproof.conformance import Contract, load_contract
from flowproof.drift import Drift, UniqueValues, find_drift, find_recorded_drift
from flowproof.drift.side import Side
from flowproof.errors import ConfigurationError
from flowproof.kit import ProviderKit
from flowproof.plurals import counted
from flowproof.providers import Kits, find_kit, find_providers
from flowproof.target import ControlClient
from flowproof.target.profile import MOCK, Permission, read_profile_file

from .options import complete_provider, option
from .recordings import Names, name_options, read_cases_of_files
from .tables import heading, json_text, paragraph, table, visible

__all__ = ["drift"]

MOST_CASES = 3
RECORDING = "recording"


@click.command()
@click.argument("slug", shell_complete=complete_provider, metavar="PROVIDER")
@option(
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="mock|FILE",
    show_default=False,
    help="A sandbox profile, or mock; twice: differences are shown from the first to the second.",
)
@option(
    "--recording",
    "recordings",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    show_default=False,
    help="Compare one target with recorded traffic: a HAR file, a Postman collection, a session of "
    "Charles, or a case of flowproof import.",
)
@name_options
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
@click.pass_context
def drift(
    context: click.Context,
    /,
    slug: str,
    targets: tuple[str, ...],
    recordings: tuple[Path, ...],
    volatile: tuple[str, ...],
    redact: tuple[str, ...],
    keep: tuple[str, ...],
    as_json: bool,
) -> None:
    """
    Show where two targets answer differently, or one answers otherwise than was recorded.

    Two targets get the documented examples, whose dates are moved to today; one target gets recorded requests. Times,
    ids, tokens and the targets' own addresses are folded before anything is compared; --volatile folds more. What a
    profile does not permit is not sent. Exit code 0 when nothing differs, 1 when something does, 2 when nothing could
    be compared.
    """
    if recordings and len(targets) != 1:
        raise ConfigurationError(
            f"There is {len(targets)} --target for recordings.", "Give it once: what answers the recorded requests."
        )
    if not recordings and len(targets) != 2:
        raise ConfigurationError(f"There is {len(targets)} --target.", "Give it twice: what to compare, and with what.")
    kit = find_kit(slug)
    contract = load_contract(slug, kit.contract_folder())
    unique = UniqueValues(kit.unique, uuid4().hex[:8])
    if recordings:
        cases = read_cases_of_files(recordings, kit, contract, Names(volatile, redact, keep))
        first_name, second_name = RECORDING, targets[0]
        found = _recorded_drift(cases, targets[0], kit, contract, unique)
    else:
        with ExitStack() as stack:
            first, second = (stack.enter_context(_side(each, kit, contract)) for each in targets)
            meaningless = kit.volatile | frozenset(volatile)
            examples = read_cases(slug, kit.fixtures_folder())
            found = find_drift(examples, first, second, volatile=meaningless, unique=unique)
            first_name, second_name = first.name, second.name
    shown_names = (RECORDING, *targets) if recordings else targets
    click.echo(json_text(_plain(slug, shown_names, found)) if as_json else _shown(slug, first_name, second_name, found))
    context.exit(2 if not found.outcomes else 0 if found.is_none else 1)


def _recorded_drift(
    cases: Iterable[Case], target: str, kit: ProviderKit, contract: Contract, unique: UniqueValues
) -> Drift:
    """On the mock each case has a workspace of its own, whose clock begins when the case was recorded."""
    found = []
    for case in cases:
        with _side(target, kit, contract) as side:
            if side.clock is not None:
                side.clock.freeze(case.clock)
            found.append(find_recorded_drift([case], side, unique=unique if side.clock is None else None))
    return Drift(
        tuple(outcome for each in found for outcome in each.outcomes),
        {case: why for each in found for case, why in each.left_out.items()},
        tuple(created for each in found for created in each.created),
        tuple(note for each in found for note in each.notes),
    )


@contextmanager
def _side(target: str, kit: ProviderKit, contract: Contract) -> Iterator[Side]:
    if target != MOCK:
        profile = read_profile_file(Path(target), os.environ, defaults=Kits().profile_defaults)
        entry = profile.entry(kit.slug)
        yield Side(profile.name, entry.site, entry.permission, kit, contract)
        return
    with _mock(kit.slug) as workspace:
        site, everything = workspace.site(kit.slug), Permission(everything=True)
        yield Side(MOCK, site, everything, kit, contract, workspace.clock, workspace.control)


@contextmanager
def _mock(slug: str) -> Iterator[Any]:
    """A workspace of a mock server of our own, deleted after the block."""
    from flowproof.kernel.assembly import ServerSettings, build_gateway  # noqa: PLC0415 (two sandboxes need no server)
    from flowproof.kernel.serving import Server  # noqa: PLC0415

    server = Server(build_gateway(find_providers([slug]), ServerSettings(entropy=0)))
    with server, closing(ControlClient(server.url)) as control, control.make_workspace() as workspace:
        yield workspace


def _shown(slug: str, first: str, second: str, found: Drift) -> str:
    """For a person: differences by operation and status, then what was left out."""
    grouped: dict[tuple[str, int], dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in found.outcomes:
        for difference in each.differences:
            row = (difference.kind, difference.where, difference.first, difference.second)
            grouped[each.operation, each.status][row].append(f"{each.case} {each.step}")
    blocks = [heading(f"{slug}: {visible(first)} against {visible(second)}: {_counted(found)}")]
    for (operation, status), differences in sorted(grouped.items()):
        lines = [(*row, _cases(cases)) for row, cases in sorted(differences.items())]
        blocks.append(f"{heading(f'{operation} {status}')}\n{table(('KIND', 'WHERE', first, second, 'CASES'), lines)}")
    if found.left_out or found.notes:
        blocks.append("\n".join([heading("Not compared"), *map(paragraph, _not_compared(found))]))
    if found.created:
        blocks.append("\n".join([heading("Left on the targets"), *(paragraph(f"  {each}") for each in found.created)]))
    return "\n\n".join(blocks)


def _counted(found: Drift) -> str:
    cases = {each.case for each in found.outcomes}
    differing = {each.case for each in found.outcomes if each.differences}
    differ = counted(len(differing), "differs", "differ")
    return f"{counted(len(cases), 'case')} compared, {differ}, {len(found.left_out)} left out"


def _not_compared(found: Drift) -> Iterator[str]:
    """What was not compared, by the reason, then what recordings have beside their steps."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for case, why in found.left_out.items():
        by_reason[why].append(case)
    yield from (f"  {_cases(cases)}: {why}" for why, cases in by_reason.items())
    yield from (f"  {note}" for note in found.notes)


def _cases(names: list[str]) -> str:
    more = f" and {len(names) - MOST_CASES} more" if len(names) > MOST_CASES else ""
    return f"{', '.join(names[:MOST_CASES])}{more}"


def _plain(slug: str, targets: tuple[str, ...], found: Drift) -> dict[str, Any]:
    return {
        "provider": slug,
        "targets": list(targets),
        "outcomes": [asdict(each) for each in found.outcomes],
        "left_out": dict(found.left_out),
        "created": list(found.created),
        "notes": list(found.notes),
    }
