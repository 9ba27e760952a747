"""Case numbers as they are keyed and typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.errors import SettingsError
from ivr.line.desk.cases import CaseNumbers, Reading

# The sample desk: optional C and eight digits, seven are the legacy form, key 2 may stand for C.
ACME = CaseNumbers()
DAMM = CaseNumbers(prefix="C", lengths=frozenset({7, 8}), prefix_key=True, check_digit="damm")
PLAIN = CaseNumbers(prefix="C", lengths=frozenset({8}), prefix_key=False, check_digit="none")
EIGHT = CaseNumbers(prefix="C", lengths=frozenset({8}), prefix_key=True, check_digit="none")
LONG = CaseNumbers(prefix="ACME", lengths=frozenset({4}), prefix_key=True)
GAPPED = CaseNumbers(prefix="", lengths=frozenset({6, 8}), prefix_key=False)


@pytest.mark.parametrize(
    ("numbers", "keyed", "kind", "candidates"),
    [
        # "0 alone + (# | time-out) -> operator; 0 + digit -> part of number", and scenario S13
        (ACME, "0", "operator", ()),
        (ACME, "07349015", "accepted", ("07349015",)),
        (ACME, "00000000", "accepted", ("00000000",)),
        (ACME, "00", "too_short", ()),
        # the number as it is meant to be keyed, in both lengths
        (ACME, "17349013", "accepted", ("17349013",)),
        (ACME, "1734900", "accepted", ("1734900",)),
        (PLAIN, "17349013", "accepted", ("17349013",)),
        # "len < min -> too short; len > max (after the prefix rule) -> too long", and S12
        (ACME, "", "too_short", ()),
        (ACME, "1734", "too_short", ()),
        (ACME, "173490131", "too_long", ()),
        (ACME, "2173490131", "too_long", ()),
        (GAPPED, "1234567", "too_short", ()),
        (GAPPED, "123456789", "too_long", ()),
        # "first digit is the key of the prefix letter (C -> 2) and len-1 is an allowed length ->
        # the reading without it is a candidate", and S14
        (ACME, "217349013", "accepted", ("17349013",)),
        (PLAIN, "217349013", "too_long", ()),
        (EIGHT, "21734900", "accepted", ("21734900",)),
        (ACME, "2173490", "accepted", ("2173490",)),
        (LONG, "22631234", "accepted", ("1234",)),
        (LONG, "22634", "too_long", ()),
        # "ambiguity: 1) check digit decides; 2) ask"
        (ACME, "21734900", "ambiguous", ("21734900", "1734900")),
        (DAMM, "21734900", "accepted", ("1734900",)),
        # "check digit bad -> that number doesn't look right"
        (DAMM, "17349013", "accepted", ("17349013",)),
        (DAMM, "17349012", "bad_check", ()),
        (DAMM, "21734901", "bad_check", ()),
        # "normalise(raw): keep 0-9"
        (ACME, "1734D9013*", "accepted", ("17349013",)),
    ],
)
def test_what_is_keyed_is_read_by_the_rule(numbers, keyed, kind, candidates):
    assert numbers.read(keyed) == Reading(kind, candidates)


# A digit in front changes the check digit: of the two readings only one can carry the right one.
@given(st.text("0123456789", min_size=7, max_size=7), st.sampled_from(["luhn", "damm", "verhoeff"]))
def test_a_check_digit_always_settles_the_prefix_key(digits, check):
    numbers = CaseNumbers("C", frozenset({7, 8}), prefix_key=True, check_digit=check)

    assert numbers.read("2" + digits).kind in ("accepted", "bad_check")


# "operator may type C-1734 9013"; a typed letter is meant, so nothing typed is ambiguous.
@pytest.mark.parametrize(
    ("numbers", "text", "kind", "candidates"),
    [
        (ACME, "C-1734 9013", "accepted", ("17349013",)),
        (ACME, "c17349013", "accepted", ("17349013",)),
        (ACME, " 1734.9013\n", "accepted", ("17349013",)),
        (ACME, "C‑1734–9013", "accepted", ("17349013",)),
        (ACME, "Ｃ１７３４９０１３", "accepted", ("17349013",)),
        (ACME, "C21734900", "accepted", ("21734900",)),
        (ACME, "21734900", "accepted", ("21734900",)),
        (ACME, "C1734900", "accepted", ("1734900",)),
        (DAMM, "C21734900", "bad_check", ()),
        (ACME, "C1734", "too_short", ()),
        (ACME, "0", "too_short", ()),
        (ACME, "C173490131", "too_long", ()),
        (ACME, "C1734O013", "unreadable", ()),
        (ACME, "CC1734901", "unreadable", ()),
        (ACME, "٣٧٣٤٩٠١٣", "unreadable", ()),
        (ACME, "", "unreadable", ()),
        (GAPPED, "123456", "accepted", ("123456",)),
    ],
)
def test_what_is_typed_is_read_by_the_rule(numbers, text, kind, candidates):
    assert numbers.typed(text) == Reading(kind, candidates)


# "auto-submit when len == max and pattern has fixed length; if allow_prefix_key and the first digit
# is the prefix key, max becomes max+1 (otherwise the last digit is cut off)"
@pytest.mark.parametrize(
    ("numbers", "keyed", "complete"),
    [
        (PLAIN, "1734901", False),
        (PLAIN, "17349013", True),
        (PLAIN, "21734900", True),
        (EIGHT, "17349013", True),
        (EIGHT, "21734901", False),
        (EIGHT, "217349013", True),
        (ACME, "17349013", False),
        (ACME, "217349013", False),
    ],
)
def test_an_entry_submits_itself_when_no_further_key_could_belong(numbers, keyed, complete):
    assert numbers.complete(keyed) is complete


@pytest.mark.parametrize(("numbers", "most"), [(ACME, 9), (PLAIN, 8), (LONG, 8), (GAPPED, 8)])
def test_the_prefix_may_take_keys_too(numbers, most):
    assert numbers.max_keys == most


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ({"lengths": frozenset()}, "lengths: case numbers need at least one"),
        ({"lengths": frozenset({0, 8})}, "1 digit or more"),
        ({"check_digit": "mod97"}, "use one of none, luhn, damm, verhoeff"),
        ({"prefix": "c"}, "capital letters"),
        ({"prefix": "", "prefix_key": True}, "prefix_key: true needs a prefix"),
    ],
)
def test_a_senseless_rule_is_refused(setting, complaint):
    with pytest.raises(SettingsError, match=complaint):
        CaseNumbers(**setting)


@given(
    keyed=st.text("0123456789", max_size=12),
    lengths=st.frozensets(st.integers(1, 10), min_size=1, max_size=3),
    prefix_key=st.booleans(),
    check=st.sampled_from(["none", "luhn", "damm", "verhoeff"]),
)
def test_whatever_is_accepted_has_an_allowed_length_and_was_keyed(
    keyed, lengths, prefix_key, check
):
    numbers = CaseNumbers("C", lengths, prefix_key, check)

    reading = numbers.read(keyed)

    count = {"accepted": 1, "ambiguous": 2}.get(reading.kind, 0)
    assert len(reading.candidates) == count
    for digits in reading.candidates:
        assert len(digits) in lengths
        assert keyed in (digits, "2" + digits)
        assert len(keyed) <= numbers.max_keys


@given(st.sampled_from([PLAIN, EIGHT]), st.text("0123456789", max_size=10), st.sampled_from("0123"))
def test_what_is_complete_gets_worse_with_another_key(numbers, keyed, key):
    if numbers.complete(keyed):
        assert numbers.read(keyed + key).kind == "too_long"
