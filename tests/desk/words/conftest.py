"""The words under test, on the small ledger and through the API over it."""

from tests.desk.api.conftest import api as api  # noqa: PLC0414 - a fixture of the API's tests
from tests.desk.api.conftest import copy_of_ledger as copy_of_ledger  # noqa: PLC0414 - and what it needs
