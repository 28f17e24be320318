"""Writes a client: a method for each operation, and the credentials where the security schemes ask for them."""

import json
import keyword
import re
from collections.abc import Iterator, Mapping

from flowproof.conformance import Contract
from flowproof.conformance.operations import Operation
from flowproof.openapi.requirements import snake_case
from flowproof.openapi.security import Scheme

__all__ = ["client_module"]

BEARER = '    headers["Authorization"] = f"Bearer {token}"\n'
METHOD = '''
    def {method}(self{values}, *, json: Any = None, **query: Any) -> requests.Response:
        """{says}"""
        return self.send("{verb}", {path}, json=json, query=query)
'''
OWN = frozenset({"close", "send", "base_url", "token", "secret", "session", "self", "json", "query"})


def client_module(template: str, title: str, contract: Contract, schemes: Mapping[str, Scheme]) -> str:
    """
    The source of a client.

    Args:
        template: A client without methods, whose credentials are a bearer token.
        title: Of the provider.
        contract: Whose operations become methods.
        schemes: By name.
    """
    named = " ".join(title.split()).replace('"', "'").replace("\\", "/")
    head = re.sub(r"A client of \w+, ", lambda _: f"A client of {named}, ", template, count=1)
    head = head.replace(BEARER, "".join(f"    {line}\n" for line in _credentials(schemes)))
    if "base64" in head:
        head = head.replace("from collections.abc", "import base64\nfrom collections.abc", 1)
    taken: set[str] = set(OWN)
    return head + "".join(_method(each, taken) for each in contract.operations.all)


def _credentials(schemes: Mapping[str, Scheme]) -> Iterator[str]:
    kinds = {each.kind for each in schemes.values()}
    if "bearer" in kinds:
        yield BEARER.strip()
    elif "basic" in kinds:
        yield 'encoded = base64.b64encode(f"{token}:{secret}".encode()).decode()'
        yield 'headers["Authorization"] = f"Basic {encoded}"'
    for each in schemes.values():
        match each.kind:
            case "header":
                yield f"headers[{json.dumps(each.parameter)}] = token"
            case "query":
                yield f"query[{json.dumps(each.parameter)}] = token"
            case "cookie":
                yield f'headers["Cookie"] = f"{each.parameter}={{token}}"'


def _method(operation: Operation, taken: set[str]) -> str:
    name = _identifier(operation.id, taken)
    names: set[str] = set(OWN)
    parameters = {each: _identifier(each, names) for each in operation.names}
    path = json.dumps(operation.path, ensure_ascii=False)
    for given, own in parameters.items():
        path = path.replace(f"{{{given}}}", f'{{quote({own}, safe="")}}')
    says = f"`{operation.method} {operation.path}`."
    values = "".join(f", {each}: str" for each in parameters.values())
    quoted = f"f'{path[1:-1]}'" if parameters else path
    return METHOD.format(method=name, values=values, says=says, verb=operation.method, path=quoted)


def _identifier(name: str, taken: set[str]) -> str:
    """A name that Python takes, and that nobody else has."""
    made = re.sub(r"\W", "_", snake_case(name).replace(".", "_"), flags=re.ASCII)
    made = f"n{made}" if not made or made[0].isdigit() else made
    made = f"{made}_" if keyword.iskeyword(made) or made in OWN else made
    number, free = 1, made
    while free in taken:
        number += 1
        free = f"{made}_{number}"
    taken.add(free)
    return free
