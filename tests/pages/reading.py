"""A page as a person without JavaScript has it: its text, its links, its forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

EVERYWHERE = frozenset({"/sign-out", "/search"})
_SILENT = frozenset({"script", "style", "title", "head"})
_VOID = frozenset({"input", "br", "meta", "link", "hr", "img"})


@dataclass
class FormRead:
    """One form: where it leads, what it would send as it stands, and every field that it has."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Read:
    """One page."""

    source: str
    title: str = ""
    heading: str = ""
    text: str = ""
    language: str = ""
    links: dict[str, str] = field(default_factory=dict)
    forms: list[FormRead] = field(default_factory=list)

    def form(self, action: str | None = None) -> FormRead:
        """The form that leads there; without an action the page's own, not one of those that every page has."""
        if action is None:
            return next(one for one in self.forms if one.action not in EVERYWHERE)
        return next(one for one in self.forms if one.action.partition("?")[0] == action)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read("")
        self._open: list[str] = []
        self._text: list[str] = []
        self._heading: list[str] = []
        self._link: tuple[str, int] | None = None
        self._in_area: FormRead | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "html":
            self.read.language = given.get("lang", "")
        elif tag == "form":
            self.read.forms.append(FormRead(given.get("action", ""), given.get("method", "get")))
        elif tag == "a":
            self._link = given.get("href", ""), len(self._text)
        elif tag == "input" and self.read.forms:
            self._input(given)
        elif tag == "textarea" and self.read.forms:
            self.read.forms[-1].fields.append((given.get("name", ""), ""))

    def _input(self, given: dict[str, str]) -> None:
        form, name, value = self.read.forms[-1], given.get("name", ""), given.get("value", "")
        if given.get("type") in {"radio", "checkbox"}:
            form.choices.setdefault(name, []).append(value)
            if "checked" not in given:
                return
        form.fields.append((name, value))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "a" and self._link is not None:
            self.read.links[" ".join("".join(self._text[self._link[1] :]).split())] = self._link[0]
            self._link = None

    def handle_data(self, data: str) -> None:
        if "title" in self._open:
            self.read.title += data
        if "textarea" in self._open and self.read.forms:
            name, before = self.read.forms[-1].fields[-1]
            self.read.forms[-1].fields[-1] = name, before + data
        if not _SILENT & {*self._open}:
            self._text.append(data)
            if "h1" in self._open:
                self._heading.append(data)

    def finished(self, source: str) -> Read:
        self.read.source = source
        self.read.text = " ".join(" ".join(self._text).split()).replace(" ,", ",").replace(" .", ".")
        self.read.heading = " ".join("".join(self._heading).split())
        self.read.title = " ".join(self.read.title.split())
        return self.read


def read(source: str) -> Read:
    """A page's HTML, read."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    return reader.finished(source)
