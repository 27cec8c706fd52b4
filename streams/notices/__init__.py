"""Notices: an escalation reaches its role by the channels of its route, and what became of each attempt is known."""
