"""``flowproof proxy``: a client and a provider's sandbox, observed."""

import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from flowproof.certify.guard import Guard
from flowproof.certify.run_store import RunStore
from flowproof.conduct import ConductReport, judge, read_journal
from flowproof.conformance import Contract, Finding, load_contract
from flowproof.errors import ConfigurationError
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Gateway, Server
from flowproof.kit import ProviderKit
from flowproof.providers import Kits, find_kit, find_providers
from flowproof.proxy import ProxyServer, Upstream
from flowproof.proxy.sandbox import SandboxObserver
from flowproof.proxy.signing import Resigner
from flowproof.target import Site
from flowproof.target.profile import Profile, ProfileEntry, read_profile_file

from .console import log_to_stderr
from .options import option
from .signals import wait_for_a_signal
from .tables import heading, rows

__all__ = ["proxy"]

MOST_FINDINGS = 20
VERDICTS = {0: "PASS", 1: "FAIL", 2: "ERROR"}  # by exit code


@click.command()
@click.argument("provider")
@option(
    "--target",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    show_default=False,
    help="A sandbox profile: where requests go, what is permitted there, how fast.",
)
@option("--host", default="127.0.0.1", help="Name or address to listen on for clients.")
@option("--port", default=4020, type=click.IntRange(0, 65535), help="0 takes any that is free.")
@option(
    "--control-port", default=4010, type=click.IntRange(0, 65535), help="Of the control API beside it, on loopback."
)
@click.option(
    "--sign",
    is_flag=True,
    show_default=False,
    help="Sign requests anew with the profile's credentials; the client then needs none of them.",
)
@option("--journal", default=10_000, type=click.IntRange(1), metavar="N", help="Exchanges kept.")
@click.pass_context
def proxy(
    context: click.Context,
    /,
    provider: str,
    target: Path,
    host: str,
    port: int,
    control_port: int,
    sign: bool,
    journal: int,
) -> None:
    """
    Stand between a client and a provider's sandbox, and check every exchange.

    Requests are forwarded as they come, and so are the responses. Each exchange is checked against the contract in both
    directions and kept in a journal, which flowproof journal, explain, faults and conduct read from the control API.
    What the profile does not permit is refused and never leaves.

    Ends on Ctrl-C with a summary. Exit code 0 when nothing was found, 1 when the provider broke its contract or the
    client an obligation, 2 when an exchange failed in the network and nothing else was found.
    """
    kit = find_kit(provider)
    profile = read_profile_file(target, os.environ, defaults=Kits().profile_defaults)
    entry = profile.entry(kit.slug)
    contract = load_contract(kit.slug, kit.contract_folder())
    log_to_stderr()
    gateway = _gateway(kit, entry.site, journal)
    with _observer(gateway, kit, contract, profile, entry, sign=sign) as observer:
        server = ProxyServer(observer.upstream, observer, host=host, port=port)
        gateway.mock.addresses[kit.slug] = server.url
        with Server(gateway, port=control_port) as control, server:
            click.echo(_announced(kit, profile, entry, server.url, control.url))
            wait_for_a_signal()
    entries = gateway.with_mock(lambda mock: mock.journal.entries("default"))
    report = judge(read_journal(entries, contract), contract, kit.load_obligations()) if kit.obligations else None
    code = _exit_code(entries, report)
    click.echo(_summary(entries, report, VERDICTS[code] if entries else "SKIP"))
    context.exit(code)


def _gateway(kit: ProviderKit, site: Site, journal: int) -> Gateway:
    """The mock server beside the proxy, which has the journal, and knows the sandbox's credentials."""
    settings = ServerSettings(entropy=secrets.randbits(64), journal_keep=journal)
    gateway = build_gateway(find_providers([kit.slug]), settings)
    parts = {
        role: {"key": each.key, **{name: str(value) for name, value in each.values.items()}}
        for role, each in site.keys.items()
    }
    workspaces = gateway.mock.workspaces
    workspaces.adopt_credentials(workspaces.ensure_default(), kit.slug, parts)
    return gateway


@contextmanager
def _observer(
    gateway: Gateway, kit: ProviderKit, contract: Contract, profile: Profile, entry: ProfileEntry, *, sign: bool
) -> Iterator[SandboxObserver]:
    if sign and not kit.sign:
        raise ConfigurationError(f"Requests to {kit.slug} are not signed.", "Leave --sign out.")
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder) / "calls")
        try:
            yield SandboxObserver(
                gateway=gateway,
                provider=kit.slug,
                contract=contract,
                upstream=Upstream.from_url(entry.site.url),
                gate=Guard(_OneTarget(profile), lambda _: contract, store),
                secrets=_secrets(entry.site),
                sign=Resigner(kit, entry.site) if sign else None,
            )
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class _OneTarget:
    """The target of a proxy, as a guard asks for it."""

    profile: Profile

    @property
    def entry(self) -> Callable[[str], ProfileEntry]:
        return self.profile.entry

    def name_of(self, provider: str) -> str:  # noqa: ARG002 (a profile has one name for all)
        return self.profile.name


def _secrets(site: Site) -> frozenset[str]:
    parts = (part for each in site.keys.values() for part in each.values.items())
    return frozenset(str(value) for name, value in parts if value and not name.endswith(("_uri", "_url")))


def _announced(kit: ProviderKit, profile: Profile, entry: ProfileEntry, url: str, control: str) -> str:
    facts = (
        ("sandbox", f"{entry.site.url} ({profile.name})"),
        ("base URL", url),
        ("permits", "; ".join(entry.permission.sentences())),
        ("control API", f"{control}/_flowproof"),
    )
    return "\n".join([heading(f"{kit.title}, observed"), rows(facts), "", f"ready {url}"])


def _summary(entries: Sequence[Mapping[str, Any]], report: ConductReport | None, verdict: str) -> str:
    found, broken = _findings(entries), _broken(entries)
    counted = f"exchanges: {len(entries)}, findings: {sum(found.values())}, failed in the network: {len(broken)}"
    parts = [heading(f"{verdict}, {counted}")]
    parts += [f"  {text}{f' ({times} times)' if times > 1 else ''}" for text, times in found.most_common(MOST_FINDINGS)]
    if len(found) > MOST_FINDINGS:
        parts.append(f"  and {len(found) - MOST_FINDINGS} more")
    parts += [f"  {each['id']}: {each['explanation']}" for each in broken[:MOST_FINDINGS]]
    if report is not None:
        counted = ", ".join(f"{len(report.of(verdict))} {verdict}" for verdict in ("FAIL", "PASS", "SKIP"))
        parts.append(heading(f"the client: {report.verdict} ({counted})"))
        parts += [f"  {each.requirement}: {each.what}" for each in report.of("FAIL")]
    return "\n".join(parts)


def _findings(entries: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(
        f"{each['operation'] or each['request']['path']} {each['response']['status']}: {Finding(**finding)}"
        for each in entries
        for finding in each["findings"]
    )


def _broken(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [each for each in entries if each["response"]["status"] == 0 and not each["faults"]]


def _exit_code(entries: Sequence[Mapping[str, Any]], report: ConductReport | None) -> int:
    if _findings(entries) or (report is not None and report.verdict == "FAIL"):
        return 1
    return 2 if _broken(entries) else 0
