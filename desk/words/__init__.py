"""Everything that a person reads, in English and in Welsh, from one gettext catalogue (``cy.po``).

The English sentence is the message id, so English needs no catalogue; docs/WORDS.md says how a sentence is added and
how a translator checks one. Nothing here is loaded before it is needed: a command in English never loads babel.
"""

from desk.words.language import LANGUAGES, best
from desk.words.spoken import _, in_language, many, reason, spoken
from desk.words.words import Words, mark, words_in

__all__ = ["LANGUAGES", "Words", "_", "best", "in_language", "many", "mark", "reason", "spoken", "words_in"]
