"""What certifies a OneFlow target: run it with pytest --pyargs flowproof.suites.oneflow."""
