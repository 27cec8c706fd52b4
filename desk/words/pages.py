"""Messages of the templates, and what in a template a person would read in one language only."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from jinja2 import Environment, nodes

from desk.words.called import ONE, SEVERAL
from desk.words.messages import Message

TEMPLATES: Final = ("desk/**/templates/**/*",)
SAME_IN_BOTH: Final = frozenset({"Cymraeg", "English", "GOV.UK", "UTC", "CSV", "P1", "P2", "P3", "P4"})
"""What may stand in a template as it is: the names of the languages, each in itself, and what has no other name."""
READ_ATTRIBUTES: Final = frozenset({"alt", "title", "placeholder", "aria-label", "aria-description", "summary"})
"""The attributes that a person reads or hears."""
READ_KEYS: Final = frozenset({"text", "html", "titleText", "label", "legend", "hint", "title", "caption", "value"})
"""What the components of the design system call the texts that they show."""
_UNSEEN: Final = frozenset({"script", "style"})
_HELD: Final = "\ue000"
"""Stands where a template says something that it has from elsewhere."""
_LETTERS: Final = re.compile(r"[^\W\d_]{2,}")


def templates(root: Path) -> Iterator[Path]:
    """Every template of the pages and notices."""
    for pattern in TEMPLATES:
        yield from (path for path in sorted(root.glob(pattern)) if path.is_file() and "assets" not in path.parts)


def environment() -> Environment:
    """What reads templates; it renders nothing."""
    return Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)


def of_templates(root: Path) -> Iterator[Message]:
    """Every message that a template calls for."""
    reader = environment()
    for path in templates(root):
        file = path.relative_to(root).as_posix()
        for call in reader.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            name = getattr(call.node, "attr", None) or getattr(call.node, "name", None)
            texts = [one.value for one in call.args if isinstance(one, nodes.Const) and isinstance(one.value, str)]
            if name in ONE and texts:
                yield Message(texts[0], file)
            if name == SEVERAL and len(texts) >= 2:
                yield Message(texts[0], file, texts[1])


def untranslated(root: Path) -> Iterator[str]:
    """A sentence for each text of a template that a person would read as it stands, whatever the language."""
    for path in templates(root):
        file = path.relative_to(root).as_posix()
        source = path.read_text(encoding="utf-8")
        for text in (*_seen(source, is_html=".html" in path.name), *_given(source)):
            if _LETTERS.search(text) and text not in SAME_IN_BOTH:
                yield f"{file}: {text!r} stands in the template itself; write {{{{ _({text!r}) }}}}."


def _seen(source: str, *, is_html: bool) -> Iterator[str]:
    """What stands between the tags, and in the attributes that are read."""
    shown = "".join(text if kind == "data" else _HELD for _, kind, text in environment().lex(source) if _is_kept(kind))
    if not is_html:
        yield from (part.strip() for part in re.split(rf"[{_HELD}\n]", shown))
        return
    reader = _Reader()
    reader.feed(shown)
    reader.close()
    yield from (part.strip() for text in reader.found for part in text.split(_HELD))


def _is_kept(kind: str) -> bool:
    return kind in {"data", "variable_begin", "block_begin"}


def _given(source: str) -> Iterator[str]:
    """What is given to a component as a text that it shows."""
    tree = environment().parse(source)
    named: list[tuple[object, nodes.Expr]] = [(one.key, one.value) for one in tree.find_all(nodes.Keyword)]
    named += [(one.key.value, one.value) for one in tree.find_all(nodes.Pair) if isinstance(one.key, nodes.Const)]
    for key, value in named:
        text = value.value if key in READ_KEYS and isinstance(value, nodes.Const) else None
        # The value of a field is mostly a code that nobody sees; only what has several words is a sentence.
        if isinstance(text, str) and (key != "value" or " " in text):
            yield text


class _Reader(HTMLParser):
    """Collects what a person reads."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes that are read."""
        self._unseen += tag in _UNSEEN
        self.found.extend(value for name, value in attrs if name in READ_ATTRIBUTES and value)

    def handle_endtag(self, tag: str) -> None:
        """Read on after a script."""
        self._unseen -= tag in _UNSEEN

    def handle_data(self, data: str) -> None:
        """Keep what stands between the tags."""
        if not self._unseen:
            self.found.append(data)
