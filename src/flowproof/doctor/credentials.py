"""Whether a target accepts a client's credentials: what its answer to a harmless call says, and how to fix it."""

from collections.abc import Callable

from flowproof.clients.errors import ClientError, Forbidden, NotFound, Unauthorized, Unreachable
from flowproof.errors import ConfigurationError

from .check import Check, ok, warning, wrong

__all__ = ["check_call"]


def check_call(name: str, call: Callable[[], object], *, fix: str, unknown: int = 401) -> Check:
    """
    Make a call that changes nothing, and say what its answer means.

    Args:
        name: Of the check, such as ``credentials default``.
        call: Raises what the provider's client raises.
        fix: How to put it right where the target does not know who asks.
        unknown: The status with which the provider says so.
    """
    try:
        call()
    except (Unauthorized, Forbidden) as error:
        if error.status in {401, unknown}:
            return wrong(name, f"not accepted: {error.message} ({error.status})", fix)
        return warning(name, f"accepted, but refused: {error.message} (403)", "Ask the provider for that permission.")
    except NotFound as error:
        return warning(name, f"accepted, but nothing is there: {error.message}", "Compare url and account set-up.")
    except Unreachable as error:
        return wrong(name, f"no answer: {error.message}", "Try again; if it stays so, ask the sandbox's owner.")
    except ClientError as error:
        return wrong(name, f"answered {error.status}: {error.message}", fix)
    except ConfigurationError as error:
        return wrong(name, error.what, error.fix)
    return ok(name, "accepted")
