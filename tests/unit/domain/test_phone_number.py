"""Numbers: parsed once, compared by what they mean."""

from __future__ import annotations

import json
import time
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cti.domain.phone_number import Kind, agrees, display, numbers, parse, spellings

#: Read by tests/js/words.test.mjs as well.
WRITTEN = json.loads((Path(__file__).parents[2] / "js" / "numbers.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("+48 22 111 22 33", "+48221112233"),
        ("(22) 555-01-99", "+48225550199"),
        ("22 111 22 34", "+48221112234"),
        ("600 100 200", "+48600100200"),
        ("600-100-300", "+48600100300"),
        ("0048 600 100 400", "+48600100400"),
        ("48600100200", "+48600100200"),
        ("022 555 01 99", "+48225550199"),
        ("(0-22) 555 01 99", "+48225550199"),
        ("sip:+48600100200@acme.fcc.example;user=phone", "+48600100200"),
        ("tel:+48600100200;phone-context=example", "+48600100200"),
        ("600 100 200 wew. 12", "+48600100200"),
        ("600100200 x12", "+48600100200"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("+44\u00a020\u00a07946\u00a00958", "+442079460958"),
        # characters that nobody sees, and others that look like those of a telephone
        ("\u202a+48600100200\u202c", "+48600100200"),
        ("\u2068+48 600 100 200\u2069", "+48600100200"),
        ("\ufeff600\u200b100200", "+48600100200"),
        ("600\u00ad100\u00ad200", "+48600100200"),
        ("600\u2009100\u2009200", "+48600100200"),
        ("600\u3000100\u3000200", "+48600100200"),
        ("600\t100\t200", "+48600100200"),
        ("600\u2212100\u2212200", "+48600100200"),
        ("600\ufe58100\uff0d200", "+48600100200"),
        ("600\u00b7100\u00b7200", "+48600100200"),
        ("\uff0b48600100200", "+48600100200"),
        ("\u279548600100200", "+48600100200"),
        ("+\u0664\u0668\u0666\u0660\u0660\u0661\u0660\u0660\u0662\u0660\u0660", "+48600100200"),
        ("\uff16\uff10\uff10 \uff11\uff10\uff10 \uff12\uff10\uff10", "+48600100200"),
        ("\u096c\u0966\u0966 100 200", "+48600100200"),
        ("6\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e3100200", "+48600100200"),
        ("600\ufffd100\ufffd200", "+48600100200"),
        # zeros of a trunk, and prefixes twice
        ("+48 (0) 22 123 45 67", "+48221234567"),
        ("+48 (0)22 123 45 67", "+48221234567"),
        ("+48 0 22 123 45 67", "+48221234567"),
        ("0048 022 123 45 67", "+48221234567"),
        ("(+48) 022 123 45 67", "+48221234567"),
        ("48 022 123 45 67", "+48221234567"),
        ("+0048 600 100 200", "+48600100200"),
        ("+49 (0) 171 1234567", "+491711234567"),
        ("+420 (0) 601 123 456", "+420601123456"),
        ("+39 06 6988 1234", "+390669881234"),
        # extensions
        ("22 123 45 67 wewn. 15", "+48221234567"),
        ("22 123 45 67 wewn\u0119trzny 15", "+48221234567"),
        ("22 123 45 67 nr wew.: 15", "+48221234567"),
        ("22 123 45 67 w. 3", "+48221234567"),
        ("22 123 45 67w3", "+48221234567"),
        ("22 123 45 67, w 3", "+48221234567"),
        ("22 123 45 67 (wew. 15)", "+48221234567"),
        ("22 123 45 67 (15)", "+48221234567"),
        ("22 123 45 67 int. 5", "+48221234567"),
        ("22 123 45 67 extension 12", "+48221234567"),
        ("22 123 45 67 Ext 12", "+48221234567"),
        ("22 123 45 67 EXT.12", "+48221234567"),
        ("22 123 45 67 #12", "+48221234567"),
        ("22 123 45 67,,12", "+48221234567"),
        ("22 123 45 67;12", "+48221234567"),
        ("22 123 45 67 DW 12", "+48221234567"),
        ("22 123 45 67 \u0434\u043e\u0431. 12", "+48221234567"),
        ("22 123 45 67 wewn. 15 lub 16", "+48221234567"),
        ("22 123 45 67 w godz. 8-16", "+48221234567"),
        ("33 123 45 67/68", "+48331234567"),
        # labels, remarks, addresses
        ("tel. 22 123 45 67", "+48221234567"),
        ("tel.600100200", "+48600100200"),
        ("Tel./fax: 22 123 45 67", "+48221234567"),
        ("\u260e 22 123 45 67", "+48221234567"),
        ("Anna \u2013 600 100 200", "+48600100200"),
        ("600 100 200 (Anna)", "+48600100200"),
        ("(Anna) 600 100 200", "+48600100200"),
        ("600 100 200 - po 16", "+48600100200"),
        ("600 100 200 (po 16:00)", "+48600100200"),
        ("600 100 200\u00b9", "+48600100200"),
        ("600 100 200 jan2@acme.example", "+48600100200"),
        ("callto:+48600100200", "+48600100200"),
        ("CALLTO://+48600100200?call", "+48600100200"),
        ("tel:%2B48600100200;ext=15", "+48600100200"),
        ("+48600100200@acme.fcc.example", "+48600100200"),
        ('"Anna Nowak" <sip:+48600100200@acme.fcc.example>;tag=a', "+48600100200"),
        ("022/123 45 67", "+48221234567"),
        ("22 123\n45 67", "+48221234567"),
    ],
)
def test_a_number_is_read_as_people_and_switches_write_it(text: str, e164: str) -> None:
    number = parse(text, "PL")
    assert (number.kind, number.e164, number.searchable) == (Kind.PUBLIC, e164, True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("anonymous", Kind.WITHHELD),
        ("sip:anonymous@anonymous.invalid", Kind.WITHHELD),
        ("", Kind.WITHHELD),
        ("40312", Kind.INTERNAL),
        ("112", Kind.SHORT),
        ("19115", Kind.SHORT),
        ("brak", Kind.INVALID),
        ("+48 123", Kind.INVALID),
        ("1-800-FLOWERS", Kind.INVALID),
        ("22 111 22 33 22 111 22 33", Kind.INVALID),
        ("javascript:alert(600100200)", Kind.INVALID),
        ("anonymous@anonymous.invalid", Kind.WITHHELD),
        ("sip:thisis@anonymous.invalid", Kind.WITHHELD),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a', Kind.WITHHELD),
        ("numer zastrze\u017cony", Kind.WITHHELD),
        ("NUMER ZASTRZEZONY", Kind.WITHHELD),
        ("numer zastrzez\u0307ony", Kind.WITHHELD),
        ("Nr prywatny", Kind.WITHHELD),
        ("nieznany numer", Kind.WITHHELD),
        ("Private Number", Kind.WITHHELD),
        ("Caller ID blocked", Kind.WITHHELD),
        ("\u200b", Kind.WITHHELD),
        ("tel. 40312", Kind.INTERNAL),
        ("tel:40312;phone-context=acme", Kind.INTERNAL),
        ("40312 wew. 5", Kind.INTERNAL),
        ("tel. 112", Kind.SHORT),
        ("pok\u00f3j 112", Kind.INVALID),
        ("wewn. 15", Kind.INVALID),
        ("1 800 FLOWERS", Kind.INVALID),
        ("+1-800-FLOWERS", Kind.INVALID),
        ("600 100 200abc", Kind.INVALID),
        ("abc600100200", Kind.INVALID),
        ("*72700123456", Kind.INVALID),
        ("#600100200", Kind.INVALID),
        ("*21*600100200#", Kind.INVALID),
        ("0%23*72700123456", Kind.INVALID),
        ("+39 0847711", Kind.INVALID),
        ("prywatny: kto to", Kind.INVALID),
    ],
)
def test_what_is_no_public_number_is_not_searched(text: str, kind: Kind) -> None:
    number = parse(text, "PL")
    assert (number.kind, number.e164, number.searchable) == (kind, None, False)


