"""Text as a person sees it, for reading what people and machines wrote into a field.

What is pasted from web pages, documents and messengers holds characters that nobody sees, and others that only look
like those of a keyboard. Source: Unicode Standard Annexes #15 (NFKC) and #44 (categories).
"""

from __future__ import annotations

import unicodedata
from typing import Final

_DASHES: Final = frozenset("\u2212\u2043\u02d7\u30fc")
_LINE_BREAKS: Final = frozenset("\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
_ALIKE: Final = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_LINE_BREAKS, "\n"),
    **dict.fromkeys("\u00b7\u2027\u2219\u22c5", "."),
    **dict.fromkeys("\u2044\u2215", "/"),
    **dict.fromkeys("\u2795\u02d6", "+"),
    **dict.fromkeys("\u115f\u1160\u3164\uffa0", ""),
    "\u2022": ",",
}
"""What looks like another sign, and is not made it by NFKC; the fillers of Hangul are letters that nobody sees."""
_MARKS: Final = frozenset({"Mn", "Me"})
_LOOKS: Final = {"Pd": "-", "Zs": " ", "So": " "}

_CONTROLS: Final = {
    **dict.fromkeys((*range(32), 127)),
    **{ord(each): "\n" for each in _LINE_BREAKS if each.isascii()},
    ord("\t"): " ",
    0x1F: " ",
}
"""What becomes of ASCII's control characters; each other stays as it is."""


def plain(text: str) -> str:
    """The text as a person sees it, in the plainest characters that look so: for reading, not for keeping.

    Compatibility forms are resolved (NFKC), characters of no width go, every script's digits become 0 to 9, dashes a
    hyphen, blanks a space, pictures too, and line breaks a line feed. A raised or circled digit is a mark beside a
    number, not a part of it: it becomes a comma. Blanks at the ends go.
    """
    if text.isascii():
        return text.translate(_CONTROLS).strip()
    seen = "".join(_ALIKE.get(each, each) for each in text if _is_seen(each))
    marked = "".join("," if unicodedata.category(each) == "No" else each for each in seen)
    kept: list[str] = []
    for each in unicodedata.normalize("NFKC", marked):
        if unicodedata.category(each) not in _MARKS or (kept and kept[-1].isalpha()):
            kept.append(_look(each))
    return "".join(kept).strip()


def _is_seen(each: str) -> bool:
    category = unicodedata.category(each)
    return category not in {"Cf", "Cs"} and (category != "Cc" or each.isspace())


def _look(each: str) -> str:
    if each.isascii():
        return each.translate(_CONTROLS)
    if (digit := unicodedata.decimal(each, None)) is not None:
        return str(digit)
    return _LOOKS.get(unicodedata.category(each), each)
