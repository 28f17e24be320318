"""What certifies a target of the Integrations API: run it with pytest --pyargs flowproof.suites.integrations."""
