"""The catalogue: nothing is missing, nothing is stale, and every translation says what its English says."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from desk.words.called import NoMessage, called
from desk.words.catalogue import SAID_BELOW, UNCHECKED, file_of
from desk.words.check import SAME, faults
from desk.words.keeping import in_step, read, written
from desk.words.messages import Found, Message
from desk.words.sources import messages

FORMS = "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n==3 ? 3 : n==6 ? 4 : 5)"


@pytest.fixture(scope="module")
def found() -> Found:
    return messages()


def test_every_sentence_that_a_person_reads_has_its_welsh(found: Found) -> None:
    assert list(faults(read("cy"), found)) == []


def test_the_catalogue_is_as_it_would_be_written_now(found: Found) -> None:
    assert written(in_step(read("cy"), found)) == file_of("cy").read_bytes()


def test_welsh_counts_in_six_forms() -> None:
    assert read("cy").num_plurals == 6


def test_what_no_translator_has_checked_says_so() -> None:
    words = {message.id: message.user_comments for message in read("cy") if message.id}
    assert any(UNCHECKED in comments for comments in words.values())


def catalogue_of(text: str) -> Catalog:
    lines = ("Language: cy", "Content-Type: text/plain; charset=utf-8", f"Plural-Forms: {FORMS};")
    head = 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines)
    return read_po(BytesIO(f"{head}\n{text}".encode()), locale="cy")


def one(text: str, more: str | None = None, *, below: bool = False) -> Found:
    sources = Found()
    sources.add([Message(text, "desk/somewhere.py", more, below)])
    return sources


@pytest.mark.parametrize(
    ("entry", "sources", "kind"),
    [
        ("", lambda: one("Nobody came."), "Missing"),
        ('msgid "Nobody came."\nmsgstr ""', lambda: one("Nobody came."), "Missing"),
        ('msgid "Nobody came."\nmsgstr "Nobody came."', lambda: one("Nobody came."), "Missing"),
        ('msgid "Nobody left."\nmsgstr "Ni adawodd neb."', Found, "Stale"),
        ('#, fuzzy\nmsgid "Nobody came."\nmsgstr "Ni ddaeth neb."', lambda: one("Nobody came."), "Stale"),
        ('msgid "Nobody came."\nmsgstr "Ni ddaeth neb."', lambda: one("Nobody came.", below=True), "Stale"),
        ('msgid "{name} came."\nmsgstr "Daeth rhywun."', lambda: one("{name} came."), "Placeholders"),
        ('msgid "{name} came."\nmsgstr "Daeth {enw}."', lambda: one("{name} came."), "Placeholders"),
        ('msgid "{name} came."\nmsgstr "Daeth {name} {0}."', lambda: one("{name} came."), "Placeholders"),
        ('msgid "Nobody came."\nmsgstr "Ni ddaeth neb"', lambda: one("Nobody came."), "Margins"),
        ('msgid " and left"\nmsgstr "a gadael"', lambda: one(" and left"), "Margins"),
    ],
)
def test_a_catalogue_that_is_out_of_step_is_refused(entry: str, sources: Callable[[], Found], kind: str) -> None:
    wrong = list(faults(catalogue_of(entry), sources()))
    assert [sentence.partition(":")[0] for sentence in wrong] == [kind]


def test_a_plural_lacks_no_form() -> None:
    forms = "\n".join(
        f'msgstr[{n}] "{text}"' for n, text in enumerate(["dim", "{n} dyn", "{n} ddyn", "{n} dyn", "", "x"])
    )
    wrong = list(
        faults(catalogue_of(f'msgid "{{n}} man"\nmsgid_plural "{{n}} men"\n{forms}'), one("{n} man", "{n} men"))
    )
    assert wrong == ["Missing: '{n} man' of desk/somewhere.py has no translation."]


def test_what_is_the_same_in_both_languages_may_say_so() -> None:
    assert not list(faults(catalogue_of(f'# {SAME}\nmsgid "monitor"\nmsgstr "monitor"'), one("monitor")))


def test_a_new_sentence_is_added_unchecked_and_a_translation_is_kept() -> None:
    before = catalogue_of('# mine\nmsgid "Nobody came."\nmsgstr "Ni ddaeth neb."\n\nmsgid "Gone."\nmsgstr "Wedi mynd."')
    sources = one("Nobody came.")
    sources.add([Message("{name} left.", "workorders/words.py", None, said_below=True)])
    after = in_step(before, sources)
    assert {message.id: message.string for message in after if message.id} == {
        "Nobody came.": "Ni ddaeth neb.", "{name} left.": "",
    }  # fmt: skip
    assert after["Nobody came."].user_comments == ["mine"]
    assert (after["{name} left."].user_comments, after["{name} left."].auto_comments) == ([UNCHECKED], [SAID_BELOW])


def test_a_message_that_is_put_together_before_it_is_translated_is_refused(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "page.py").write_text('def show(name):\n    return _(f"{name} came.")\n')
    with pytest.raises(NoMessage, match=r"desk/page\.py:2"):
        list(called(tmp_path))
