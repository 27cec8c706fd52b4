"""The words that options choose from, as plain literals: the nouns that own them take a second to load.

A test holds each of them equal to its noun.
"""

from typing import Literal

PriorityWord = Literal["P1", "P2", "P3", "P4"]
PauseWord = Literal["parts", "no-access", "approval", "agreed-date"]
CloseWord = Literal["done", "administrative", "no-access"]
CancelWord = Literal["duplicate", "invalid", "withdrawn"]
SupplierWord = Literal["own", "agency"]
UnfitWord = Literal["unsuitable", "not-vetted"]
HolderWord = Literal["division", "estates", "manager", "provider", "agency", "monitor"]
