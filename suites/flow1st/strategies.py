"""Orders, validations, timestamps and signatures of partners, valid and invalid."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from .setup import BUNDLES, CHEAP, OUTCOMES, RECIPIENT, Sold

__all__ = [
    "a_validation",
    "an_order",
    "broken_orders",
    "instants_ns",
    "minor_amounts",
    "recipients",
    "sold",
    "sold_to_users",
    "written",
    "wrong_signatures",
]

SECOND_NS = 10**9


def an_order(reference: str, **changes: Any) -> dict[str, Any]:
    """An order as documented, for the cheapest bundle; None removes a field."""
    order = {
        "externalReference": reference,
        "productBundleSku": CHEAP,
        "quantity": 1,
        "recipientIdentifier": RECIPIENT,
        "email": "player@partner.example",
        **changes,
    }
    return {name: value for name, value in order.items() if value is not None}


def a_validation(bundle: Sold, **changes: str) -> dict[str, str]:
    """Parameters of a user validation that match the catalog."""
    return {
        "recipientIdentifier": RECIPIENT,
        "productBundleSku": bundle.sku,
        "externalReference": "test",
        "countryCode": bundle.countries[0] if bundle.countries else "QA",
        "currencyCode": bundle.currency,
        "amount": f"{bundle.price:f}",
        "quantity": "1",
        **changes,
    }


def sold() -> st.SearchStrategy[Sold]:
    """A bundle of the catalog."""
    return st.sampled_from(BUNDLES)


def sold_to_users() -> st.SearchStrategy[Sold]:
    """A bundle whose product knows the recipient of the documents' examples; vouchers have no users."""
    return st.sampled_from([each for each in BUNDLES if RECIPIENT in each.knows])


def recipients() -> st.SearchStrategy[str]:
    """A recipient of the seed data with an outcome, or an unknown one."""
    return st.sampled_from([*OUTCOMES, "NOBODY"])


def broken_orders() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """A field's name, and a change to an order that makes only this field invalid."""
    absent = st.sampled_from(["externalReference", "productBundleSku", "quantity", "recipientIdentifier", "email"])
    wrong_text = st.one_of(st.integers(), st.booleans(), st.just(""), st.lists(st.text(), max_size=2))
    wrong = {
        "externalReference": wrong_text,
        "productBundleSku": wrong_text,
        "recipientIdentifier": wrong_text,
        "email": st.one_of(wrong_text, st.sampled_from(["a", "@", "a@", "@b", "a b@c", "a@b@c"])),
        "quantity": st.one_of(
            st.integers().filter(lambda number: number != 1), st.booleans(), st.text(max_size=3), st.just(1.5)
        ),
        "webhookUrl": st.one_of(wrong_text, st.sampled_from(["x", "/hook", "ftp://x/y", "https://", "http:/x"])),
    }
    changed = [st.tuples(st.just(name), st.fixed_dictionaries({name: values})) for name, values in wrong.items()]
    return st.one_of(absent.map(lambda name: (name, {name: None})), *changed)


def minor_amounts() -> st.SearchStrategy[int]:
    """An amount in minor units, small and large."""
    return st.one_of(st.integers(1, 10_000), st.integers(1, 10**12))


def instants_ns() -> st.SearchStrategy[int]:
    """A distance from now in nanoseconds, mostly around the edges of the window."""
    edge = 300 * SECOND_NS
    near = st.integers(-3, 3)
    return st.one_of(
        st.integers(-2 * edge, 2 * edge), near.map(lambda by: edge + by), near.map(lambda by: -edge + by), near
    )


def written(at_ns: int, digits: int, zone_minutes: int) -> str:
    """
    A moment as ISO 8601.

    Args:
        at_ns: Nanoseconds since 1970, UTC.
        digits: Of the fraction; at least as many as it needs are written.
        zone_minutes: East of UTC; 0 is written as Z.
    """
    whole, fraction_ns = divmod(at_ns, SECOND_NS)
    fraction = f"{fraction_ns:09d}"
    kept = max(digits, len(fraction.rstrip("0")))
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole, minutes=zone_minutes)
    sign, minutes = ("+" if zone_minutes >= 0 else "-"), abs(zone_minutes)
    zone = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}" if zone_minutes else "Z"
    return f"{local:%Y-%m-%dT%H:%M:%S}{'.' + fraction[:kept] if kept else ''}{zone}"


def wrong_signatures() -> st.SearchStrategy[str]:
    """A text that is not the signature of anything sent."""
    return st.one_of(
        st.text("0123456789abcdef", min_size=64, max_size=64),
        st.text("0123456789ABCDEF", min_size=64, max_size=64),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80),
    )
