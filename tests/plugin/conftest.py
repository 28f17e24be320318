"""
`pytester` forgets the modules that a session inside the session has loaded. PyYAML cannot be loaded a second time: its
C part goes on speaking of the classes of the first. So it is here before any such session begins.
"""

import yaml

__all__ = ["yaml"]
