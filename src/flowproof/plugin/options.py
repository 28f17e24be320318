"""The plugin's options: flag before environment before ini key. Reads; starts nothing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import pytest

__all__ = ["Options", "Transport", "add_options", "read_options"]

GROUP = "flowproof"
Transport = Literal["socket", "in-process"]
SWITCHES = {"": None, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)


@dataclass(frozen=True, slots=True)
class Options:
    """
    What a run was asked for.

    Args:
        server: URL of a mock server that runs already; None to start one.
        base_urls: Providers that are not mocked, each with its base URL.
        providers: Those that the started server serves; none means all that are installed.
        token: What the control API of a running server asks for.
        coverage: Where to write what the run exercises.
        transport: How the clients of fixtures reach a server that the plugin has started.
        target: A sandbox profile's file, or `mock`; None where only base URLs say what is not mocked.
        events: Where to append what happens to each test.
        tls: The started server speaks TLS.
        requirements: Of the tests, only those of these requirements, or of what stands below them; none means all.
    """

    server: str | None
    base_urls: Mapping[str, str]
    providers: tuple[str, ...]
    token: str | None
    coverage: Path | None = None
    transport: Transport = "socket"
    target: str | None = None
    events: Path | None = None
    requirements: tuple[str, ...] = ()
    tls: bool = False


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup(GROUP, "Flowproof: contract tests and mock servers of provider APIs")
    group.addoption(
        "--flowproof-server",
        metavar="URL",
        help="Use the Flowproof mock server that runs there (FLOWPROOF_SERVER; a token for its control API: "
        "FLOWPROOF_TOKEN). By default one is started on loopback for each session and each xdist worker.",
    )
    group.addoption(
        "--flowproof-base-url",
        metavar="PROVIDER=URL",
        action="append",
        help="Run that provider's tests against any base URL instead of a mock; repeatable (FLOWPROOF_BASE_URL, with "
        "blanks between several, or FLOWPROOF_<PROVIDER>_URL). Credentials: FLOWPROOF_<PROVIDER>_TOKEN and _SECRET.",
    )
    group.addoption(
        "--flowproof-target",
        metavar="FILE|mock",
        help="Run against the sandboxes of that profile, within what it permits and on no mock, or against nothing but "
        "mocks, whatever the environment says (FLOWPROOF_TARGET). docs/sandbox.md tells what stands in a profile.",
    )
    group.addoption(
        "--flowproof-events",
        metavar="FILE",
        help="Append there what happens to each test, redacted, one JSON object a line (FLOWPROOF_EVENTS); a test that "
        "has its verdict there already is not repeated. flowproof certify makes a report of it.",
    )
    group.addoption(
        "--flowproof-requirement",
        metavar="ID",
        action="append",
        help="Run only the tests of this requirement, or of those below it; repeatable (FLOWPROOF_REQUIREMENT, with "
        "blanks between several).",
    )
    group.addoption(
        "--flowproof-providers",
        metavar="NAMES",
        help="Serve only these providers, separated by commas (FLOWPROOF_PROVIDERS). By default all installed ones.",
    )
    group.addoption(
        "--flowproof-coverage",
        metavar="FILE",
        help="Write there which operations, statuses, examples, schema branches and requirements the run exercised "
        "(FLOWPROOF_COVERAGE); flowproof contracts coverage --results FILE reads it.",
    )
    group.addoption(
        "--flowproof-transport",
        metavar="|".join(TRANSPORTS),
        help="How the clients of fixtures reach the server that is started (FLOWPROOF_TRANSPORT): over loopback, by "
        "default, or without a socket, which is faster; what needs one, such as a fault, has one either way.",
    )
    group.addoption(
        "--flowproof-tls",
        action="store_true",
        default=None,
        help="Have the server that is started speak https (FLOWPROOF_TLS=1), under a certificate by your own authority "
        "(docs/tls.md). While it runs, the variables by which Python, OpenSSL and Node trust that are set.",
    )
    parser.addini("flowproof_server", "As --flowproof-server.")
    parser.addini("flowproof_base_url", "As --flowproof-base-url, one a line.", type="linelist", default=[])
    parser.addini("flowproof_providers", "As --flowproof-providers.")
    parser.addini("flowproof_coverage", "As --flowproof-coverage.")
    parser.addini("flowproof_transport", "As --flowproof-transport.")
    parser.addini("flowproof_tls", "As --flowproof-tls.", type="bool", default=False)
    parser.addini("flowproof_target", "As --flowproof-target.")
    parser.addini("flowproof_events", "As --flowproof-events.")
    parser.addini("flowproof_requirement", "As --flowproof-requirement, one a line.", type="linelist", default=[])


def read_options(config: pytest.Config) -> Options:
    """
    What was asked for, from the first place that says something.

    Raises:
        pytest.UsageError: A value cannot be read.
    """
    urls = _listed(config, "flowproof_base_url")
    target, events = _chosen(config, "flowproof_target"), _chosen(config, "flowproof_events")
    if target and urls:
        raise pytest.UsageError("--flowproof-target and --flowproof-base-url say both what to run against: choose one")
    providers = _chosen(config, "flowproof_providers") or ""
    coverage = _chosen(config, "flowproof_coverage")
    return Options(
        server=_chosen(config, "flowproof_server"),
        base_urls=MappingProxyType(dict(map(_base_url, urls))),
        providers=tuple(providers.replace(",", " ").split()),
        token=os.environ.get("FLOWPROOF_TOKEN") or None,
        coverage=Path(coverage) if coverage else None,
        transport=_transport(_chosen(config, "flowproof_transport") or TRANSPORTS[0]),
        target=target,
        events=Path(events) if events else None,
        requirements=tuple(_listed(config, "flowproof_requirement")),
        tls=_is_chosen(config, "flowproof_tls"),
    )


def _chosen(config: pytest.Config, name: str) -> str | None:
    return config.getoption(name) or os.environ.get(name.upper()) or config.getini(name) or None


def _is_chosen(config: pytest.Config, name: str) -> bool:
    text = os.environ.get(name.upper(), "").strip().lower()
    if text not in SWITCHES:
        raise pytest.UsageError(f"{name.upper()} is {text!r}: write 1 or 0")
    if config.getoption(name) is not None:
        return bool(config.getoption(name))
    return bool(config.getini(name)) if SWITCHES[text] is None else bool(SWITCHES[text])


def _listed(config: pytest.Config, name: str) -> list[str]:
    return config.getoption(name) or os.environ.get(name.upper(), "").split() or config.getini(name)


def _transport(text: str) -> Transport:
    for each in TRANSPORTS:
        if text == each:
            return each
    raise pytest.UsageError(f"--flowproof-transport {text!r}: choose {' or '.join(TRANSPORTS)}")


def _base_url(text: str) -> tuple[str, str]:
    provider, _, url = text.partition("=")
    if not provider.isidentifier() or not url.lower().startswith(("http://", "https://")):
        raise pytest.UsageError(f"--flowproof-base-url {text!r}: write PROVIDER=URL, such as acme=https://example.test")
    return provider, url
