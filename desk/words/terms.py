"""Words and sentences that no text of a decision or a page holds in one piece, marked for the catalogue here.

The values of our own codes (a status, a party), the phrases of HTTP, what click says about a command line, and what
the API makes of a sentence by naming the body or a field as its caller does.
"""

from typing import Final

from desk.words.words import mark as N_  # noqa: N812 - as gettext calls it

CODES: Final = (
    N_("provider"),
    N_("client"),
    N_("division"),
    N_("agency"),
    N_("monitor"),
    N_("estates"),
    N_("manager"),
    N_("own"),
    N_("open"),
    N_("completed"),
    N_("closed"),
    N_("cancelled"),
    N_("done"),
    N_("administrative"),
    N_("no-access"),
    N_("duplicate"),
    N_("invalid"),
    N_("withdrawn"),
    N_("parts"),
    N_("approval"),
    N_("agreed-date"),
    N_("unsuitable"),
    N_("not-vetted"),
    N_("confirmed"),
    N_("checked-in"),
    N_("no-check-in"),
    N_("outside-window"),
    N_("refused"),
    N_("not-attended"),
    N_("left-early"),
    N_("missing"),
    N_("stood-down"),
    N_("recorded"),
    N_("rejected"),
    N_("raised"),
    N_("reinstated"),
    N_("amended"),
    N_("acknowledged"),
    N_("attend"),
    N_("make-safe"),
    N_("fix"),
    N_("yes"),
    N_("no"),
    N_("unknown"),
    N_("none"),
    N_("winter"),
    N_("summer"),
    N_("contested"),
    N_("reopened"),
    N_("not-confirmed"),
    N_("orphan"),
    N_("contingency"),
    N_("approved-premises"),
    N_("office"),
    N_("court"),
    N_("shared-site"),
)
"""The values of our codes as a person reads them; the codes themselves stay as they are wherever one is typed."""

FACTS: Final = (
    N_("premises kind"),
    N_("asset"),
    N_("fault"),
    N_("impacts"),
    N_("alternative available"),
    N_("out of hours"),
    N_("season"),
    N_("settled"),
    N_("nothing named"),
    N_("ahead of"),
    N_("behind"),
)
"""The names of the facts that decide a priority."""

FIELDS: Final = (
    N_("contractor reference"),
    N_("promised fix"),
    N_("visit at"),
    N_("until"),
    N_("from"),
    N_("reason"),
    N_("outcome"),
    N_("priority"),
    N_("defect"),
    N_("duplicate of"),
    N_("cover ref"),
    N_("supplier"),
    N_("replaces"),
    N_("required"),
    N_("own staff"),
    N_("commitment"),
    N_("covers subject"),
    N_("escalation"),
    N_("policy version"),
    N_("of source"),
    N_("of"),
    N_("cost"),
)
"""The names of an event's fields as a timeline shows them."""

PHRASES: Final = (
    N_("Bad Request"),
    N_("Unauthorized"),
    N_("Forbidden"),
    N_("Not Found"),
    N_("Method Not Allowed"),
    N_("Not Acceptable"),
    N_("Request Timeout"),
    N_("Conflict"),
    N_("Gone"),
    N_("Length Required"),
    N_("Precondition Failed"),
    N_("Request Entity Too Large"),
    N_("Content Too Large"),
    N_("Unsupported Media Type"),
    N_("Unprocessable Entity"),
    N_("Unprocessable Content"),
    N_("Too Many Requests"),
    N_("Internal Server Error"),
    N_("Service Unavailable"),
)
"""The titles of problems: the phrases of HTTP, of every release of Python."""

OF_THE_API: Final = (
    N_("The body is not UTF-8: byte {byte} begins no character."),
    N_("The body is nested more than {max_depth} deep; no event is."),
    N_("The body is not JSON: it cannot be read on from line {lineno}, column {colno}."),
    N_("The body is not JSON: {constant} is no number of JSON."),
    N_("policy_version is {named}, which names no one version that had come into force."),
)
"""Refusals as the API words them anew: it has a body and fields where the ledger has values."""

OF_PYDANTIC: Final = (
    N_("Field required"),
    N_("Input should be {expected}"),
    N_("Input should be a valid boolean"),
    N_("Input should be a valid boolean, unable to interpret input"),
    N_("Input should be a valid date"),
    N_("Input should be a valid date in the format YYYY-MM-DD, {why}"),
    N_("Input should be a valid date or datetime, {why}"),
    N_("Input should be a valid integer"),
    N_("Input should be a valid integer, unable to parse string as an integer"),
    N_("Input should be a valid number"),
    N_("Input should be a valid number, unable to parse string as a number"),
    N_("Input should be a valid string"),
    N_("Input should be greater than or equal to {least}"),
    N_("Input should be less than or equal to {most}"),
    N_("List should have at most {most} items after validation, not {given}"),
    N_("String should have at least {least} character"),
    N_("String should have at least {least} characters"),
    N_("String should have at most {most} character"),
    N_("String should have at most {most} characters"),
    N_("String should match pattern {pattern}"),
)
"""What pydantic says about a question that is asked wrongly; a problem names the field before it."""

COMMAND_LINE: Final = (
    N_("No such command {name}"),
    N_("No such command {name}. Did you mean {meant}"),
    N_("No such option: {name}"),
    N_("No such option: {name} Did you mean {meant}"),
    N_("No such option: {name} (Possible options: {meant})"),
    N_("Missing argument {name}"),
    N_("Missing option {name}"),
    N_("Missing argument {name}. Choose from:{choices}"),
    N_("Missing option {name}. Choose from:{choices}"),
    N_("Invalid value for {name}: {value} is not a valid integer"),
    N_("Invalid value for {name}: {value} is not a valid float"),
    N_("Invalid value for {name}: {value} is not one of {choices}"),
    N_("Invalid value for {name}: {value} is not in the range {range}"),
    N_("Invalid value for {name}: {why}"),
    N_("Option {name} requires an argument"),
    N_("Got unexpected extra argument ({name})"),
    N_("Got unexpected extra arguments ({names})"),
)
"""What click says about a command line that is wrong, as our commands end it."""
