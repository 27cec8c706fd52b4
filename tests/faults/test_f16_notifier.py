"""F16, slow or dead notifier: nothing is promised, for there are no notices to people yet."""

from pathlib import Path

from tests.faults.evidence import Trial, fault


@fault(
    "F16",
    what="a slow or dead notifier",
    promises=(3, 9),
    how="hangs, errors, lost answers; to be tried when notices to people exist",
    unit="notices",
    full_n=500,
    small_n=1,
    missing=lambda: "notices to people (e-mail, text message) do not exist yet, so nothing is promised about them",
)
def notifier(seed: int, folder: Path) -> Trial:
    """There is nothing to try."""
    raise NotImplementedError("there is no notifier")