@pytest.mark.parametrize(
    "text",
    [
        "600 100 200, 601 200 300",
        "600100200,601200300",
        "600 100 200; 601 200 300",
        "600 100 200 / 601 200 300",
        "600 100 200/601 200 300",
        "600 100 200 | 601 200 300",
        "600 100 200 - 601 200 300",
        "600 100 200 (601 200 300)",
        "600 100 200 lub 601 200 300",
        "600 100 200 i 601 200 300",
        "600 100 200 or 601 200 300",
        "600 100 200\n601 200 300",
        "600 100 200\r\n601 200 300",
        "600 100 200\u2028601 200 300",
        "600 100 200 + 601 200 300",
        "+48600100200+48601200300",
        "+48 600 100 200 +48 601 200 300",
        "48 600 100 200 / 48 601 200 300",
        "Anna 600 100 200, Jan (praca) 601 200 300 wew. 5",
        "tel. 600 100 200 tel. dom. 601 200 300",
        "\u2460 600 100 200 \u2461 601 200 300",
        "\u2022 600 100 200 \u2022 601 200 300",
        "tel:600100200; 601 200 300",
        "600 100 200, 600 100 200, 601 200 300",
    ],
)
def test_two_numbers_in_one_field_are_two_and_the_first_is_the_one_to_call(text: str) -> None:
    assert [number.e164 for number in numbers(text, "PL")] == ["+48600100200", "+48601200300"]
    assert parse(text, "PL").e164 == "+48600100200"
    assert agrees(text, "+48600100200", "PL")
    assert agrees(text, "+48601200300", "PL")
    assert not agrees(text, "+48602300400", "PL")


