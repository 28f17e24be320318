"""
Judges the events of a certification run: report, its views, certificate.

Knows neither pytest nor a server: it reads events.
"""

from .judgement import build_report, exit_code
from .redaction import Redactor, Secret, body_of, secrets_of
from .report import CertificationReport, ReportInputs

__all__ = [
    "CertificationReport",
    "Redactor",
    "ReportInputs",
    "Secret",
    "body_of",
    "build_report",
    "exit_code",
    "secrets_of",
]
