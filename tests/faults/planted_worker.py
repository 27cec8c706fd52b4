"""The worker of ``workorders worker`` with the bug that its one argument names, as a process to be found out."""

import sys
from typing import Final

from desk.cli import main
from streams import second_look, system
from streams.ledger.ledger import Ledger
from streams.relay import Relay
from tests.faults.planted import CommitsFirst, ForgetsWhatItKnows, IgnoresTheAnswer

PLANTED: Final[dict[str, type[Ledger] | type[Relay]]] = {
    "commits first": CommitsFirst,
    "knows nothing again": ForgetsWhatItKnows,
    "ignores the answer": IgnoresTheAnswer,
}


if __name__ == "__main__":
    bug = PLANTED[sys.argv[1]]
    setattr(system, "Relay" if issubclass(bug, Relay) else "Ledger", bug)
    # What is not on its topic would be sent again after this: the second look mends what it is to be found out by.
    vars(second_look).update(PATIENCE_S=float("inf"))
    sys.argv = ["workorders", "worker"]
    sys.exit(main())
