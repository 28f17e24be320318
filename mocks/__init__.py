"""The mocks: one folder a provider, all with the same rooms, none importing another."""
