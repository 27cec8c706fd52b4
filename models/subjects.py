"""Whether a subject belongs to the premises or source that an event names, and whether it names a real night."""

from datetime import date

from models.ids import SOURCE_PREFIX
from models.instant import FIRST_YEAR, LAST_YEAR
from models.refusal import Reason, contradiction, quote


def refuse_impossible_night(subject: str) -> None:
    """Refuse a night of a day that does not exist or lies outside the years that the calendars know."""
    try:
        year = date.fromisoformat(subject.partition("/")[2]).year
    except ValueError:
        year = 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        said = f"the night {quote(subject)} is of a day that does not exist, or not of the years 1990 to 2099"
        raise contradiction(Reason.MALFORMED_SUBJECT, "subject", said)


def refuse_foreign_subject(subject: str, unit: str) -> None:
    """Refuse a subject that is not of the unit: a night of other premises, another source, or an order of a source."""
    if "/" in subject and not subject.startswith(SOURCE_PREFIX):
        if subject.partition("/")[0] != unit:
            said = f"the night {quote(subject)} belongs to other premises than data.premises"
            raise contradiction(Reason.SUBJECT_NOT_PREMISES, "subject", said)
        refuse_impossible_night(subject)
    elif subject != unit and (subject.startswith(SOURCE_PREFIX) or unit.startswith(SOURCE_PREFIX)):
        said = f"the subject {quote(subject)} and data.premises are not of one source"
        raise contradiction(Reason.SUBJECT_NOT_PREMISES, "subject", said)
