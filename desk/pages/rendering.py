"""Pages as HTML: one set of templates on the GOV.UK Design System; what is put into them is text, whatever it says."""

from functools import cache
from typing import Final

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from desk.pages import assets
from desk.pages.commitments import NO_TIME
from desk.pages.cookies import GUEST
from desk.pages.forms import TOKEN, token_for
from desk.pages.languages import language_of, others
from desk.pages.navigation import navigation, quiet_navigation
from desk.pages.sentences import reach_name, role_name
from desk.pages.sessions import Session
from desk.words import _, many, spoken

_ENGLISH: Final = "en"


@cache
def templates() -> Environment:
    """All templates. The undefined ones chain because the Design System's macros ask for options nobody gave."""
    design = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    found = Environment(
        loader=ChoiceLoader([PackageLoader("desk.pages"), design]),
        autoescape=True,
        undefined=ChainableUndefined,
        auto_reload=False,
    )
    found.filters["first_upper"] = lambda text: text[:1].upper() + text[1:]
    found.globals.update(_=_, many=many, words=spoken, known=known, named=named, asset=assets.address, no_time=NO_TIME)
    return found


def known(sentence: str | None) -> Markup:
    """A sentence or name that was made in English, in the page's language; marked as English where it has no other."""
    text = sentence or ""
    said = spoken().reason(text)
    if said == text and spoken().language != _ENGLISH:
        said = spoken()(text)
        if said == text:
            return Markup('<span lang="en">{}</span>').format(text)
    return Markup("{}").format(said)


def page(request: Request, template: str, status: int = 200, /, **given: object) -> HTMLResponse:
    """A page as a response, with what every page needs: its language, the way to the other, and who is signed in."""
    session: Session | None = getattr(request.state, "session", None)
    secret = session.secret if session is not None else guest_secret(request)
    desk = request.app.state.place.desk()
    text = templates().get_template(template).render(
        language=language_of(request),
        # A link to the other language would lose what somebody has typed, or lead where nobody can go twice.
        other_languages=[] if {"kept", "typed", "no_return"} & {*filter(given.get, given)} else others(request),
        path=request.url.path,
        navigation=navigation(request.url.path, session, desk),
        quiet_navigation=quiet_navigation(request.url.path, session),
        session=session,
        role=_role(request, session) if session is not None else "",
        chosen_role=request.app.state.chooses_role,
        played_at=desk.now if desk.time_kind == "simulated" else None,
        token_field=TOKEN,
        form_token=token_for(secret) if secret else "",
        **given,
    )  # fmt: skip
    return HTMLResponse(text, status)


def guest_secret(request: Request) -> str:
    """The secret of whoever is not signed in: the one of this answer, else the one that came with the request."""
    fresh: str | None = getattr(request.state, "guest", None)
    return fresh or request.cookies.get(GUEST, "")


def named(name: str) -> str:
    """The name of a place in the page's language; a name that has no other is a name in every language."""
    return spoken()(name)


def _role(request: Request, session: Session) -> str:
    desk = request.app.state.place.desk()
    return f"{known(role_name(desk, session.voice.role)).striptags()}, {reach_name(desk, session.voice)}"
