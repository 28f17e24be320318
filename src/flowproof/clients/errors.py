"""
The errors that a provider's client raises. Knows no provider.

    FlowproofError
    └── ClientError            status, method, path, message, code
        ├── Unreachable        no whole response: connection problem, timeout, truncated body
        ├── UnexpectedAnswer   a response that cannot be read: not JSON, a missing field; + where
        ├── Unauthorized       401
        ├── Forbidden          403
        ├── NotFound           404
        ├── Refused            any other 4XX: the request itself is wrong
        │   └── ValidationFailed   + validations, each with path and message
        ├── TryLater           the same request may pass later; + retry_after_s
        │   ├── RateLimited    429
        │   └── ServerFailed   5XX
        └── NotInTime          a wait ended without what was waited for; + waited_s

No error holds a secret or a signature.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

from flowproof.errors import FlowproofError

__all__ = [
    "ClientError",
    "Forbidden",
    "NotFound",
    "NotInTime",
    "Problem",
    "RateLimited",
    "Refused",
    "ServerFailed",
    "TryLater",
    "Unauthorized",
    "UnexpectedAnswer",
    "Unreachable",
    "Validation",
    "ValidationFailed",
    "error_for_status",
]


@dataclass(eq=False)
class ClientError(FlowproofError):
    """
    The base class of the errors that a client raises.

    Args:
        method: HTTP method of the request.
        path: Path of the request as it was signed, percent-encoded, without the query.
        status: Status code of the response; None where there was none.
        message: The provider's message, or a sentence of ours where it has none.
        code: The provider's error code, if there is one.
    """

    method: str
    path: str
    status: int | None
    message: str
    code: int | str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} answered {self.status}: {self.message}"

    def __reduce__(self) -> tuple[Callable[..., "ClientError"], tuple[object, ...]]:
        """Rebuild from the fields, so that an error can be pickled."""
        return type(self), tuple(getattr(self, field.name) for field in fields(self))


@dataclass(eq=False)
class Unreachable(ClientError):
    """
    No whole response: no connection, a timeout, a reset, a truncated body. The cause is in `__cause__`.

    The provider may have processed the request: look before you send it again.
    """

    def __str__(self) -> str:
        return f"{self.method} {self.path} got no whole answer: {self.message}"


@dataclass(eq=False)
class UnexpectedAnswer(ClientError):
    """
    The response is not what the provider's documents say.

    Without `where` nothing of it could be read, so that it is as lost as that of `Unreachable`: the provider may have
    processed the request.

    Args:
        where: JSON pointer of the place in the body; empty for the body as a whole.
    """

    where: str = ""

    def __str__(self) -> str:
        place = self.where or "the answer"
        return f"{self.method} {self.path} answered {self.status}, but {place} {self.message}"


@dataclass(eq=False)
class Unauthorized(ClientError):
    """401: the credentials are missing or wrong."""


@dataclass(eq=False)
class Forbidden(ClientError):
    """403: the credentials do not allow this."""


@dataclass(eq=False)
class NotFound(ClientError):
    """404: the resource does not exist, or not yet."""


@dataclass(eq=False)
class Refused(ClientError):
    """Any other 4XX: the request itself is wrong, and would be refused again."""


@dataclass(frozen=True, slots=True)
class Validation:
    """
    An error that the provider found in a request's body.

    Args:
        path: Place of the error in the provider's notation; empty where it names none.
        message: The provider's message.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(eq=False)
class ValidationFailed(Refused):
    """
    The provider found errors in the request's body.

    Args:
        validations: In the provider's order.
    """

    validations: tuple[Validation, ...] = ()

    def __str__(self) -> str:
        found = "; ".join(map(str, self.validations))
        return f"{Refused.__str__(self)} ({found})" if found else Refused.__str__(self)


@dataclass(eq=False)
class TryLater(ClientError):
    """
    The provider cannot serve the request now; the same request may pass later.

    Args:
        retry_after_s: Seconds that the provider asks to wait; None where it does not say.
    """

    retry_after_s: float | None = None


@dataclass(eq=False)
class RateLimited(TryLater):
    """429: too many requests in too short a time."""


@dataclass(eq=False)
class ServerFailed(TryLater):
    """5XX: the provider failed, or is not ready."""


@dataclass(eq=False)
class NotInTime(ClientError):
    """
    A wait ended without what was waited for.

    Args:
        waited_s: Seconds waited.
    """

    waited_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.message} after {self.waited_s:g} s"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    The content of a provider's error body, in a form that all providers share.

    Args:
        message: The provider's message.
        code: The provider's error code.
        invalid: Whether the provider says that the request's body has errors.
        validations: Those errors.
    """

    message: str
    code: int | str | None = None
    invalid: bool = False
    validations: tuple[Validation, ...] = ()


_BY_STATUS: dict[int, type[ClientError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound}


def error_for_status(
    method: str, path: str, status: int, problem: Problem, *, retry_after_s: float | None
) -> ClientError:
    """The error for a status of 400 to 599. Only here a status becomes a class."""
    what = (method, path, status, problem.message, problem.code)
    if named := _BY_STATUS.get(status):
        return named(*what)
    if status == 429:
        return RateLimited(*what, retry_after_s)
    if status >= 500:
        return ServerFailed(*what, retry_after_s)
    return ValidationFailed(*what, problem.validations) if problem.invalid else Refused(*what)
