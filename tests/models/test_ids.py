"""The ids that we say derive from what they are about, by the recipe that everybody can repeat."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from models.ids import NAMESPACE, escalation_id, output_id, statement_id, subject_name

words = st.text(max_size=30)


@given(words, words, words, words, words, st.integers(0, 10_000))
def test_an_escalations_id_is_the_uuid5_of_its_parts(
    subject: str, kind: str, clock: str, rung: str, spell: str, repeat: int
) -> None:
    recipe = "\x1f".join(("escalation", subject, kind, clock, rung, spell, str(repeat)))
    assert escalation_id(subject, kind, clock, rung, spell, repeat) == uuid5(NAMESPACE, recipe)


def test_the_ids_of_statements_and_outputs_never_change() -> None:
    one = UUID("6f9b6a1e-7a0c-5d0e-9a53-6d1f2c8b40e7")
    assert statement_id(one, 2) == uuid5(one, "2")
    assert output_id("classified", "WO-1", 1) == uuid5(NAMESPACE, "classified\x1fWO-1\x1f1")


def test_orders_of_one_number_at_two_premises_are_two_and_nights_bear_their_premises_already() -> None:
    assert subject_name("ap-one", "WO-1") != subject_name("ap-two", "WO-1")
    assert subject_name("ap-one", "ap-one/2026-01-13") == "ap-one/2026-01-13"
    assert subject_name("source:fm", "source:fm") == "source:fm"
