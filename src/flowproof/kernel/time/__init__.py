"""Time as a value: clocks, and the tasks that become due on them."""
