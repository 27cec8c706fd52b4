import pytest

from desk.importing import MappingError, load_mapping, mapping_from_toml
from tests.importing.harness import BOSTON, mapping, world

SMALL = """
name = "A town"
source = "/town"
times = { zone = "America/New_York", forms = ["%Y-%m-%d %H:%M"] }
columns = { order = "id", raised = "opened", ended = "closed" }
premises = { column = "ward", values = { "1" = "ward-1" } }
endings = { column = "how", values = { "done" = "completed" } }

[kinds]
column = "what"
values.Lamp = { asset = "lamp", fault = "out" }
"""


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


def refusal(text: str) -> str:
    with pytest.raises(MappingError) as found:
        mapping_from_toml(text, "town.toml")
    return str(found.value)


def test_a_small_mapping_is_read_with_plain_defaults() -> None:
    found = mapping_from_toml(SMALL, "town.toml")
    assert (found.file.delimiter, found.file.quote, found.file.encoding) == (",", '"', "utf-8")
    assert (found.times.repeated, found.times.skipped) == ("refuse", "refuse")
    assert [column for _, column in found.columns_read()] == ["id", "opened", "closed", "ward", "what", "how"]


def test_the_mapping_of_boston_is_sound_and_names_only_what_its_policy_and_estate_know() -> None:
    policy, estate = world().policies.entries[0][1], world().estates.entries[0][1]
    for kind in mapping().kinds.values.values():
        assert policy.knows(kind.asset, kind.fault, kind.impacts) is None
    for premises in mapping().premises.values.values():
        assert estate.premises(premises) is not None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('source = "/town"', "", "town.toml: source: is missing"),
        ('name = "A town"', 'name = "A town"\nsauce = "x"', "town.toml: sauce: is not a key that is known here"),
        ('"America/New_York"', '"Boston"', "times.zone: 'Boston' is no zone of the time-zone database"),
        ("%Y-%m-%d %H:%M", "%m/%d %H:%M", "times.forms[1]: '%m/%d %H:%M' does not name year, month, day, hour"),
        (
            "%Y-%m-%d %H:%M",
            "%Y-%m-%d %I:%M",
            "'%Y-%m-%d %I:%M' does not name year, month, day, hour and minute, with %p",
        ),
        ("%Y-%m-%d %H:%M", "%Y-%m-%d", "'%Y-%m-%d' does not name year, month, day, hour and minute"),
        ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M %Q", "is no form of a time"),
        ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M %Z", "asks for a zone's name, which names no offset"),
        ('ended = "closed"', 'ended = ""', "columns.ended: string should have at least 1 character"),
        (', ended = "closed"', "", "columns.ended and endings go together"),
        ('"1" = "ward-1"', '"1" = "Ward 1"', "premises.values.1: 'Ward 1' is not written as it must be"),
        ('"1" = "ward-1"', "", "premises: no value of the column means anything"),
        ('column = "ward", ', "", "premises: give column with values, or always"),
        ('column = "ward", ', 'always = "ward-1", ', "premises: always leaves nothing to choose"),
        ('"1" = "ward-1"', '" 1" = "ward-1"', "premises: values: ' 1' has blanks around it"),
        ('"done" = "completed"', '"done" = "repaired"', "endings.values.done: 'repaired' is none of 'completed'"),
        ('asset = "lamp", ', "", "kinds.values.Lamp.asset: is missing"),
        ('fault = "out"', 'fault = "out", danger = 1', "kinds.values.Lamp.danger: is not a key that is known here"),
        ('name = "A town"', 'name = "A town"\nfile.delimiter = ";;"', "file.delimiter: ';;' is not one character"),
        ('name = "A town"', 'name = "A town"\nfile.delimiter = \'"\'', "delimiter and quote are the same character"),
        ('name = "A town"', 'name = "A town"\nfile.encoding = "utf-16"', "'utf-16' is no encoding that keeps ASCII"),
        ('name = "A town"', 'name = "A town"\nfile.encoding = "base64"', "'base64' is no encoding that keeps ASCII"),
        ('name = "A town"', 'name = "A town"\nfile.encoding = "klingon"', "'klingon' is no encoding that keeps ASCII"),
        ('name = "A town"', "name = ", "town.toml: is no TOML"),
        (
            'name = "A town"',
            'name = "A town"\nstatus = { column = "state", open = ["A", "B"], ended = ["B"] }',
            "status: 'B' is in open and in ended",
        ),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_file_key_and_reason(old: str, new: str, sentence: str) -> None:
    said = refusal(changed(old, new))
    assert said.startswith("town.toml: ")
    assert sentence in said


def test_a_status_without_an_end_is_refused() -> None:
    without = changed(', ended = "closed"', "").replace(
        'endings = { column = "how", values = { "done" = "completed" } }', ""
    )
    assert mapping_from_toml(without, "town.toml").endings is None
    said = refusal(
        without.replace('name = "A town"', 'name = "A town"\nstatus = { column = "s", open = ["o"], ended = ["e"] }')
    )
    assert "status tells open from ended, but columns.ended names no column" in said


def test_a_mapping_that_is_not_there_is_refused_by_its_name() -> None:
    with pytest.raises(MappingError, match=r"nowhere\.toml: cannot be read: No such file"):
        load_mapping(BOSTON / "nowhere.toml")
