"""Loads contracts, finds the operation of a request, and checks exchanges."""

from .check import check, check_parameters, check_request_body, check_response, typed_form
from .contract import Contract, load_contract
from .finding import MOST_FINDINGS, Finding
from .operations import Match, Operation
from .requirements import Requirement

__all__ = [
    "MOST_FINDINGS",
    "Contract",
    "Finding",
    "Match",
    "Operation",
    "Requirement",
    "check",
    "check_parameters",
    "check_request_body",
    "check_response",
    "load_contract",
    "typed_form",
]
