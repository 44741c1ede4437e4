"""The one kind of failure that is the user's to mend, and the way every command ends."""

import os
import sys
from collections.abc import Callable
from typing import Any


class ProjectError(Exception):
    """Something a person can fix: the message names the thing and the fix, and no traceback is shown."""


def execute(command: Callable[[], None]) -> None:
    """Run a command: what a person can mend becomes one message and exit code 1.

    Anything else is a defect and keeps its traceback. A reader that leaves early, as `head` does, is no failure.
    """
    _go_on_unread()
    try:
        command()
    except ProjectError as error:
        complain(error)
        sys.exit(1)


def complain(error: ProjectError) -> None:
    """Print a failure that the user can mend, in red where there is a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    for line in str(error).splitlines():
        begin = ("", "") if line.startswith(" ") else ("error: ", "bold red")
        console.print(Text.assemble(begin, line))


def _go_on_unread() -> None:
    """Let a command finish its work when nobody reads what it prints any more: the rest is printed to nowhere."""
    for stream in (sys.stdout, sys.stderr):
        for name in ("write", "flush"):  # whoever prints, also the interpreter when it ends, calls these
            setattr(stream, name, _unread(stream, getattr(stream, name)))


def _unread(stream: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    def tried(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            return method(*arguments)

    return tried
