"""Numbers in words."""

from reporting.text import number, plain


def test_only_zero_is_written_as_zero():
    written = {0.0: "0.00", 0.006: "0.01", 0.004: "0.004", 2.4e-5: "0.00002", 1e-9: "1e-09"}
    assert {value: number(value) for value in written} == written


def test_a_small_number_is_written_without_an_exponent():
    assert [plain(value, 2) for value in (0.1, 0.0049, 7.23e-5)] == ["0.1", "0.0049", "0.000072"]
