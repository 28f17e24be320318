"""Webhooks: deliveries and their policy, the adversary, the trial of a receiver."""
