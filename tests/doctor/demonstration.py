"""The doctor on eight profiles that are wrong in one way each: python -m tests.doctor.demonstration"""

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from flowproof.cli import main as flowproof
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.target import ControlClient, Workspace

from .servers import answering, certificate

KEYS = {"TOKEN": "0123456789abcdef", "SECRET": "a secret that nobody may see"}
FITS = 'credentials.default = { key = "$TOKEN", secret = "$SECRET" }'


@dataclass(frozen=True, slots=True)
class Broken:
    """A profile, what is wrong with it, and the environment that it is read in."""

    title: str
    provider: str
    lines: tuple[str, ...]
    environment: Mapping[str, str]


def main() -> None:
    """Examine each, and print what is wrong and how to mend it."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        for number, broken in enumerate(_profiles(Path(folder), stack), start=1):
            file = Path(folder) / "sandbox.toml"
            text = "\n".join(['name = "sandbox"', f"[{broken.provider}]", *broken.lines])
            file.write_text(text, encoding="utf-8")
            done = CliRunner(env=dict(broken.environment)).invoke(flowproof, ["doctor", "--target", str(file)])
            told = done.output.splitlines()
            wrong = [place for place, line in enumerate(told) if "WRONG" in line or line.startswith("flowproof:")]
            sys.stdout.write(f"{number}. {broken.title} (exit code {done.exit_code})\n")
            for place in wrong:
                sys.stdout.write("\n".join(f"   {line.strip()}" for line in told[place : place + 2]) + "\n")


def _profiles(folder: Path, stack: ExitStack) -> Iterator[Broken]:
    workspace = stack.enter_context(_workspace())
    environment, lines = exported(workspace, "oneflow")
    url = f'url = "{workspace.url("oneflow")}"'
    yield Broken("unknown host", "oneflow", ('url = "https://sandbox.nowhere.invalid"', FITS), KEYS)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        yield Broken("nothing listens", "oneflow", (f'url = "http://127.0.0.1:{port}"', FITS), KEYS)
    file = certificate(folder / "server.pem", valid_for=timedelta(days=-1))
    expired = stack.enter_context(answering(certificate=file))
    trusted = {**KEYS, "REQUESTS_CA_BUNDLE": str(file)}
    yield Broken("expired certificate", "oneflow", (f'url = "{expired}"', FITS), trusted)
    portal = stack.enter_context(answering(200, "text/html"))
    yield Broken("a portal, not the API", "oneflow", (f'url = "{portal}"', FITS), KEYS)
    late = stack.enter_context(answering(ahead=timedelta(minutes=10)))
    yield Broken("a clock ten minutes slow", "oneflow", (f'url = "{late}"', FITS), KEYS)
    swapped = {**environment, "DEFAULT_SECRET": environment["DEFAULT_SECRET"][::-1]}
    yield Broken("a wrong secret", "oneflow", (url, *lines), swapped)
    granted, roles = exported(workspace, "otter")
    elsewhere = {**granted, "DEFAULT_REDIRECT_URI": "https://partner.example/elsewhere"}
    otter = f'url = "{workspace.url("otter")}"'
    yield Broken("a redirect URI that is not registered", "otter", (otter, *roles), elsewhere)
    permits = "permits = { operations = { submitOrders = 3 } }"
    yield Broken("an operation that there is not", "oneflow", (url, *lines, permits), environment)


@contextmanager
def _workspace() -> Iterator[Workspace]:
    with Server(build_gateway(find_providers(), ServerSettings(entropy=0))) as server:
        yield ControlClient(server.url).make_workspace()


def exported(workspace: Workspace, provider: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The default credentials of a workspace as an environment, and the line of a profile that reads it."""
    keys = workspace.credentials(provider)
    parts = {"key": keys.key, **{name: str(value) for name, value in keys.values.items() if value}}
    told = ", ".join(f'{name} = "$DEFAULT_{name.upper()}"' for name in parts)
    environment = {f"DEFAULT_{name.upper()}": value for name, value in parts.items()}
    return environment, (f"credentials.default = {{ {told} }}",)


if __name__ == "__main__":
    main()
