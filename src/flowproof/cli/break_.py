"""``flowproof break``: the weather that a client in any language does not survive."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from flowproof.certify.writers import write_views
from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.providers import find_kit, find_providers
from flowproof.target import ControlClient, Workspace
from flowproof.testing import Bounds, Breach, Run, Survival, Weather, fault_plans, search, webhook_weather
from flowproof.testing.forecast import forecast
from flowproof.testing.report import finding_text, json_report
from flowproof.testing.search import replay
from flowproof.testing.views import report_of
from flowproof.text_file import read_text

from .options import complete_provider, duration_s, option, report_option
from .output import write
from .tables import json_text, visible
from .variables import variables

__all__ = ["break_"]

POLL_S = 0.02
MOST_OUTPUT = 4096


@dataclass(eq=False)
class CommandFailed(FlowproofError):
    """
    The client ended with an error.

    Args:
        code: Its exit code; negative for a signal.
        output: The last line that it wrote to stderr.
    """

    code: int
    output: str

    def __str__(self) -> str:
        return f"exit code {self.code}: {self.output}" if self.output else f"exit code {self.code}"


class GaveUp(CommandFailed):
    """The client ended with the exit code by which it says that it has given up."""


@click.command("break", context_settings={"ignore_unknown_options": True})
@click.argument("provider", shell_complete=complete_provider)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@option("--budget", default="60s", metavar="DURATION", help="How long the search may take.")
@option("--runs", type=click.IntRange(min=1), default=100, help="How often the command may run.")
@option("--jobs", type=click.IntRange(1, 64), default=2, metavar="N", help="How many runs at once.")
@option("--seed", type=int, default=0, help="The same seed draws the same weather.")
@option("--timeout", default="10s", metavar="DURATION", help="How long one run may take.")
@option("--gives-up", type=int, metavar="CODE", show_default=False, help="Exit code by which the client gives up.")
@option(
    "--replay",
    "plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    show_default=False,
    help="Run once under the weather of a plan.",
)
@option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    show_default=False,
    help="Write what was found as JSON; - is stdout.",
)
@report_option("Write the report as certify does: HTML, JSON, JUnit, SARIF, with what was tried and what was not.")
@click.pass_context
def break_(
    context: click.Context,
    /,
    provider: str,
    command: tuple[str, ...],
    budget: str,
    runs: int,
    jobs: int,
    seed: int,
    timeout: str,
    gives_up: int | None,
    plan: Path | None,
    out: Path | None,
    folder: Path | None,
) -> None:
    """
    Search for the outage that a client does not survive.

    Starts a mock and runs the command again and again, each time under other faults and in a workspace of its own. The
    command finds base URL and credentials in its environment, as flowproof env writes them, and ends with exit code 0
    where it has done its work. Judged are the exit code, what the provider obliges its clients to, and the state. What
    touches operations, statuses and obligations that no run has touched is tried first.

    \b
      flowproof break acme --budget 60s -- node client.mjs

    Exit code 0 when the client survived, 1 when it did not, 2 when the search could not be made.
    """
    if shutil.which(command[0]) is None:
        raise ConfigurationError(
            f"There is no command {command[0]}.", "Name a program of the PATH, or a file that runs."
        )
    bounds = Bounds(real_s=duration_s(timeout, what="timeout"), real_clock=True)
    budget_s, weather = duration_s(budget, what="budget"), _weather(plan) if plan else None
    kit = find_kit(provider)
    kit.load_obligations()
    scenario = partial(_run, provider=provider, command=command, gives_up=gives_up)
    began_at = datetime.now(UTC)
    with _workspaces(provider) as make:
        if weather is not None:
            found = replay(scenario, make, kit, weather, bounds, (GaveUp,))
        else:
            faults = fault_plans(provider, most_retry_after_s=1)
            events = webhook_weather(provider) if forecast(provider).events else None
            found = search(
                scenario,
                make,
                kit,
                strategy=faults | events if events is not None else faults,
                runs=runs,
                jobs=jobs,
                budget_s=budget_s,
                random_seed=seed,
                bounds=bounds,
                gives_up=(GaveUp,),
                on_run=_Progress(runs).show,
            )
    if folder is not None:
        write_views(report_of(found, kit, began_at, datetime.now(UTC)), folder)
    if out is not None:
        write(out, json_text(json_report(found)))
    if str(out) != "-":
        text = finding_text(found, " ".join(command), paste=_again(found, out, command))
        click.echo("\n".join(map(visible, text.split("\n"))))
    context.exit(0 if found.survived else 1)


def _weather(file: Path) -> Weather:
    """
    The weather in a file: a plan, or what ``--out`` has written.

    Raises:
        ConfigurationError: It has none.
    """

    try:
        document = json.loads(read_text(file))
    except ValueError as error:
        raise ConfigurationError(f"{file} is no JSON: {error}.", "Name what --out has written.") from error
    plan = document.get("weather", None if "survived" in document else document) if isinstance(document, dict) else None
    if not isinstance(plan, dict):
        raise ConfigurationError(f"{file} has no weather.", "Name what --out has written of a client that broke.")
    return Weather.from_plan(plan)


@contextmanager
def _workspaces(provider: str) -> Iterator[Callable[[], Workspace]]:
    """Makes workspaces on a server of this process."""
    from flowproof.kernel.assembly import ServerSettings, build_gateway  # noqa: PLC0415 (only a search has a server)
    from flowproof.kernel.serving import Server  # noqa: PLC0415

    gateway = build_gateway(find_providers([provider]), ServerSettings(entropy=0))
    with Server(gateway) as server, closing(ControlClient(server.url)) as control:
        yield control.make_workspace


def _run(workspace: Workspace, *, provider: str, command: Sequence[str], gives_up: int | None) -> None:
    """
    Run the client once.

    Raises:
        CommandFailed: It ended with another exit code than 0.
    """
    own = variables([workspace.site(provider)])
    environment = {**os.environ, **own, "FLOWPROOF_SERVER": workspace.server.url, "FLOWPROOF_WORKSPACE": workspace.id}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                time.sleep(POLL_S)
        finally:
            _end(process)
        if process.returncode:
            kind = GaveUp if process.returncode == gives_up else CommandFailed
            raise kind(process.returncode, _last_line(errors, own))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a client and whatever it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_line(errors: Any, own: Mapping[str, str]) -> str:
    """The last line of a client's stderr, without the credentials that it was given."""
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - MOST_OUTPUT))
    text: str = errors.read().decode("utf-8", "replace").strip()
    for name, value in own.items():
        if value and not name.endswith("_URL"):
            text = text.replace(value, "[secret]")
    return text.rpartition("\n")[2]


@dataclass(slots=True)
class _Progress:
    """
    One line on stderr for each run: its number, the weather, and whether the client survived it.

    Args:
        most: How many runs there are at most before something breaks.
    """

    most: int
    done: int = 0

    def show(self, run: Run, broken: Sequence[Breach]) -> None:
        self.done += 1
        plans = [f"{each.get('operation', 'every call')} {_fault(each)}" for each in run.weather.faults]
        shown = ", ".join([*plans, *(f"webhooks {name}" for name in run.weather.webhooks)]) or "fair weather"
        click.echo(visible(f"{'BROKEN' if broken else 'held':<7}{shown} ({self.done} of {self.most})"), err=True)


def _fault(plan: Mapping[str, Any]) -> str:
    """A kind of fault, with its status where it has one."""
    return f"{plan['fault']} {plan['status']}" if "status" in plan else str(plan["fault"])


def _again(found: Survival, out: Path | None, command: Sequence[str]) -> str:

    file = out if out is not None and str(out) != "-" else "plan.json"
    hint = "" if file == out else "  # plan.json: the weather above, or what --out writes"
    return f"flowproof break {found.provider} --replay {file} -- {shlex.join(command)}{hint}"
