"""The settings of the channels: one sentence for each fault, no secret in any, and which kinds they open."""

import base64
from pathlib import Path
from typing import get_args

import pytest

from models.premises import Channel as Route
from streams.notices.channels.channel import OPENERS, channels
from streams.notices.channels.email import EmailChannel
from streams.notices.channels.govuk_notify import NotifyChannel
from streams.notices.channels.settings import ChannelSettings
from streams.notices.egress import Place
from streams.settings import SettingsError, load_settings
from tests.notices.channels.notify_server import KEY, TEMPLATE
from tests.notices.channels.receivers import settings_with

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
MAIL = {"email_server": "mail.example", "email_sender": "orders@facilities.example"}


def said(monkeypatch: pytest.MonkeyPatch, **given: str) -> str:
    """The sentences with which the environment's settings are refused."""
    for name, value in given.items():
        monkeypatch.setenv(f"WORKORDERS_NOTICES_{name.upper()}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"email_server": "mail.example"}, "NOTICES_EMAIL_SERVER needs a WORKORDERS_NOTICES_EMAIL_SENDER"),
        ({"email_server": "2130706433:25"}, "NOTICES_EMAIL_SERVER is '2130706433:25': the host is neither a name"),
        (MAIL | {"email_security": "none"}, "NOTICES_EMAIL_SECURITY=none is for a server on this machine"),
        (MAIL | {"email_user": "orders"}, "are set together or not at all"),
        (MAIL | {"email_sender": "orders"}, "write one e-mail address"),
        (MAIL | {"email_sender": "a@b.example, c@d.example"}, "write one e-mail address"),
        (MAIL | {"email_sender": "a@b.example\r\nBcc: c@d.example"}, "write one e-mail address"),
        ({"inside": "127.0.0.1"}, "write host:port"),
        ({"call_url": "https://calls.example/"}, "has no secret in WORKORDERS_NOTICES_WEBHOOK_SECRETS"),
        ({"call_url": "https://u:p@calls.example/"}, "without a login"),
        ({"notify_key": KEY}, "are set together or not at all"),
        ({"notify_text_template": TEMPLATE}, "are set together or not at all"),
        ({"notify_url": "http://notify.example"}, "NOTICES_NOTIFY_URL is not encrypted"),
        ({"emial_server": "mail.example"}, "did you mean WORKORDERS_NOTICES_EMAIL_SERVER?"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    assert sentence in said(monkeypatch, **given)


@pytest.mark.parametrize(
    "secrets",
    [
        "hook.example",
        "hook.example hunter2",
        "hook.example whsec_aHVudGVyMg==",
        "hook.example whsec_hunter2!",
        f"hook.example {SECRET} {SECRET} {SECRET}",
        f"hook.example {SECRET}; HOOK.example:443 {SECRET}",
        f"https://hook.example {SECRET}",
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, secrets: str) -> None:
    sentence = said(monkeypatch, webhook_secrets=secrets)
    assert sentence.startswith("WORKORDERS_NOTICES_WEBHOOK_SECRETS is (not shown): ")
    assert "hunter2" not in sentence
    assert SECRET not in sentence


def test_a_key_of_notify_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = said(monkeypatch, notify_key="hunter2", notify_text_template=TEMPLATE)
    assert "NOTICES_NOTIFY_KEY is (not shown): it is no key of GOV.UK Notify" in sentence
    assert "hunter2" not in sentence


def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"hook.example {SECRET}\ncalls.example:8443 {SECRET} {SECRET}\n")
    monkeypatch.setenv("WORKORDERS_NOTICES_WEBHOOK_SECRETS_FILE", str(file))
    settings = load_settings()
    assert settings.notices.endpoints == {
        Place("hook.example", 443): (SECRET,),
        Place("calls.example", 8443): (SECRET, SECRET),
    }
    assert SECRET not in repr(settings)


def test_every_kind_of_a_route_has_its_row_in_the_table() -> None:
    assert OPENERS.keys() == set(get_args(Route.model_fields["kind"].annotation))


async def test_only_what_is_configured_is_opened(tmp_path: Path) -> None:
    assert channels(settings_with(tmp_path)).keys() == {"file"}
    everything = settings_with(
        tmp_path,
        webhook_secrets=f"calls.example {SECRET}",
        call_url="https://calls.example/ring",
        notify_key=KEY,
        notify_text_template=TEMPLATE,
        notify_email_template=TEMPLATE,
        **MAIL,
    )
    found = channels(everything)
    assert found.keys() == OPENERS.keys()
    assert isinstance(found["email"], EmailChannel)
    for channel in found.values():
        await channel.close()


async def test_notify_sends_email_where_no_mail_server_is_named(tmp_path: Path) -> None:
    found = channels(settings_with(tmp_path, notify_key=KEY, notify_email_template=TEMPLATE))
    assert found.keys() == {"email", "file"}
    assert isinstance(found["email"], NotifyChannel)
    for channel in found.values():
        await channel.close()


def test_the_address_of_a_gateway_is_not_shown_for_it_may_hold_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = said(monkeypatch, call_url="https://user:hunter2@calls.example/")
    assert sentence.startswith("WORKORDERS_NOTICES_CALL_URL is (not shown): ")
    assert "hunter2" not in sentence


def test_every_setting_of_the_channels_is_described() -> None:
    page = (Path(__file__).parents[3] / "docs/CHANNELS.md").read_text(encoding="utf-8")
    assert {name for name in ChannelSettings.model_fields if f"`{name.upper()}`" not in page} == set()
