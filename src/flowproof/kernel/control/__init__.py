"""The control API: creates and changes workspaces, outside every provider's paths."""
