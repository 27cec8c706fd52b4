"""Templates: each message is found, and no text is left that would be read in one language only."""

from pathlib import Path

import pytest

from desk.words.messages import Message
from desk.words.pages import of_templates, untranslated
from desk.words.sources import ROOT


def template(root: Path, text: str, name: str = "page.html") -> Path:
    folder = root / "desk" / "pages" / "templates"
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    return root


def test_no_template_of_ours_holds_a_text_of_its_own() -> None:
    assert list(untranslated(ROOT)) == []


def test_the_messages_of_a_template_are_found(tmp_path: Path) -> None:
    root = template(
        tmp_path, """{{ _("Nobody came to {place}.", place=x) }} {{ many("{n} night", "{n} nights", 3) }}"""
    )
    file = "desk/pages/templates/page.html"
    assert list(of_templates(root)) == [
        Message("Nobody came to {place}.", file), Message("{n} night", file, "{n} nights"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "<p>Nobody came.</p>",
        "<p>{{ name }} came.</p>",
        '<img alt="A house">',
        '<a aria-label="Back {{ x }}">{{ _("Back") }}</a>',
        '{{ govukButton({"text": "Save"}) }}',
        "{% block title %}Orders{% endblock %}",
        "{% if a %}<h1>Orders</h1>{% endif %}",
    ],
)
def test_a_text_outside_a_message_is_found(tmp_path: Path, text: str) -> None:
    assert len(list(untranslated(template(tmp_path, text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '<p class="govuk-body" id="x">{{ _("Nobody came.") }}</p>',
        '<a href="?language=cy" lang="cy">Cymraeg</a>',
        "<script>const seen = 'not a text';</script>",
        "{# A remark for whoever reads this #}<!-- and another -->",
        "{% set style = 'govuk-button' %}<b>{{ n }} / {{ m }}</b>",
        '{{ govukButton({"text": _("Save"), "classes": "govuk-button--warning"}) }}',
        '<input type="hidden" name="token" value="{{ token }}">',
    ],
)
def test_what_nobody_reads_or_is_a_message_is_left_alone(tmp_path: Path, text: str) -> None:
    assert list(untranslated(template(tmp_path, text))) == []


def test_a_text_in_a_letter_is_found_too(tmp_path: Path) -> None:
    root = template(tmp_path, '{{ _("Dear colleague,") }}\n\nPlease answer {{ link }}\n', "letter.txt")
    found = list(untranslated(root))
    assert [one.partition(";")[0] for one in found] == [
        "desk/pages/templates/letter.txt: 'Please answer' stands in the template itself"
    ]
