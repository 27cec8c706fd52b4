"""Phrases of the notices: what each kind of escalation is called, and what a statement asks of its role."""

from typing import Final

from desk.words import mark as N_  # noqa: N812 - as gettext calls it

WHAT: Final = {
    ("breach", "attend"): N_("Attendance overdue"),
    ("breach", "make-safe"): N_("Making safe overdue"),
    ("breach", "fix"): N_("Repair overdue"),
    ("warning", "attend"): N_("Attendance due soon"),
    ("warning", "make-safe"): N_("Making safe due soon"),
    ("warning", "fix"): N_("Repair due soon"),
    ("contested-breach", "attend"): N_("Attendance overdue, a late report is contested"),
    ("contested-breach", "make-safe"): N_("Making safe overdue, a late report is contested"),
    ("contested-breach", "fix"): N_("Repair overdue, a late report is contested"),
    ("contested-breach", ""): N_("Night not covered, a late report is contested"),
    ("rejected-work", ""): N_("Work rejected as not to standard"),
    ("dispute", ""): N_("Priority disputed"),
    ("orphan", ""): N_("Events about an order that nobody raised"),
    ("uncovered-night", ""): N_("Night not covered"),
    ("unconfirmed-night", ""): N_("Night not confirmed"),
    ("silent-source", ""): N_("A source has fallen silent"),
}
"""By kind and clock, what has happened: it is the subject of every notice of the ladder, so that they stay together."""

ASKS: Final = {
    "raised": N_("It is your turn to act."),
    "reinstated": N_("This stands again, and it is your turn to act."),
    "amended": N_("The priority has risen, and it is your turn to act."),
    "closed": N_("This is over. Nothing more is asked of you."),
    "withdrawn": N_("This was said in error, by what is known now. Nothing is asked of you."),
    "rehearsal": N_("This is a rehearsal: nothing has happened. Acknowledge it to show that notices reach you."),
}
"""By what is told, what it asks of the role."""

LABELS: Final = {
    "not-confirmed": N_("Nobody has said anything about this night."),
    "contested": N_("A report that was heard late says otherwise."),
}
"""By label, what is special about it."""

OUTCOMES: Final = (
    N_("waiting"),
    N_("in-digest"),
    N_("accepted"),
    N_("failed"),
    N_("unknown"),
    N_("overtaken"),
    N_("withdrawn"),
    N_("closed"),
    N_("rehearsal"),
    N_("the next rung is told at once"),
    N_("a later rung is told already"),
    N_("no rung is left"),
    N_("it was answered or over"),
)
"""What became of a notice, as its page says it."""
