"""The same API as in the tests beside these."""

from tests.desk.api.conftest import api, copy_of_ledger

__all__ = ["api", "copy_of_ledger"]
