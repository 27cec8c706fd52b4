"""As whom somebody may speak, by what the sign-in service says of them: exactly that, or a sentence why nobody."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from desk.pages.voices import Voice
from desk.words import _
from workorders.policy import Estate

AT_MOST: Final = 50
"""Between how many voices somebody can choose."""
_SHOWN: Final = 80


class NoVoice(Exception):  # noqa: N818 - what happened, in words
    """The claims name nobody as whom this person may speak; the text is the sentence that they read."""


def voices_in(
    claims: Mapping[str, Any], claim: str, mark: str, by_value: Mapping[str, str] | None,
    estate: Estate, offered: Sequence[Voice],
) -> list[Voice]:  # fmt: skip
    """The voices that the claim names, each once; raises ``NoVoice`` unless every one that is meant for us is known.

    ``offered`` are those that the estate has now. Voices of two sides of the contract contradict each other.
    """
    ours = [value.removeprefix(mark) for value in _values(claims, claim) if value.startswith(mark)]
    if not ours:
        raise NoVoice(_(
            "The sign-in service says who you are, but gives you no role at this desk: no value of its claim {claim} "
            "begins with {mark}. Ask whoever looks after it for a role.",
            claim=claim, mark=mark or "…",
        ))  # fmt: skip
    if len(ours) > AT_MOST:
        raise NoVoice(_("The sign-in service gives you more than {most} roles at this desk.", most=AT_MOST))
    known = {one.id: one for one in offered}
    found = [known.get(value if by_value is None else by_value.get(value, "")) for value in dict.fromkeys(ours)]
    unknown = [value for value, voice in zip(dict.fromkeys(ours), found, strict=True) if voice is None]
    if unknown:
        raise NoVoice(_(
            "The sign-in service gives you a role that this desk does not know: {role}. Ask whoever looks after it to "
            "mend that; until then you are not signed in, also not in another role.",
            role=unknown[0][:_SHOWN],
        ))  # fmt: skip
    voices = list(dict.fromkeys(voice for voice in found if voice is not None))
    sides = {estate.party_of(one.role) for one in voices}
    if len(sides) > 1:
        raise NoVoice(_(
            "The sign-in service gives you roles on two sides of the contract: {roles}. Nobody can speak for both; ask "
            "whoever looks after it to mend that.",
            roles=", ".join(one.id for one in voices[:AT_MOST]),
        ))  # fmt: skip
    return voices


def _values(claims: Mapping[str, Any], claim: str) -> list[str]:
    value = claims.get(claim)
    if value is None:
        raise NoVoice(_(
            "The sign-in service says who you are, but not your role: its claim {claim} is missing. Ask whoever looks "
            "after it to send that claim.",
            claim=claim,
        ))  # fmt: skip
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) and one.isprintable() for one in found):
        raise NoVoice(_(
            "What the sign-in service says of your role cannot be read: its claim {claim} must be a text or a list of "
            "texts. Ask whoever looks after it to mend that.",
            claim=claim,
        ))  # fmt: skip
    return found
