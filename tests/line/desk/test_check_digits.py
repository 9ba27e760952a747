"""Check digits: published vectors, and the slips that they catch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.check_digits import CHECKS, damm, luhn, verhoeff

NUMBERS = st.text("0123456789", min_size=1, max_size=10)


# The examples with which each method is explained everywhere.
@pytest.mark.parametrize(
    ("check", "digits", "expected"),
    [
        (damm, "572", "4"),
        (luhn, "7992739871", "3"),
        (verhoeff, "236", "3"),
        (verhoeff, "12345", "1"),
        (verhoeff, "142857", "0"),
    ],
)
def test_the_published_example_comes_out(check, digits, expected):
    assert check(digits) == expected


@pytest.mark.parametrize(
    "number",
    [
        "17349013",
        "17349021",
        "17349037",
        "17349045",
        "17349059",
        "17349068",
        "17349076",
        "17349084",
        "1734900",
    ],
)
def test_the_sample_desk_carries_damm_digits(number):
    assert damm(number[:-1]) == number[-1]


def test_the_one_sample_number_without_a_valid_digit():
    assert damm("2173490") != "0"


# "Zeros in front change nothing": why a length is checked as well.
def test_damm_ignores_zeros_in_front():
    assert damm("073490") == damm("73490")


@pytest.mark.parametrize("name", ["luhn", "damm", "verhoeff"])
@given(data=st.data())
def test_one_wrong_digit_is_always_caught(name, data):
    check = CHECKS[name]
    digits = data.draw(NUMBERS)
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))

    slipped = digits[:place] + other + digits[place + 1 :]

    assert check(slipped) != check(digits)


# "Damm and Verhoeff catch all single errors and all neighbour swaps; Luhn misses 09 <-> 90."
@pytest.mark.parametrize("check", [damm, verhoeff])
@given(data=st.data())
def test_two_neighbours_swapped_are_caught(check, data):
    digits = data.draw(st.text("0123456789", min_size=2, max_size=10))
    whole = digits + check(digits)
    place = data.draw(st.integers(0, len(whole) - 2))
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]

    assert (check(swapped[:-1]) == swapped[-1]) == (swapped == whole)


def test_luhn_misses_zero_and_nine_swapped():
    assert luhn("1091") == luhn("1901")
