"""Numbers in words."""

import pytest

from reporting.text import MINUS, TIMES, in_type, number, plain, score


def test_only_zero_is_written_as_zero():
    written = {0.0: "0.00", 0.006: "0.01", 0.004: "0.004", 2.4e-5: "0.00002"}
    assert {value: number(value) for value in written} == written
    assert number(-1e-9) == f"{MINUS}1{TIMES}10⁻⁹"


@pytest.mark.parametrize(
    ("scale", "written"),
    [
        (
            1.0,
            {-2e-5: "0.00", 0.0049: "0.00", -0.0051: f"{MINUS}0.01", 0.63: "0.63", 12.34: "12.3"},
        ),
        (94.0, {-0.002: "0.0", 0.04: "0.0", 0.06: "0.1", 94.44: "94.4", -120.0: f"{MINUS}120"}),
        (262.0, {0.3: "0", 0.93: "1", 34.2: "34", 1234.5: "1,234"}),
    ],
)
def test_a_column_has_the_digits_of_its_scale(scale, written):
    assert {value: number(value, scale=scale) for value in written} == written


def test_of_a_signed_zero_the_side_is_said():
    values = (0.004, -0.004, 0.005, 0.0)
    assert [score(value, signed=True) for value in values] == [
        *("+0.00", f"{MINUS}0.00", "+0.01", "0.00"),
    ]
    assert [score(value) for value in values[:2]] == ["0.00", "0.00"]
    assert score(None) == "not available"


def test_a_small_number_is_written_without_the_exponent_of_a_program():
    written = {0.1: "0.1", 0.0049: "0.0049", 7.23e-5: "0.000072", 3.84e-8: f"3.8{TIMES}10⁻⁸"}
    assert {value: plain(value, 2) for value in written} == written


def test_formulas_are_typeset():
    reward = "x - 0.1 |a|^2; 5e-7, within +-0.4 if height <= 0.7 or >= 2 (walker-v2)"
    typeset = f"x {MINUS} 0.1 |a|²; 5{TIMES}10⁻⁷, within ±0.4 if height ≤ 0.7 or ≥ 2 (walker-v2)"
    assert in_type(reward) == typeset
