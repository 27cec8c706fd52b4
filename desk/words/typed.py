"""The command line's own help: every text of the commands, their arguments and options, as it is shown."""

from collections.abc import Iterator
from typing import Any

import typer

from desk.cli import app
from desk.words.helping import texts_of
from desk.words.messages import Message, has_words

FILE = "desk/commands"


def typed() -> Iterator[Message]:
    """Every text that ``--help`` shows of ours."""
    command: Any = typer.main.get_command(app)
    for text in texts_of(command):
        if has_words(text):
            yield Message(text, FILE)