@given(st.integers(min_value=10, max_value=999_999).map(str), st.sampled_from(["", "-", " ", "/"]))
@settings(max_examples=200, deadline=None)
def test_few_digits_are_no_public_number_of_any_country(digits: str, between: str) -> None:
    assert parse(between.join(digits), "PL").e164 is None


def test_a_slash_groups_one_number_or_parts_two() -> None:
    found = numbers("022/123 45 67 / 022/123 45 68", "PL")
    assert [number.e164 for number in found] == ["+48221234567", "+48221234568"]


def test_of_a_text_that_is_cut_no_beginning_of_a_number_is_taken_for_one() -> None:
    assert parse("x" * 70 + " 600 100 200 300", "PL").kind is Kind.INVALID
    assert parse("600 100 200 " + "x" * 200, "PL").e164 == "+48600100200"


@pytest.mark.parametrize("piece", ["1/", "(", "22/", " 1 -", "+1", "60010020/", "\ufdfa", "w1"])
def test_no_text_takes_long_to_read(piece: str) -> None:
    began = time.process_time()
    numbers(piece * 10_000, "PL")
    assert time.process_time() - began < 0.5


def test_boxes_of_a_digit_each_are_one_number() -> None:
    assert parse("6/0/0/1/0/0/2/0/0", "PL").e164 == "+48600100200"


def test_of_many_parts_few_are_tried_together(monkeypatch: pytest.MonkeyPatch) -> None:
    tried, parse_one = [], phonenumbers.parse
    monkeypatch.setattr(phonenumbers, "parse", lambda *number: tried.append(number) or parse_one(*number))
    numbers("1/" * 40, "PL")
    assert len(tried) < 500


def test_the_same_text_means_another_number_in_another_country() -> None:
    assert parse("0171 1234567", "DE").e164 == "+491711234567"
    assert parse("600100200", "PL").e164 != parse("600100200", "ES").e164


def test_a_number_is_shown_as_its_country_writes_it() -> None:
    assert display("+48600100200", "PL") == "600 100 200"
    assert display("+442079460958", "PL") == "+44 20 7946 0958"
    assert display("40312", "PL") == "40312"


