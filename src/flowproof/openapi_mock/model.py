"""What the mock knows of its contract: made once, when the provider is made, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowproof.conformance import Contract
from flowproof.openapi.examples import Answers
from flowproof.openapi.problems import Problems
from flowproof.openapi.resources import Roles, infer_roles
from flowproof.openapi.schema_reader import SchemaReader
from flowproof.openapi.security import Alternatives, Scheme, read_schemes, read_security

__all__ = ["Model", "make_model"]


@dataclass(frozen=True, slots=True)
class Model:
    """
    A contract with what is inferred from it.

    Args:
        contract: Of a regular document.
        reader: Of its schemas.
        roles: What operations do to collections.
        answers: Makes answers.
        problems: Makes errors.
        schemes: Security schemes by name.
        security: What each operation asks for.
    """

    contract: Contract
    reader: SchemaReader
    roles: Roles
    answers: Answers
    problems: Problems
    schemes: Mapping[str, Scheme]
    security: Mapping[str, Alternatives]


def make_model(contract: Contract) -> Model:
    """Infer everything from a contract."""
    reader = SchemaReader(contract.document)
    answers = Answers(contract, reader)
    schemes = read_schemes(contract.document)
    return Model(
        contract=contract,
        reader=reader,
        roles=infer_roles(contract.operations, reader),
        answers=answers,
        problems=Problems(contract, reader, answers),
        schemes=schemes,
        security=read_security(contract.document, schemes),
    )
