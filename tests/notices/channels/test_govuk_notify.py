"""GOV.UK Notify by the official client, against a server that behaves as its documentation says."""

import asyncio
import logging
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web

from streams.notices.channels.channel import Outcome, Sent
from streams.notices.channels.govuk_notify import kinds_of, opened
from streams.settings import SettingsError
from tests.notices.channels.notify_channel import TAKEN, TEXT, channel_to, texting
from tests.notices.channels.notify_server import KEY, SECRET, TEMPLATE, Notify
from tests.notices.channels.receivers import any_server, letter, settings_with
from tests.servers.certificates import Certificates


async def test_a_text_message_is_taken_with_the_key_as_its_reference(
    tmp_path: Path, certificates: Certificates
) -> None:
    notify = Notify()
    async with texting(notify, tmp_path, certificates) as channel:
        assert await channel.send(TEXT) == TAKEN
    (message,) = notify.taken
    assert (message["type"], message["phone_number"], message["reference"]) == ("sms", "+44 7700 900123", TEXT.key)
    assert message["personalisation"] == {"message": TEXT.short}
    assert message["template"]["id"] == TEMPLATE


async def test_an_email_is_taken_with_subject_and_words(tmp_path: Path, certificates: Certificates) -> None:
    notify = Notify()
    async with texting(notify, tmp_path, certificates, "email") as channel:
        assert await channel.send(letter()) == TAKEN
    (message,) = notify.taken
    assert (message["type"], message["email_address"]) == ("email", "duty@facilities.example")
    assert message["personalisation"] == {"subject": letter().subject, "message": letter().text}


@pytest.mark.parametrize(
    ("refuse", "final", "pause"),
    [
        ("bad request", True, None),
        ("validation", True, None),
        ("clock", True, None),
        ("key", True, None),
        ("rate", False, 60.0),
        ("day", True, None),
        ("server", False, None),
    ],
)
@pytest.mark.parametrize("when", ["refuse", "refuse_asking"])
async def test_a_refusal_is_for_good_or_for_now_as_notify_documents_it(
    tmp_path: Path, certificates: Certificates, refuse: str, final: bool, pause: float | None, when: str
) -> None:
    notify = Notify(**{when: refuse})  # type: ignore[arg-type]
    async with texting(notify, tmp_path, certificates) as channel:
        outcome = await channel.send(TEXT)
    assert (outcome.outcome, outcome.final, outcome.retry_after_s) == (Outcome.FAILED, final, pause)
    assert notify.taken == []


async def test_a_wrong_key_is_refused_by_its_signature(tmp_path: Path, certificates: Certificates) -> None:
    notify = Notify()
    wrong = KEY.replace(SECRET, "00000000-8d35-48ac-975b-e847b4f122b0")
    async with texting(notify, tmp_path, certificates, notify_key=wrong) as channel:
        outcome = await channel.send(TEXT)
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert "403" in outcome.detail
    assert notify.asked == []


async def _redirect(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("https://elsewhere.example/")


@pytest.mark.parametrize("when", ["after", "asking"])
async def test_a_redirect_is_not_followed(tmp_path: Path, certificates: Certificates, when: str) -> None:
    notify = Notify(**{when: _redirect})  # type: ignore[arg-type]
    async with texting(notify, tmp_path, certificates) as channel:
        outcome = await channel.send(TEXT)
    assert (outcome.outcome, outcome.final) == (Outcome.FAILED, True)
    assert "307" in outcome.detail


async def test_a_notify_that_is_not_there_has_failed_for_now(tmp_path: Path, certificates: Certificates) -> None:
    async with any_server(lambda _r, _w: asyncio.sleep(0)) as port:
        pass
    async with channel_to(tmp_path, certificates, port) as channel:
        assert await channel.send(TEXT) == Sent(Outcome.FAILED, "It could not be connected to.")


async def test_a_certificate_that_is_not_trusted_is_told_nothing(tmp_path: Path, certificates: Certificates) -> None:
    notify = Notify()
    async with texting(notify, tmp_path, certificates, ca_file=certificates.other_ca) as channel:
        outcome = await channel.send(TEXT)
    assert outcome == Sent(Outcome.FAILED, "Its certificate is not to be trusted.", final=True)
    assert notify.asked == []


async def test_a_notify_on_this_machine_is_reached_only_where_it_is_named_as_inside(
    tmp_path: Path, certificates: Certificates
) -> None:
    notify = Notify()
    async with texting(notify, tmp_path, certificates, inside="") as channel:
        outcome = await channel.send(TEXT)
    assert outcome == Sent(Outcome.FAILED, "Its host has an address that is this machine's own.", final=True)


async def test_a_hundred_letters_to_a_dead_notify_end_in_time_and_hold_up_nothing_else(
    tmp_path: Path, certificates: Certificates
) -> None:
    began = time.monotonic()
    async with (
        any_server(lambda _r, _w: asyncio.sleep(20)) as port,
        channel_to(tmp_path, certificates, port, channel_within_s=1.0) as channel,
    ):
        letters = [asyncio.create_task(channel.send(letter(key=str(n)))) for n in range(100)]
        assert await asyncio.to_thread(lambda: "a free thread") == "a free thread"
        outcomes = await asyncio.gather(*letters)
    assert {found.outcome for found in outcomes} == {Outcome.FAILED}
    assert time.monotonic() - began < 10


async def test_neither_key_nor_number_nor_notifys_words_are_shown_or_logged(
    tmp_path: Path, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    for refuse in ("", "validation", "server"):
        async with texting(Notify(refuse=refuse), tmp_path, certificates) as channel:
            shown.append((await channel.send(TEXT)).detail)
    for text in (*shown, caplog.text):
        assert SECRET not in text
        assert "7700" not in text
        assert "Not enough digits" not in text


def test_the_client_is_asked_for_only_where_notify_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "notifications_python_client", None)
    monkeypatch.setitem(sys.modules, "notifications_python_client.errors", None)
    monkeypatch.delitem(sys.modules, "streams.notices.channels.notify_client", raising=False)
    assert opened(settings_with(tmp_path), "text") is None
    with pytest.raises(SettingsError, match=r"install workorders\[notify\]"):
        opened(settings_with(tmp_path, notify_key=KEY, notify_text_template=TEMPLATE), "text")


@pytest.mark.parametrize("errors", [None, "Failed", [], [1], [{"message": "x"}], {"error": "RateLimitError"}])
def test_errors_in_another_form_name_no_kind(errors: object) -> None:
    assert "RateLimitError" not in kinds_of(errors)
