"""Programs of others over TLS and through the proxy, with verification on, trusting the authority in their own ways."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.tls.authority import Authority, open_authority
from flowproof.tls.places import CERTIFICATE, trust_variables
from tests.interop import programs

NODE = "fetch(process.argv[1]).then((answer) => console.log(answer.status), (error) => console.log(error.cause.code))"
NODE_PROXY = """
const [proxy, url] = process.argv.slice(1).map((each) => new URL(each));
const http = require("node:http"), tls = require("node:tls");
const asked = { host: proxy.hostname, port: proxy.port, method: "CONNECT", path: `${url.hostname}:443` };
const connect = http.request(asked);
connect.on("connect", (answer, socket) => {
  const end = (...words) => socket.destroy(console.log(...words));
  if (answer.statusCode !== 200) return end(answer.statusCode);
  const secured = tls.connect({ socket, servername: url.hostname }, () =>
    http.get({ createConnection: () => secured, host: url.hostname, path: url.pathname }, (found) =>
      end(found.statusCode, secured.authorized)
    )
  );
});
connect.end();
"""
ROUTE = "api/order"  # answered with 401 where nobody has signed


@dataclass(frozen=True)
class Place:
    """A server with TLS that is a proxy too."""

    url: str
    proxy: str
    host: str
    authority: Authority

    def environment(self, **more: str) -> Mapping[str, str]:
        """An environment without proxies, in which the usual variables name what trusts the server."""
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**kept, **trust_variables(self.authority.folder), **more}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A mock of OneFlow over TLS, and as a proxy to its hosts."""
    now = datetime.now(UTC)
    authority = open_authority(tmp_path_factory.mktemp("authority"), now)
    (provider,) = find_providers(["oneflow"])
    gateway = build_gateway([provider], ServerSettings(entropy=1))
    names = {"localhost", "127.0.0.1", *gateway.mock.hosts}
    tls = authority.server_context(names, now)
    with (
        Server(gateway, tls=tls) as secured,
        Server(build_gateway([provider], ServerSettings(entropy=1)), proxy_tls=tls) as proxy,
    ):
        yield Place(f"{secured.url}/oneflow/{ROUTE}", proxy.url, provider.hosts[0], authority)


def curl(place: Place, *arguments: str) -> str:
    """The status that curl gets; 000 where it gets no answer."""
    programs.require("curl", always_in_ci=True)
    command = ["curl", "--silent", "--output", os.devnull, "--write-out", "%{http_code} %{http_connect}", *arguments]
    return programs.run(command, environment=place.environment())


def test_curl_over_tls(place: Place) -> None:
    """curl takes the authority by an option and by the variable, and refuses the server without either."""
    by_option = curl(place, "--cacert", str(place.authority.folder / CERTIFICATE), place.url)
    by_variable = curl(place, place.url)
    without = programs.run(
        ["sh", "-c", 'curl --silent "$0" || echo "$?"', place.url], environment={"PATH": os.environ["PATH"]}
    )

    assert (by_option, by_variable, without) == ("401 000", "401 000", "60\n")


def test_curl_through_the_proxy(place: Place) -> None:
    """A client with a hard-coded host reaches the mock through the proxy, over TLS and without; by --resolve, too."""
    through = ("--proxy", place.proxy)
    port = place.url.split(":")[2].partition("/")[0]

    assert curl(place, *through, f"https://{place.host}/{ROUTE}") == "401 200"
    assert curl(place, *through, f"http://{place.host}/{ROUTE}") == "401 000"
    assert (
        curl(place, "--resolve", f"{place.host}:{port}:127.0.0.1", f"https://{place.host}:{port}/{ROUTE}") == "401 000"
    )


def test_requests_by_its_usual_variables(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`requests` needs the variables alone: for TLS, and for the proxy."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in trust_variables(place.authority.folder).items():
        monkeypatch.setenv(name, value)
    over_tls = requests.get(place.url, timeout=60)
    monkeypatch.setenv("HTTPS_PROXY", place.proxy)
    monkeypatch.setenv("HTTP_PROXY", place.proxy)
    proxied = [requests.get(f"{scheme}://{place.host}/{ROUTE}", timeout=60) for scheme in ("https", "http")]
    refused = requests.get("http://example.test/", timeout=60)

    assert [over_tls.status_code, *(each.status_code for each in proxied)] == [401, 401, 401]
    assert refused.status_code == 403
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        requests.get("https://example.test/", timeout=60)


def test_node_by_its_usual_variable(place: Place) -> None:
    """Node's fetch trusts the authority by the variable, and not without it; so does a tunnel through the proxy."""
    programs.require("node", always_in_ci=True)
    trusted = programs.run(["node", "-e", NODE, place.url], environment=place.environment())
    stranger = programs.run(["node", "-e", NODE, place.url], environment=place.environment(NODE_EXTRA_CA_CERTS=""))
    through = [
        programs.run(["node", "-e", NODE_PROXY, place.proxy, url], environment=place.environment())
        for url in (f"https://{place.host}/{ROUTE}", "https://example.test/")
    ]

    assert (trusted, stranger) == ("401\n", "UNABLE_TO_VERIFY_LEAF_SIGNATURE\n")
    assert through == ["401 true\n", "403\n"]
