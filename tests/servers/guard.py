"""Run one program that cannot outlive whoever asked for it; a script of its own, which imports nothing of ours.

``python guard.py <user or -> <folder or -> <program> <argument> ...`` starts the program, tells its process id in the
first line of standard output, and ends it at once when a byte comes by standard input, or when that ends: when whoever
holds the other end of the pipe has died, however it died. Then nobody is left to remove the folder, and the guard does.
If the guard itself is killed the kernel ends the program.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
DEAF_TO: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LIBC: Final = ctypes.CDLL(None)


def main(user: str, folder: str, *command: str) -> int:
    """Guard the program until it ends; its exit status, 128 and more for a signal."""
    for one in DEAF_TO:
        signal.signal(one, signal.SIG_IGN)  # a key pressed in the terminal must not part us from the program
    as_user = {} if user == "-" else {"user": user, "group": user, "extra_groups": []}
    program = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603 - what the caller was asked to run
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        preexec_fn=_ready,  # noqa: PLW1509 - this script has one thread
        **as_user,
    )
    os.write(1, b"%d\n" % program.pid)
    ended = os.pidfd_open(program.pid)
    looking = select.poll()
    for number in (0, ended):
        looking.register(number, select.POLLIN)
    orphaned = False
    while ended not in {found for found, _ in looking.poll()}:
        orphaned = not os.read(0, 1)
        program.kill()
        looking.unregister(0)
    status = int(program.wait())
    if orphaned and folder != "-":
        shutil.rmtree(folder, ignore_errors=True)
    return status if status >= 0 else 128 - status


def _ready() -> None:
    """In the program's process, before the program: die with the guard, and hear the signals that it does not."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for one in DEAF_TO:
        signal.signal(one, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
