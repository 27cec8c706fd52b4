"""Policies and estates on the command line: checking a file, bringing it into force, showing what holds."""
