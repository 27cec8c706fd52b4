"""``--help`` in another language: the texts of a command tree, and the tree with each of them translated."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from desk.words.words import mark as N_  # noqa: N812 - as gettext calls it

_OF_COMMAND: Final = ("help", "short_help", "epilog", "rich_help_panel")
_OF_PARAMETER: Final = ("help", "rich_help_panel")
_USAGE: Final = N_("Usage:")
_HELP: Final = N_("Show this message and exit.")
_PANELS: Final = {"argument": N_("Arguments"), "option": N_("Options")}
_COMMANDS: Final = N_("Commands")


def _parts(command: Any) -> Iterator[tuple[Any, str]]:  # noqa: ANN401 - click's commands, whichever click typer has
    """Each object with the name of a text that it shows."""
    for name in _OF_COMMAND:
        yield command, name
    for parameter in command.params:
        for name in _OF_PARAMETER:
            yield parameter, name
    for one in _under(command):
        yield from _parts(one)


def _under(command: Any) -> list[Any]:  # noqa: ANN401
    return list(getattr(command, "commands", {}).values())


def texts_of(command: Any) -> Iterator[str]:  # noqa: ANN401
    """Every text that a command, what is under it, and their parameters show."""
    for owner, name in _parts(command):
        text = getattr(owner, name, None)
        if isinstance(text, str) and text.strip():
            yield text


def translate(command: Any, words: Callable[[str], str]) -> None:  # noqa: ANN401
    """Have a command and all under it speak another language."""
    for owner, name in list(_parts(command)):
        text = getattr(owner, name, None)
        if isinstance(text, str) and text.strip():
            setattr(owner, name, words(text))
    _headings(command, words)


def _headings(command: Any, words: Callable[[str], str]) -> None:  # noqa: ANN401
    """The same for what click itself puts above and beside our texts."""
    for parameter in command.params:
        kind = parameter.param_type_name
        if not getattr(parameter, "rich_help_panel", None) and kind in _PANELS:
            parameter.rich_help_panel = words(_PANELS[kind])
    usage, help_option = command.get_usage, command.get_help_option

    def said_usage(context: Any) -> str:  # noqa: ANN401
        return str(usage(context)).replace("Usage:", words(_USAGE), 1)

    def said_help(context: Any) -> Any:  # noqa: ANN401
        option = help_option(context)
        if option is not None:
            option.help, option.rich_help_panel = words(_HELP), words(_PANELS["option"])
        return option

    command.get_usage, command.get_help_option = said_usage, said_help
    for one in _under(command):
        if not getattr(one, "rich_help_panel", None):
            one.rich_help_panel = words(_COMMANDS)
        _headings(one, words)
