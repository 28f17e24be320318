"""
What a provider's client can meet, below the root of all errors. Knows no provider.

    FlowproofError
    └── ClientError            status, method, path, message, code
        ├── Unreachable        no whole answer: connection problem, timeout, truncated body
        ├── UnexpectedAnswer   an answer that cannot be read: not JSON, a missing field; + where
        ├── Unauthorized       401: who are you?
        ├── Forbidden          403: you may not
        ├── NotFound           404: no such thing
        ├── Refused            any other 4XX: the request itself is at fault
        │   └── ValidationFailed   + validations, each with path and message
        ├── TryLater           the same request may pass later; + retry_after_s
        │   ├── RateLimited    429
        │   └── ServerFailed   5XX
        └── NotInTime          what was waited for did not come; + waited_s

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
    "failure",
]


@dataclass(eq=False)
class ClientError(FlowproofError):
    """
    The root of what a client can meet.

    Args:
        method: HTTP method of the request.
        path: Path of the request as it was signed, percent-encoded, without the query.
        status: Status code of the answer; None where no answer came.
        message: The provider's own message, or a sentence of ours where it gave none.
        code: The provider's own error code, where it gives one.
    """

    method: str
    path: str
    status: int | None
    message: str
    code: int | str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} answered {self.status}: {self.message}"

    def __reduce__(self) -> tuple[Callable[..., "ClientError"], tuple[object, ...]]:
        """Rebuild from the fields, so that an error passes whole from one process to another."""
        return type(self), tuple(getattr(self, field.name) for field in fields(self))


@dataclass(eq=False)
class Unreachable(ClientError):
    """
    No whole answer came: no connection, a timeout, a reset, a truncated body. The cause is in `__cause__`.

    The provider may have processed the request all the same: ask before sending it again.
    """

    def __str__(self) -> str:
        return f"{self.method} {self.path} got no whole answer: {self.message}"


@dataclass(eq=False)
class UnexpectedAnswer(ClientError):
    """
    An answer came, but it is not what the provider's documents promise.

    Args:
        where: JSON pointer of the place in the body; empty for the body as a whole.
    """

    where: str = ""

    def __str__(self) -> str:
        place = self.where or "the answer"
        return f"{self.method} {self.path} answered {self.status}, but {place} {self.message}"


@dataclass(eq=False)
class Unauthorized(ClientError):
    """401: the credentials are missing, unknown or wrongly used."""


@dataclass(eq=False)
class Forbidden(ClientError):
    """403: the credentials are known, but do not allow this."""


@dataclass(eq=False)
class NotFound(ClientError):
    """404: there is no such thing, or not yet."""


@dataclass(eq=False)
class Refused(ClientError):
    """Any other 4XX: the request itself is at fault, and sent again would be refused again."""


@dataclass(frozen=True, slots=True)
class Validation:
    """
    One fault that the provider found in a request's body.

    Args:
        path: Place of the fault in the provider's own notation; empty where it names none.
        message: What the provider says of it.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(eq=False)
class ValidationFailed(Refused):
    """
    The provider read the body and found faults in it.

    Args:
        validations: Each fault, in the provider's order.
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
    What was waited for did not come in the time given.

    Args:
        waited_s: Seconds waited.
    """

    waited_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.message} after {self.waited_s:g} s"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    What a provider's error body says, in words that all providers share.

    Args:
        message: The provider's message.
        code: The provider's own error code.
        invalid: Whether the provider says that the request's body has faults.
        validations: Those faults.
    """

    message: str
    code: int | str | None = None
    invalid: bool = False
    validations: tuple[Validation, ...] = ()


_BY_STATUS: dict[int, type[ClientError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound}


def failure(method: str, path: str, status: int, problem: Problem, *, retry_after_s: float | None) -> ClientError:
    """The error for a status of 400 to 599: the one place where a status becomes a class."""
    what = (method, path, status, problem.message, problem.code)
    if named := _BY_STATUS.get(status):
        return named(*what)
    if status == 429:
        return RateLimited(*what, retry_after_s)
    if status >= 500:
        return ServerFailed(*what, retry_after_s)
    return ValidationFailed(*what, problem.validations) if problem.invalid else Refused(*what)
