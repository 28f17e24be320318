"""What certifies a target: pytest --pyargs bikes.suite."""
