"""What no module may do, such as ask for time or chance, print, or name a provider, read from the syntax trees."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests import tree
from tests.imports import Module, aliases, dotted
from tests.rules import Rule, below, is_below, judge, module_name

PROVIDERS = tuple(tree.every_slug())
PROVIDER_ROOMS = {"clients", "mocks", "suites"}
WALL_CLOCK = (
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.process_time",
    "time.localtime",
    "time.sleep",
)
CHANCE = ("os.urandom", "os.getrandom", "random", "secrets", "uuid.uuid1", "uuid.uuid4")
SEEDED = ("random.Random", "secrets.compare_digest")
MUTABLE = (
    "dict",
    "list",
    "set",
    "bytearray",
    "collections.ChainMap",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.deque",
    "itertools.count",
    "itertools.cycle",
    "random.Random",
    "threading.local",
    "types.SimpleNamespace",
    "weakref.WeakKeyDictionary",
    "weakref.WeakValueDictionary",
)


def provider_offences(module: Module) -> Iterator[str]:
    """Names of providers outside their own rooms: as identifiers, in dotted names, as text."""
    place, *inner = module.name.split(".")[1:] or [""]
    if place in PROVIDER_ROOMS and inner[:1] and inner[0] in PROVIDERS:
        return
    for line, word in words(module):
        if named := providers_in(word):
            yield f"{module.name}:{line} names {', '.join(named)}"


def providers_in(text: str) -> list[str]:
    """The providers that a text names, in whatever spelling."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower())
    return [slug for slug in PROVIDERS if f"_{slug}_" in f"_{plain}_"]


def words(module: Module) -> Iterator[tuple[int, str]]:
    """Every identifier and every text of a module, docstrings too, with its line."""
    for node in module.nodes:
        for field in ("id", "attr", "name", "arg", "module", "asname"):
            if isinstance(text := getattr(node, field, None), str):
                yield getattr(node, "lineno", 1), text
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            yield node.lineno, node.value if isinstance(node.value, str) else node.value.decode("latin-1")


def chance_offences(module: Module) -> Iterator[str]:
    """Questions to the operating system for time or chance."""
    if module.name == "flowproof.kernel.time.clock":
        return
    names = aliases(module)
    seeded = {id(node.func) for node in module.nodes if isinstance(node, ast.Call) and node.args}
    for node in module.nodes:
        name = dotted(node, names)
        if name is None or not isinstance(getattr(node, "ctx", None), ast.Load) or name in {"random", "secrets"}:
            continue
        if name == "random.Random" and id(node) not in seeded and _is_called(node, module):
            yield f"{module.name}:{node.lineno} makes a random.Random without a seed"  # type: ignore[attr-defined] # an expression has a line
        elif is_below(name, *WALL_CLOCK, *CHANCE) and not is_below(name, *SEEDED):
            yield f"{module.name}:{node.lineno} asks {name}"  # type: ignore[attr-defined] # an expression has a line


def _is_called(node: ast.AST, module: Module) -> bool:
    return any(isinstance(each, ast.Call) and each.func is node for each in module.nodes)


