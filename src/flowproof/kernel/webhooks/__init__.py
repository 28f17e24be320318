"""Webhooks: the values, a provider's policy, the outbox of a workspace, the adversary, the trial of a receiver."""
