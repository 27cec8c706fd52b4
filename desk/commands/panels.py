"""The headings under which ``workorders --help`` lists the commands."""

from typing import Final

START: Final = "Run it"
SEE: Final = "See"
ORDERS: Final = "Say something about a work order"
ANSWERS: Final = "Say something about a night, or answer an escalation"
RULES: Final = "Rules and upkeep"
