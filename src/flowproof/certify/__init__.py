"""
From a run's events to a verdict that someone else can check: report, its views, certificate.

Knows neither pytest nor a server: it reads events, which whatever ran the suite has written.
"""
