"""Patience: how long to wait for what a quiet machine does in so many seconds."""

import os


def patience(seconds: float) -> float:
    """The seconds, and in proportion more where more processes want the machine than it has processors."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
