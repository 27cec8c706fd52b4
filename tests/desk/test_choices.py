from typing import get_args

import pytest

from desk import choices
from desk.access.rights import Holder
from models.shift_cover import RefusalReason, Supplier
from models.work_order import CancelReason, CloseOutcome, PauseReason, Priority


@pytest.mark.parametrize(
    ("words", "noun"),
    [
        (choices.PriorityWord, Priority),
        (choices.PauseWord, PauseReason),
        (choices.CloseWord, CloseOutcome),
        (choices.CancelWord, CancelReason),
        (choices.SupplierWord, Supplier),
        (choices.UnfitWord, RefusalReason),
        (choices.HolderWord, Holder),
    ],
)
def test_the_words_that_an_option_offers_are_those_of_its_noun(words: object, noun: type) -> None:
    assert list(get_args(words)) == [str(member) for member in noun]  # type: ignore[attr-defined]
