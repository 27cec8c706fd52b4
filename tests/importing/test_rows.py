import codecs

import pytest

from desk.importing.mapping import Dialect
from desk.importing.mapping import Mapping as FileMapping
from desk.importing.remarks import FileRefused, Remark, Why
from desk.importing.rows import LONGEST_LINE, Row
from tests.importing.harness import HEADER, PLUMBING, file_of, mapping, row, rows_of

FIRST = PLUMBING["CASE_ENQUIRY_ID"]


def written_as(**dialect: str) -> FileMapping:
    return mapping().model_copy(update={"file": Dialect.model_validate(dialect)})


def references(found: list[Row | Remark]) -> list[str]:
    return [one.cells["CASE_ENQUIRY_ID"] if isinstance(one, Row) else f"{one.row}: {one.code}" for one in found]


def refusal(content: bytes, by: FileMapping | None = None) -> str:
    with pytest.raises(FileRefused) as found:
        rows_of(content, by)
    return str(found.value)


def test_only_the_columns_of_the_mapping_are_read_and_blanks_around_are_left_out() -> None:
    (found,) = rows_of(file_of([row(TYPE="  Plumbing ", QUEUE="never read")]))
    assert isinstance(found, Row)
    assert found.number == 2
    assert found.cells["TYPE"] == "Plumbing"
    assert "QUEUE" not in found.cells


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"") == "requests.csv is empty: its first row must name the columns."


def test_a_header_alone_holds_no_rows() -> None:
    assert rows_of(file_of([])) == []


def test_a_missing_column_is_named_with_its_key_and_the_nearest_name() -> None:
    said = refusal(file_of([]).replace(b"OPEN_DT", b"OPENED_DT"))
    assert said == (
        "requests.csv: the column 'OPEN_DT', which columns.raised of the mapping names, is missing; "
        "did you mean 'OPENED_DT'."
    )


def test_a_column_that_is_there_twice_is_refused() -> None:
    assert "'TYPE', which kinds.column of the mapping names, is there 2 times" in refusal(
        file_of([]).replace(b"QUEUE", b"TYPE")
    )


def test_other_columns_may_come_and_go_and_stand_in_any_order() -> None:
    names = [name for name in reversed(HEADER) if name not in {"QUEUE", "REASON"}] + ["new one"]
    cells = {**row(), "new one": "x"}
    content = "\n".join([",".join(names), ",".join(cells[name] for name in names)]).encode()
    assert references(rows_of(content)) == [FIRST]


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(mark: bytes, end: bytes) -> None:
    content = mark + file_of([row(), row(CASE_ENQUIRY_ID="2")]).replace(b"\n", end)
    assert references(rows_of(content)) == [FIRST, "2"]


def test_a_last_row_without_a_line_end_is_read() -> None:
    assert references(rows_of(file_of([row()]).rstrip(b"\n"))) == [FIRST]


def test_quotes_may_hold_delimiters_quotes_and_line_ends() -> None:
    content = file_of([row(REASON='He said "now", then\nleft'), row(CASE_ENQUIRY_ID="2")])
    assert references(rows_of(content)) == [FIRST, "2"]


def test_blank_lines_are_no_rows_but_keep_their_numbers() -> None:
    content = file_of([row()]) + b"\n\n" + file_of([row(CASE_ENQUIRY_ID="2")]).partition(b"\n")[2]
    _, second = rows_of(content)
    assert isinstance(second, Row)
    assert second.number == 5


@pytest.mark.parametrize("cells", ["only one", "a,b", ",".join("x" * 15)])
def test_a_row_with_too_few_or_too_many_cells_is_refused_alone(cells: str) -> None:
    content = file_of([row()]) + cells.encode() + b"\n" + file_of([row(CASE_ENQUIRY_ID="2")]).partition(b"\n")[2]
    assert references(rows_of(content)) == [FIRST, "3: wrong-number-of-cells", "2"]


def test_a_quote_in_the_wrong_place_spoils_its_row_alone() -> None:
    bad = file_of([row()]).partition(b"\n")[2].replace(b"Roxbury", b'"Rox"bury')
    found = rows_of(file_of([row()]) + bad + file_of([row(CASE_ENQUIRY_ID="2")]).partition(b"\n")[2])
    assert references(found) == [FIRST, "3: malformed-row", "2"]


def test_a_quote_that_is_never_closed_spoils_what_it_swallows_and_the_reading_ends() -> None:
    bad = file_of([row()]).partition(b"\n")[2].replace(b"Roxbury", b'"Roxbury')
    found = rows_of(file_of([row()]) + bad + file_of([row(CASE_ENQUIRY_ID="2")]).partition(b"\n")[2])
    assert references(found) == [FIRST, "3: malformed-row"]


def test_after_a_huge_cell_the_next_row_is_read() -> None:
    content = file_of([row(), row(REASON="x" * 200_000), row(CASE_ENQUIRY_ID="2")])
    found = rows_of(content)
    assert references(found) == [FIRST, "3: malformed-row", "2"]
    assert isinstance(found[1], Remark)
    assert "field larger than field limit" in found[1].sentence


@pytest.mark.parametrize("filler", ["x", "x,"])
def test_a_line_longer_than_any_memory_should_hold_is_cut_and_refused(filler: str) -> None:
    long = filler * (LONGEST_LINE * 3 // len(filler))
    content = file_of([row()]) + long.encode() + b"\n" + file_of([row(CASE_ENQUIRY_ID="2")]).partition(b"\n")[2]
    found = references(rows_of(content))
    assert len(found) == 3
    assert found[0] == FIRST
    assert found[1].startswith("3: ")
    assert found[2] == "2"


def test_bytes_outside_the_encoding_spoil_only_the_row_in_whose_read_columns_they_stand() -> None:
    content = file_of([row(neighborhood="Rox?bury"), row(CASE_ENQUIRY_ID="2", QUEUE="Pe?a")]).replace(b"?", b"\xf1")
    first, second = rows_of(content)
    assert isinstance(first, Remark)
    assert (first.row, first.reference, first.column, first.code) == (2, FIRST, "neighborhood", Why.WRONG_ENCODING)
    assert "Rox\\udcf1bury" in first.sentence
    assert isinstance(second, Row)


def test_another_encoding_is_read_as_the_mapping_says() -> None:
    content = file_of([row(TYPE="Peña")]).decode().encode("cp1252")
    (found,) = rows_of(content, written_as(encoding="cp1252"))
    assert isinstance(found, Row)
    assert found.cells["TYPE"] == "Peña"


def test_a_file_in_another_encoding_than_the_mapping_says_is_refused() -> None:
    content = file_of([row()]).decode().encode("utf-16")
    assert refusal(content) == "requests.csv is not in utf-8, as file.encoding of the mapping says."


def test_another_delimiter_and_quote_are_read_as_the_mapping_says() -> None:
    content = file_of([row(TYPE="a;b")]).replace(b",", b";").replace(b"a;b", b"'a;b'")
    (found,) = rows_of(content, written_as(delimiter=";", quote="'"))
    assert isinstance(found, Row)
    assert found.cells["TYPE"] == "a;b"


def test_a_file_with_another_delimiter_than_the_mapping_says_is_refused() -> None:
    assert "'CASE_ENQUIRY_ID', which columns.order of the mapping names, is missing" in refusal(
        file_of([row()]).replace(b",", b"\t")
    )


def test_a_picture_is_refused() -> None:
    assert refusal(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR").startswith("requests.csv")
