"""What goes wrong on purpose: effects, and plans that say where and how often."""
