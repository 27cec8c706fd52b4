"""Months of invented life, an independent reckoning of them, and the comparison of the two."""
