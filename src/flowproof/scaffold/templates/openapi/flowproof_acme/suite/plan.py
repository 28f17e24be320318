"""The tests that the contract gives."""

from importlib.resources import files

from flowproof.openapi_suite import load_plan

__all__ = ["PLAN"]

PLAN = load_plan("acme", files("flowproof_acme").joinpath("contract"))
