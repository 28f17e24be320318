"""The state of every workspace: the store, its transactions, the exchanges."""
