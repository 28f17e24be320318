"""What certifies a target: pytest --pyargs flowproof_acme.suite."""
