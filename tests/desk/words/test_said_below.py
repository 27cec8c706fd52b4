"""Sentences that are said in English below the desk: each is found where it is said, as the form that it has."""

import ast
from pathlib import Path

import pytest

from desk.words.f_strings import constants, templates
from desk.words.messages import Message
from desk.words.said_below import said_below


def found_in(root: Path, file: str, source: str) -> list[Message]:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return list(said_below(root))


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("'nobody came'", ("nobody came",)),
        ("f'{who} came'", ("{who} came",)),
        ("f'{event.data.cover_ref!r} came'", ("{cover_ref} came",)),
        ("f'{quote(event.source)} came to {clock(at, plan)}'", ("{source} came to {clock}",)),
        ("f'{_DONE[clock]} was due {local:%H:%M}'", ("{done} was due {local}",)),
        ("f'{clock(a)} and {clock(b)} and {clock(a)}'", ("{clock} and {clock2} and {clock}",)),
        ("f'{a!r} is no {a}'", ("{a} is no {a2}",)),
        ('f\'{n} {"person" if n == 1 else "people"} missing\'', ("{n} person missing", "{n} people missing")),
        ("f'write {FORM}, {LIMIT} at most'", ("write 2026-01-14, {limit} at most",)),
        ("f'{WITHIN:g} seconds'", ("{within} seconds",)),
        ("'a' + f' of {b}'", ("a of {b}",)),
        ("f'{a or b} came'", ("{a} came",)),
        ("f'{\", \".join(sorted(names))} came'", ("{names} came",)),
    ],
)
def test_an_f_string_is_the_form_of_the_sentences_that_it_makes(written: str, forms: tuple[str, ...]) -> None:
    known = constants(ast.parse("FORM = '2026-01-14'\nLIMIT = 5\nWITHIN = '10'"))
    assert templates(ast.parse(written, mode="eval").body, known) == forms


def test_a_new_reason_of_a_decision_is_found_wherever_it_is_said(tmp_path: Path) -> None:
    source = '''"""About nights."""
OVER = "the night is over"

def ended(fold, taken):
    """Not a reason."""
    if fold.status != "open":
        fold.ignore(taken, f"the role {taken.role} may not pause")
    return {"not said": "said of it"}, "at-once"
'''
    assert [one.one for one in found_in(tmp_path, "workorders/night_new.py", source)] == [
        "the night is over", "the role {role} may not pause", "said of it",
    ]  # fmt: skip


def test_a_sentence_with_a_number_has_plurals(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, "workorders/night_new.py", 'def why(n): return f"{n.minutes} minutes late"\n')
    assert found == Message("{minutes} minutes late", "workorders/night_new.py", "{minutes} minutes late", True)


def test_on_the_desk_it_is_what_a_refusal_or_an_error_is_given(tmp_path: Path) -> None:
    source = """def check(name, kind):
    log.warning("nothing of this is said to people")
    sentence = f"{name} must be {kind}."
    raise BadValue(f"{name} is no date.") if kind else missing("night")
"""
    found = found_in(tmp_path, "desk/api/new.py", source)
    assert {one.one for one in found} == {"{name} must be {kind}.", "{name} is no date.", "night"}
