"""The project's own tests. What certifies a target stands in suites/."""
