"""The control API: what makes and steers workspaces, outside every provider's paths."""
