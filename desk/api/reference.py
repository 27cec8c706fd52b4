"""References: the id of a receipt, written so that it can be read over the telephone.

Crockford's base 32 leaves out the letters that are taken for others (I, L, O, U) and reads them, in either case, as
what was meant. The last symbol is its check symbol, modulo 37: one wrong symbol, or two neighbours that changed places,
is seen. Of its 37 check symbols five are no letters and no digits; a reference that would end in one is not given out.
"""

import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 12
"""Symbols before the check symbol: 60 random bits, so that none is given twice and none is guessed."""
GROUP: Final = 4
PATTERN: Final = r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]$"
_MODULUS: Final = 37
_MEANT: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


def new_reference() -> str:
    """A fresh reference, in groups with hyphens."""
    while True:
        number = secrets.randbits(5 * LENGTH)
        if number % _MODULUS < len(ALPHABET):
            return _written(number)


def read_reference(said: str) -> str | None:
    """The reference that somebody wrote or heard, as it was given out; None if a symbol of it must be wrong."""
    symbols = said.upper().translate(_MEANT)
    if len(symbols) != LENGTH + 1 or not set(symbols) <= set(ALPHABET):
        return None
    number = 0
    for symbol in symbols[:-1]:
        number = number * 32 + ALPHABET.index(symbol)
    return _written(number) if ALPHABET.index(symbols[-1]) == number % _MODULUS else None


def _written(number: int) -> str:
    symbols = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))
    symbols += ALPHABET[number % _MODULUS]
    return "-".join(symbols[start : start + GROUP] for start in range(0, len(symbols), GROUP))
