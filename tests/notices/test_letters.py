"""Letters: what people read, in both languages, from one set of templates; nothing from outside becomes markup."""

import os
import secrets
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.notices.links import Link, read
from desk.notices.phrases import ASKS, WHAT
from desk.notices.signing import links_lead_to, signing_keys
from desk.notices.writing import SHORT, LetterWriter, letter_writer, one_line
from desk.words import words_in
from models.escalation import ClockName, EscalationKind
from streams.notice_settings import NoticeSettings
from streams.notices.channels.channel import Letter
from streams.notices.notice import DIGEST, REHEARSAL, Fate, Told
from streams.settings import Settings
from tests.notices.test_rules import reached, told
from tests.streams.ledger.telling import AP, START
from workorders.policy import default_world

WORLD = default_world()
KEY = "k" * 43
WRITER = LetterWriter((KEY,), "https://desk.example", 7)
NASTY = "<script>alert('1')</script>\r\nBcc: all@facilities.example\x00{{ 7 * 7 }}{role}%s"


def about(**more: object) -> Told:
    """One escalation as it is told."""
    escalation = more.pop("escalation_id", UUID(int=7))
    found = replace(reached(), role="provider-account-manager", **{k: v for k, v in more.items() if k != "what"})  # type: ignore[arg-type]
    return Told(escalation, 1, str(more.get("what", "raised")), AP, found, found.reason, START)  # type: ignore[arg-type]


def letter(*tell: Told, what: str = "raised", language: str = "en", writer: LetterWriter = WRITER) -> Letter:
    (notice,) = told(Fate.WAITING, what=what)
    notice = replace(notice, role="provider-account-manager", language=language)
    return writer(notice, tell or [about()], WORLD, START)


