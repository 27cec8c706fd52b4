"""Historical import: a file of another system becomes events, a ledger decides them, and every row is accounted for."""

from desk.importing.command import run_import
from desk.importing.mapping import Mapping, MappingError, load_mapping, mapping_from_toml
from desk.importing.report import Report

__all__ = ["Mapping", "MappingError", "Report", "load_mapping", "mapping_from_toml", "run_import"]
