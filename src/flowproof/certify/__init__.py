"""
From a run's events to a verdict that someone else can check: report, its views, certificate.

Knows neither pytest nor a server: it reads events, which whatever ran the suite has written.
"""

from .judgement import exit_code, fold
from .redaction import Redactor, Secret, body_of, secrets_of
from .report import Report, ReportInputs

__all__ = ["Redactor", "Report", "ReportInputs", "Secret", "body_of", "exit_code", "fold", "secrets_of"]