class Seen(HTMLParser):
    """What a reader of the HTML sees, and every tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""
        self.languages: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.languages += [value for name, value in attrs if name == "lang" and value]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_letter_holds_both_languages_the_roles_own_first() -> None:
    for language, order in (("en", ["en", "en", "cy"]), ("cy", ["cy", "cy", "en"])):
        found = letter(language=language)
        assert found.html is not None
        assert Seen(found.html).languages == order
        assert found.language == "both"


def test_text_and_html_say_the_same() -> None:
    found = letter(about(priority="P1"))
    assert found.html is not None
    seen = Seen(found.html).words
    for part in (ASKS["raised"], WHAT["breach", "fix"], "P1", "WO-1"):
        assert part in found.text
        assert part in seen


@pytest.mark.parametrize("what", ASKS)
@pytest.mark.parametrize("kind", EscalationKind)
def test_whatever_has_happened_can_be_told(kind: EscalationKind, what: str) -> None:
    for clock in ("", *ClockName):
        found = letter(about(kind=kind, clock=str(clock), what=what), what=what)
        assert found.subject
        assert "{" not in found.text


def test_every_kind_of_escalation_has_its_phrase() -> None:
    assert {kind for kind, _ in WHAT} == {kind.value for kind in EscalationKind}


def test_no_free_text_stands_in_a_subject_and_nothing_from_outside_becomes_markup_or_a_header() -> None:
    told_of = replace(about(), reason=NASTY)
    found = letter(told_of)
    plain = letter()
    assert found.html is not None
    assert plain.html is not None
    assert found.subject == plain.subject
    assert Seen(found.html).tags == Seen(plain.html).tags
    assert "<script" not in found.html
    assert "{{ 7 * 7 }}" in found.text
    message = EmailMessage()
    message["Subject"] = found.subject
    assert message["Subject"] == found.subject


@given(st.text(max_size=600))
def test_whatever_an_order_is_called_its_subject_is_one_line(name: str) -> None:
    found = letter(about(subject=name or "x"))
    assert found.subject.isprintable()
    assert found.short.isprintable()
    assert len(found.short) <= SHORT
    assert one_line(found.subject) == found.subject


def test_all_rungs_and_statements_of_a_ladder_have_one_subject_and_one_thread_and_other_ladders_have_others() -> None:
    first = letter(about())
    same = [
        letter(about(rung="second", priority="P1", repeat=3, escalation_id=UUID(int=8))),
        letter(about(what="closed"), what="closed"),
    ]
    assert {(one.subject, one.thread) for one in same} == {(first.subject, first.thread)}
    assert letter(about(clock="attend")).thread != first.thread
    assert letter(about(subject="WO-2")).subject != first.subject


def test_the_link_acknowledges_this_escalation_for_this_role_and_is_the_same_at_every_resend() -> None:
    found = letter()
    token = found.text.partition("https://desk.example/a/")[2].split()[0]
    link = read([KEY], token, START)
    assert link == Link(UUID(int=7), "provider-account-manager", START + timedelta(days=7))
    assert found.short.endswith(f"/a/{token}")
    (again,) = told(Fate.WAITING)
    later = WRITER(replace(again, role="provider-account-manager"), [about()], WORLD, START + timedelta(hours=5))
    assert later.text == found.text


def test_what_asks_nothing_bears_no_link() -> None:
    for what in ("closed", "withdrawn"):
        assert "/a/" not in letter(about(what=what), what=what).text


def test_a_digest_lists_all_each_with_its_own_link() -> None:
    many = [about(subject=f"WO-{n}", escalation_id=UUID(int=n)) for n in range(1, 41)]
    found = letter(*many, what=DIGEST)
    tokens = {part.split()[0] for part in found.text.split("https://desk.example/a/")[1:]}
    links = [read([KEY], token, START) for token in tokens]
    assert {link.escalation_id for link in links if isinstance(link, Link)} == {one.escalation_id for one in many}
    assert found.html is not None
    assert found.html.count("/a/") == 2 * len(many)
    assert isinstance(found.data["escalations"], list)
    assert len(found.data["escalations"]) == len(many)
    assert len(found.short) <= SHORT
    assert found.short.startswith("40 notices at once: Bryn Awel, WO-1; Bryn Awel, WO-2; ")
    named = found.short.count("WO-")
    assert found.short.endswith(f" and {40 - named} more. https://desk.example")


def test_a_rehearsal_says_so_in_every_channel_and_language() -> None:
    for language in ("en", "cy"):
        found = letter(about(what=REHEARSAL), what=REHEARSAL, language=language)
        assert found.rehearsal
        assert found.data["rehearsal"] is True
        assert "REHEARSAL" in found.subject
        assert "REHEARSAL" in found.text
        assert found.html is not None
        assert "REHEARSAL" in found.html
        assert found.short.startswith(found.subject.split(" / ")[0])
    welsh = words_in("cy")("REHEARSAL: {subject}", subject="")
    assert welsh != "REHEARSAL: "
    assert welsh.strip() in letter(about(what=REHEARSAL), what=REHEARSAL).subject


def test_a_webhook_is_told_in_codes_and_instants() -> None:
    told = letter(about(priority="P1")).data["escalations"]
    assert isinstance(told, list)
    one = told[0]
    assert isinstance(one, dict)
    assert (one["kind"], one["clock"], one["priority"], one["premises"]) == ("breach", "fix", "P1", AP)
    assert one["due_at"] == START.isoformat()
    assert str(one["acknowledge"]).startswith("https://desk.example/a/")


def test_without_keys_or_a_place_to_lead_to_there_are_no_links() -> None:
    for writer in (LetterWriter((), "https://desk.example", 7), LetterWriter((KEY,), None, 7)):
        assert "/a/" not in letter(writer=writer).text


def test_with_the_embedded_broker_this_machine_makes_its_own_key_once(tmp_path: object) -> None:
    settings = Settings(data_dir=tmp_path)  # type: ignore[arg-type]
    first, again = signing_keys(settings), signing_keys(settings)
    assert first == again
    assert len(first[0]) >= 32
    assert links_lead_to(settings) == "http://127.0.0.1:8475"
    assert (settings.data_dir / "links.key").stat().st_mode & 0o077 == 0
    assert letter_writer(settings) == LetterWriter(first, "http://127.0.0.1:8475", 7)


def test_a_key_that_was_not_written_to_its_end_is_none_and_the_next_start_makes_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> str:
        raise KeyboardInterrupt

    settings = Settings(data_dir=tmp_path)
    for module, last in ((secrets, "token_urlsafe"), (os, "fsync")):
        with monkeypatch.context() as patch:
            patch.setattr(module, last, dies)
            with pytest.raises(KeyboardInterrupt):
                signing_keys(settings)
        assert list(tmp_path.iterdir()) == []
    assert len(signing_keys(settings)[0]) >= 32
    assert [file.name for file in tmp_path.iterdir()] == ["links.key"]


def test_on_servers_links_are_signed_with_the_keys_that_are_set_the_newest_first() -> None:
    given_keys = NoticeSettings(link_keys=f"{KEY}, {'o' * 43}", base_url="https://desk.example/facilities/")  # type: ignore[arg-type]
    settings = Settings(broker="kafka:9092", notices=given_keys)
    assert signing_keys(settings) == (KEY, "o" * 43)
    assert links_lead_to(settings) == "https://desk.example/facilities"
    assert signing_keys(Settings(broker="kafka:9092")) == ()