def state_offences(module: Module) -> Iterator[str]:
    """Mutable values at a module's top, and functions that rebind its names."""
    names = aliases(module)
    for node in module.nodes:
        if isinstance(node, ast.Global):
            yield f"{module.name}:{node.lineno} rebinds {', '.join(node.names)}"
    for node in top_level(module.tree.body):
        target = _assigned(node)
        if target and not target.startswith("__") and _is_mutable(getattr(node, "value", None), names):
            yield f"{module.name}:{node.lineno} keeps a mutable {target}"


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported, also inside if, try and with."""
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
                yield from top_level(getattr(node, field, []))


def _assigned(node: ast.stmt) -> str | None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return next((each.id for each in targets if isinstance(each, ast.Name)), None)


def _is_mutable(value: ast.expr | None, names: dict[str, str]) -> bool:
    literals = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
    return isinstance(value, literals) or (isinstance(value, ast.Call) and dotted(value.func, names) in MUTABLE)


def print_offences(module: Module) -> Iterator[str]:
    """Output that a library must leave to its caller."""
    names = aliases(module)
    for node in module.nodes:
        if isinstance(node, ast.Call) and dotted(node.func, names) in {"print", "sys.stdout.write", "sys.stderr.write"}:
            yield f"{module.name}:{node.lineno} prints"


def test_nothing_names_a_provider_outside_its_rooms() -> None:
    """The package names a provider in its own rooms only, neither in an identifier nor in a text nor in other files."""
    others = [path for path in tree.files("src") if path.suffix != ".py" and path.is_file() and not path.is_symlink()]
    texts = {tree.name(path): providers_in(path.read_text(encoding="utf-8")) for path in others}

    assert judge(provider_offences, below("flowproof")) == []
    assert {name: named for name, named in texts.items() if named} == {}


def test_time_and_chance_come_from_the_workspace() -> None:
    """Nothing in mocks or kernel, except the clock itself, asks the operating system for time or chance."""
    assert judge(chance_offences, below("flowproof.kernel", "flowproof.mocks")) == []


def test_mocks_keep_no_state_in_modules() -> None:
    """No mock keeps a mutable value at the top of a module, where two workspaces would share it."""
    assert judge(state_offences, below("flowproof.mocks")) == []


def test_only_the_command_line_prints() -> None:
    """Nothing but the command line writes to the terminal."""
    library = [path for path in below("flowproof") if not is_below(module_name(path), "flowproof.cli")]

    assert judge(print_offences, library) == []


def test_contracts_and_fixtures_hold_no_python() -> None:
    """Contracts and fixtures are data: any language can read them."""
    assert tree.modules("contracts", "fixtures") == []


OTHER_OFFENCES: dict[str, tuple[Rule, str]] = {
    "provider as a name": (provider_offences, "oneflow = 1"),
    "provider inside a name": (provider_offences, "def route_oneflow(): ..."),
    "provider as a text": (provider_offences, "path = '/oneflow/api'"),
    "provider in a header": (provider_offences, "header = b'x-oneflow-date'"),
    "provider spelled with a hyphen": (provider_offences, "name = 'Dots-Eco'"),
    "provider in a docstring": (provider_offences, '"""As OneFlow does."""'),
    "provider as an argument": (provider_offences, "def serve(oneflow): ..."),
    "provider as an attribute": (provider_offences, "self.oneflow()"),
    "datetime.now": (chance_offences, "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    "renamed datetime": (chance_offences, "from datetime import datetime as dt\ndt.utcnow()"),
    "datetime by its module": (chance_offences, "import datetime\ndatetime.datetime.today()"),
    "date.today": (chance_offences, "from datetime import date\ndate.today()"),
    "time.time": (chance_offences, "import time as t\nt.time()"),
    "time handed on": (chance_offences, "import time\nfield(default_factory=time.time)"),
    "monotonic": (chance_offences, "from time import monotonic\nmonotonic()"),
    "sleep": (chance_offences, "import time\ntime.sleep(1)"),
    "random.choice": (chance_offences, "import random\nrandom.choice([1])"),
    "imported randint": (chance_offences, "from random import randint\nrandint(1, 2)"),
    "unseeded Random": (chance_offences, "from random import Random\nRandom()"),
    "uuid4": (chance_offences, "from uuid import uuid4\nuuid4()"),
    "secrets": (chance_offences, "import secrets\nsecrets.token_hex()"),
    "urandom": (chance_offences, "import os\nos.urandom(8)"),
    "a dict": (state_offences, "orders = {}"),
    "a typed list": (state_offences, "orders: list[str] = []"),
    "a constant dict": (state_offences, "STATES = {'a': 1}"),
    "a defaultdict": (state_offences, "from collections import defaultdict as d\norders = d(list)"),
    "a counter": (state_offences, "import itertools\nids = itertools.count()"),
    "a set in a try": (state_offences, "try:\n    seen = set()\nexcept OSError:\n    pass"),
    "a global": (state_offences, "last = None\ndef remember(it):\n    global last\n    last = it"),
    "a print": (print_offences, "print('here')"),
    "a write": (print_offences, "import sys\nsys.stdout.write('here')"),
}
ALLOWED_OTHERWISE: dict[str, tuple[Rule, str]] = {
    "seeded chance": (chance_offences, "import random\nrandom.Random(7)\ndef draw(source: random.Random): ..."),
    "comparing digests": (chance_offences, "import secrets\nsecrets.compare_digest(a, b)"),
    "a workspace's clock": (chance_offences, "from datetime import datetime\nnow: datetime = here.clock.now()"),
    "constants": (state_offences, "STATES = MappingProxyType({'a': 1})\nNAMES = ('a',)\n__all__ = ['provider']"),
    "a provider": (state_offences, "provider = Provider()\nroutes = Blueprint('orders', __name__)"),
    "state in a function": (state_offences, "def collect():\n    found = []\n    return found"),
}


@pytest.mark.parametrize(("rule", "source"), OTHER_OFFENCES.values(), ids=OTHER_OFFENCES)
def test_broken_rule_is_noticed(rule: Rule, source: str) -> None:
    """Code that breaks one of the other rules is noticed."""
    assert list(rule(Module.parse(source, "flowproof.mocks.acme.rules"))) != []


def test_provider_in_its_own_room_is_let_through() -> None:
    """A provider's own rooms may name it."""
    assert list(provider_offences(Module.parse("oneflow = 1", "flowproof.clients.oneflow.client"))) == []


@pytest.mark.parametrize(("rule", "source"), ALLOWED_OTHERWISE.values(), ids=ALLOWED_OTHERWISE)
def test_kept_rule_is_let_through(rule: Rule, source: str) -> None:
    """Code that keeps to the other rules is no offence."""
    assert list(rule(Module.parse(source, "flowproof.mocks.acme.rules"))) == []
