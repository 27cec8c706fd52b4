"""The anchor file: the ends of the audit chains, kept outside of the ledger so that nobody can cut them unseen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from desk.exits import BadInput
from desk.printing import counted
from streams.ledger.verify import Anchor, Report
from streams.ledger.verify.anchor import ANCHOR


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """A file that holds what the last verification saw; ``before`` is that, or nothing if there is no file yet."""

    path: Path
    before: Anchor | None

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file as it is; ``BadInput`` if it holds no anchor."""
        if not path.exists():
            return cls(path, None)
        try:
            return cls(path, ANCHOR.validate_json(path.read_bytes()))
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "the file"
            raise BadInput(f"{path} is no anchor of a ledger: {where}: {error.errors()[0]['msg']}.") from error

    def keep(self, report: Report) -> str:
        """Move the anchor on if everything holds, and say what was done; what does not hold leaves it where it is."""
        if not report.holds or report.heads is None:
            return f"{self.path} stays as it was."
        beside = self.path.with_name(f".{self.path.name}.new")
        beside.write_bytes(ANCHOR.dump_json(report.heads, indent=2) + b"\n")
        beside.replace(self.path)
        chains = counted(len(report.heads.heads), "chain")
        if self.before is None:
            return f"{self.path} holds the ends of {chains} now. Keep a copy out of reach of whoever writes the ledger."
        return f"Every link that {self.path} knew of is still there; it holds the ends of {chains} now."
