"""The Integrations mock against software that is not ours."""
