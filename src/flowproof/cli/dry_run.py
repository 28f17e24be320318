"""
What a certification would do to a target, found out on a mock of ours that is reached as the target would be.

The mock has the profile's permissions and roles, so the run calls, creates, spends and leaves out what it would there,
as far as the target answers as the mock does. Nothing is sent to the target.
"""

import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import click

from flowproof.certify import CertificationReport, build_report
from flowproof.certify.budget import spent_text
from flowproof.certify.criteria import read_report_inputs
from flowproof.certify.run import RunConfiguration, run
from flowproof.conformance import load_contract
from flowproof.conformance.effects import Effect, read_effects
from flowproof.kit import ProviderKit
from flowproof.plurals import counted
from flowproof.providers import find_providers
from flowproof.target import ControlClient, Site
from flowproof.target.permitted import permitted_sentences
from flowproof.target.profile import Pace, Permission, read_profile_file

from .certify_progress import Progress
from .tables import bullets, heading, rows, table, visible

__all__ = ["show_dry_run"]

PREFIX = "FLOWPROOF_DRY_RUN"


def show_dry_run(configuration: RunConfiguration, kit: ProviderKit, progress: Progress) -> int:
    """
    Print what a run would do.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: The profile cannot be read, or the provider has no mock.
    """
    contract = load_contract(kit.slug, configuration.contract)
    effects = read_effects(contract.document)
    name, permission, roles = _target(configuration, effects)
    with _mock(kit.slug) as site, tempfile.TemporaryDirectory(prefix="flowproof-") as scratch:
        profile = Path(scratch) / "profile.toml"
        chosen = {role: each for role, each in site.keys.items() if roles is None or role in roles}
        variables = _write_profile(profile, name, replace(site, keys=chosen), permission)
        dry = replace(configuration, target=profile, folder=Path(scratch) / "run", resume=False)
        try:
            ended = run(dry, {**os.environ, **variables}, on_event=progress.show)
        finally:
            progress.end()
        inputs = read_report_inputs(kit.slug, kit.title, configuration.contract, ended.events, ())
        report = build_report(ended.events, inputs)
    if not ended.finished:
        click.echo("Interrupted.", err=True)
        return 130
    click.echo(_shown(report, name, permission, effects))
    return 0


def _target(
    configuration: RunConfiguration, effects: Mapping[str, Effect]
) -> tuple[str, Permission, frozenset[str] | None]:
    """Name, permissions and roles of the target. In place of the mock it is a sandbox that permits everything."""
    if configuration.target is None:
        changing = {operation: None for operation, effect in effects.items() if effect.changes}
        return "a sandbox", Permission(changing), None
    profile = read_profile_file(configuration.target, os.environ, defaults=configuration.profile_defaults)
    entry = profile.entry(configuration.provider)
    return profile.name, entry.permission, frozenset(entry.site.keys)


@contextmanager
def _mock(slug: str) -> Iterator[Site]:
    """A mock of the provider on loopback: its default workspace, as a stranger sees it."""
    from flowproof.kernel.assembly import ServerSettings, build_gateway  # noqa: PLC0415 (only a dry run has a server)
    from flowproof.kernel.serving import Server  # noqa: PLC0415

    with (
        Server(build_gateway(find_providers([slug]), ServerSettings(entropy=0))) as server,
        closing(ControlClient(server.url)) as control,
    ):
        yield control.workspace("default").site(slug)


def _write_profile(file: Path, name: str, site: Site, permission: Permission) -> dict[str, str]:
    """Write a profile of a site; returns the environment variables with its credentials."""
    variables: dict[str, str] = {}
    roles = []
    for role, credentials in site.keys.items():
        parts = []
        for part, value in {"key": credentials.key, **credentials.values}.items():
            if isinstance(value, str) and value:
                variable = f"{PREFIX}_{role}_{part}".upper()
                variables[variable] = value
                parts.append(f'{part} = "${variable}"')
        roles.append(f"{role} = {{ {', '.join(parts)} }}")
    times = (f"{each} = {'true' if limit is None else limit}" for each, limit in permission.operations.items())
    spend = "" if permission.spend is None else f'permits.spend = "{permission.spend}"'
    lines = [
        f"name = {_quoted(f'dry run of {name}')}",
        f"[{site.provider}]",
        f'url = "{site.url}"',
        f"permits.operations = {{ {', '.join(times)} }}",
        spend,
        f"[{site.provider}.credentials]",
        *roles,
    ]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return variables


def _quoted(text: str) -> str:
    """A text as a TOML string."""
    escaped = "".join(each if each.isprintable() and each not in '"\\' else f"\\U{ord(each):08x}" for each in text)
    return f'"{escaped}"'


def _shown(report: CertificationReport, name: str, permission: Permission, effects: Mapping[str, Effect]) -> str:
    facts = [
        ("tests", f"{report.test_counts['PASS'] + report.test_counts['FAIL']} of {len(report.tests)} would run"),
        ("judged", report.judged),
        ("requests", sum(report.calls.values())),
        ("created", _created(report)),
        ("spent", spent_text(report.spent)),
        ("at most", "; ".join(permitted_sentences(permission, Pace(), effects))),
    ]
    calls = [
        (operation, times, _kind(effects.get(operation)), _limit(permission, operation, effects.get(operation)))
        for operation, times in sorted(report.calls.items(), key=lambda each: (-each[1], each[0]))
    ]
    blocks = [
        heading(
            visible(f"Dry run of {report.title} on {name}: nothing was sent there, a mock of ours stood in for it")
        ),
        rows(facts),
        table(("OPERATION", "CALLS", "EFFECT", "PERMITTED"), calls),
    ]
    if left_out := list(_left_out(report)):
        blocks.append(f"{heading('Left out')}\n{bullets(left_out)}")
    return "\n\n".join(blocks)


def _created(report: CertificationReport) -> str:
    counted = Counter(each.operation for each in report.created)
    left = sum(not each.cleaned for each in report.created)
    return (
        f"{', '.join(f'{times} by {each}' for each, times in counted.items())}; {left} would stay" if counted else "0"
    )


def _kind(effect: Effect | None) -> str:
    if effect is None or not effect.changes:
        return "reads"
    return f"{'creates' if effect.creates else 'changes'}{', spends' if effect.spends else ''}"


def _limit(permission: Permission, operation: str, effect: Effect | None) -> str:
    if effect is None or not effect.changes:
        return "always"
    limit = permission.operations.get(operation, 0)
    return "as often as needed" if limit is None else counted(limit, "time")


def _left_out(report: CertificationReport) -> Iterator[str]:
    """Why tests would not run, the most frequent reason first, with the requirements that then nobody judges."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for test in report.tests:
        if test.verdict in ("SKIP", "OMIT"):
            reasons[test.why].append(test.test)
    open_ones = Counter(each.why for each in report.requirements if each.verdict in ("SKIP", "OMIT"))
    for why, tests in sorted(reasons.items(), key=lambda each: (-len(each[1]), each[0])):
        number = counted(len(tests), "test")
        unjudged = open_ones[why]
        more = f", {counted(unjudged, 'requirement')} not judged" if unjudged else ""
        yield f"{number}{more}: {why.replace('dry run of ', '')}"
    if broken := [each for each in report.tests if each.verdict in ("FAIL", "ERROR")]:
        yield f"{counted(len(broken), 'test')} failed on the mock, {broken[0].test} first: {broken[0].why}"
