"""What Hypothesis draws for Otter: scopes, states, limits, verifiers, identifiers of the partner's own."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .setup import CLIENT_SCOPES, USER_SCOPES

__all__ = ["limits", "partner_store_ids", "scope_texts", "states", "store_changes", "verifiers"]

UNRESERVED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
NO_SCOPES = ("*", "organization", "organization.*", "organization.read.all", "ORGANIZATION.READ")


def states() -> SearchStrategy[str]:
    """Any text that an application may use as `state`."""
    return st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


def scope_texts() -> SearchStrategy[str]:
    """Scopes of both flows, of one, none, repeated, and words that are no scopes."""
    mixed = st.lists(st.sampled_from(sorted(USER_SCOPES | CLIENT_SCOPES)), max_size=4)
    of_users = st.lists(st.sampled_from(sorted(USER_SCOPES)), max_size=3)
    return (mixed | of_users).map(" ".join) | st.sampled_from(NO_SCOPES)


def limits() -> SearchStrategy[list[int]]:
    """Page limits, used in turn."""
    return st.lists(st.integers(1, 7), min_size=1, max_size=5)


def store_changes() -> SearchStrategy[list[list[tuple[str, int]]]]:
    """Changes between two pages: a store opens, one closes, one of the new ones closes."""
    change = st.tuples(st.sampled_from(["open", "close", "close new"]), st.integers(0, 30))
    return st.lists(st.lists(change, max_size=4), min_size=1, max_size=6)


def verifiers() -> SearchStrategy[str]:
    """Code verifiers of the right form."""
    return st.text(UNRESERVED, min_size=43, max_size=128)


def partner_store_ids() -> SearchStrategy[str]:
    """The partner's own ids of stores, often equal."""
    return st.text("abc-42", min_size=1, max_size=6)
