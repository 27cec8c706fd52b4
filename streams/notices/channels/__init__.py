"""The channels by which a letter reaches a role: one file for each, and one row in the table of ``channel``."""
