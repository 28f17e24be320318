"""Whether an account holds what a suite needs: platforms, keys, carriers, a balance."""

from collections.abc import Callable, Iterable

from flowproof.clients.errors import ClientError

from .check import Check, not_checked, ok, wrong

__all__ = ["check_holdings"]

NAME = "account"
FIX = "Ask the provider to set that up; the tests that need it would skip. docs/sandbox.md lists what each suite needs."


def check_holdings(missing: Callable[[], Iterable[str]], *, name: str = NAME) -> Check:
    """
    Read what the account lacks.

    Args:
        missing: Gives each thing that is missing, as the end of "the account has no …"; raises what the client raises.
        name: Of the check.
    """
    try:
        found = list(missing())
    except ClientError as error:
        return not_checked(name, f"the target does not say: {error.message}")
    if found:
        return wrong(name, f"the account has no {'; no '.join(found)}", FIX)
    return ok(name, "it holds what most tests need")