@pytest.mark.parametrize("who", ["byBoth", "byServer"])
def test_the_pane_shows_a_number_as_the_server_does(who: str) -> None:
    shown = WRITTEN["shown"][who]
    assert {number: display(number, "PL") for number in shown} == shown


@pytest.mark.assumed("A86")
def test_the_pane_knows_a_withheld_number_as_the_server_does() -> None:
    assert {parse(text, "PL").kind for text in WRITTEN["withheld"]} == {Kind.WITHHELD}
    assert Kind.WITHHELD not in {parse(text, "PL").kind for text in WRITTEN["notWithheld"]}


def test_an_extension_does_not_part_a_number_from_itself() -> None:
    assert agrees("22 111 22 33 wew. 5", "+48221112233", "PL")


def test_two_numbers_that_only_end_alike_do_not_agree() -> None:
    assert not agrees("+1 600 100 200", "+48600100200", "PL")
    assert not agrees("0049 600100200", "+48600100200", "PL")
    assert not agrees("100200", "+48600100200", "PL")


def test_spellings_of_nonsense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        spellings("nonsense", "PL")


mobiles = st.integers(min_value=0, max_value=9_999_999).map(lambda n: f"+4860{n:07d}")


@given(mobiles)
@settings(max_examples=100, deadline=None)
def test_every_spelling_of_a_number_agrees_with_it(e164: str) -> None:
    for spelling in spellings(e164, "PL"):
        assert agrees(spelling, e164, "PL"), spelling
        assert parse(spelling, "PL").e164 == e164


@given(mobiles, mobiles)
@settings(max_examples=100, deadline=None)
def test_spellings_of_different_numbers_do_not_agree(one: str, other: str) -> None:
    assume(one != other)
    assert not any(agrees(spelling, other, "PL") for spelling in spellings(one, "PL"))


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read_without_an_error(text: str) -> None:
    number = parse(text, "PL")
    assert (number.e164 is not None) == (number.kind is Kind.PUBLIC)
    assert parse(number.value, "PL").e164 == number.e164


#: What nobody sees, or sees as nothing: marks of direction, joiners, shy hyphens, selectors.
UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2069\ufeff\u00ad\u034f\ufe0f\u3164"
BLANKS = " \t\u00a0\u2002\u2009\u200a\u202f\u205f\u3000"
GROUPING = BLANKS + "-.\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d\u00b7"
DIGITS = [0x30, 0x660, 0x6F0, 0x966, 0xFF10, 0x1D7CE]


@given(mobiles, st.data())
@settings(max_examples=200, deadline=None)
def test_formatting_characters_anywhere_leave_the_number_the_same(e164: str, data: st.DataObject) -> None:
    written = data.draw(st.sampled_from([e164, e164[1:], "00" + e164[1:], e164[3:], "0" + e164[3:]]))
    apart = st.text(st.sampled_from(UNSEEN), max_size=2)
    text = ""
    for each in written:
        zero = data.draw(st.sampled_from(DIGITS))
        looks = chr(zero + int(each)) if each.isdigit() else data.draw(st.sampled_from("+\uff0b\ufe62\ufb29"))
        text += data.draw(apart) + looks + data.draw(apart)
        if each.isdigit():
            text += data.draw(st.sampled_from(["", *GROUPING]))
    assert parse(text, "PL").e164 == e164, ascii(text)
    assert agrees(f"tel. {text} (Anna), 601 200 300", e164, "PL"), ascii(text)


@given(mobiles, mobiles, st.sampled_from([", ", "; ", " / ", "/", " lub ", "\n", " + "]))
@settings(max_examples=100, deadline=None)
def test_any_two_numbers_in_a_field_are_both_found(one: str, other: str, between: str) -> None:
    assume(one != other)
    for spelling in spellings(one, "PL"):
        found = numbers(spelling + between + display(other, "PL"), "PL")
        assert [number.e164 for number in found] == [one, other], spelling
