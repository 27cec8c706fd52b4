"""A second, slow reckoning of docs/RULES.md, minute by minute; it imports nothing of the code that it judges."""
