"""Telephone numbers in the text around them: addresses, labels, remarks, extensions, two numbers in one field.

Text alone: whether digits make a number that there is, `phone_number` says. People write a field for people, so a
number is found beside words; what is glued to letters or to signs of another language (`*72…`, `alert(600…)`, `…x7%2C`)
is none, for nobody knows what it means. Sources: RFC 3261, section 19.1 (SIP addresses); RFC 3966 (`tel:`); RFC 3323,
section 4.1.1.3 (`anonymous.invalid`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ANONYMOUS: Final = re.compile(r"@anonymous\.invalid\b", re.IGNORECASE)
_SIP: Final = re.compile(r"(?:[^<>]*<)?\s*sips?:(?P<user>[^@;?>]*)", re.IGNORECASE | re.DOTALL)
_LINK: Final = re.compile(r"(?:[^<>]*<)?\s*(?:tel|callto):(?://)?(?P<rest>[^<>]*)", re.IGNORECASE | re.DOTALL)
_USER_AT_HOST: Final = re.compile(r"(?P<user>\+?\d+)@[a-z0-9.\-]+(?:[:;].*)?", re.IGNORECASE)
_PARAMETER: Final = re.compile(r";\s*[a-z\-]+=[^;,\s]*", re.IGNORECASE)

_ABOUT_WITHHELD: Final = r"(?:numer|nr|telefon|dzwoniacy|number|caller|call|phone|id|the|is)"
_NAMES_WITHHELD: Final = re.compile(
    rf"(?:{_ABOUT_WITHHELD} )*(?:anonymous|anonim|anonimowy|restricted|zastrzezony|private|prywatny|unavailable"
    rf"|not available|niedostepny|unknown|nieznany|withheld|hidden|ukryty|blocked|zablokowany)(?: {_ABOUT_WITHHELD})*"
)

_MARKS: Final = (
    "wewnetrzn[aey]|wewnetrznego|wewn|wew|w",
    "extension|exten|extn|ext|xtn|x",
    "interno|internal|int",
    "durchwahl|dw|apparat|app|nebenstelle|nst|klappe|klapka|linka|kl|poste|anexo|доб|вн",
)
_MORE_DIGITS: Final = r"(?![\s.\-/]*\d)"
_EXTENSION: Final = re.compile(
    rf"(?:(?<![^\W\d_])(?:{'|'.join(_MARKS)})[\s.:=]*|[#~]\s*|(?<=\d)[,;p]+)\d{{1,7}}+{_MORE_DIGITS}"
)
"""What stands for an extension, in the languages of the country and its neighbours; digits sent after a pause too."""
_RUN: Final = re.compile(
    r"""(?<![^\s.,:;/|)\]"'<>\-])(?>[(\[\s]*\+*[(\[\s]*\d(?:[\s()\[\]./\-]*\d)*)(?![\w%*@=])""",
)
"""Digits with what groups them. Atomic: of what is glued to a letter, no beginning is taken for a number."""
_AND: Final = re.compile(r"(?<=\d)\s*\+(?=\s)")
_NEXT: Final = re.compile(r"(?<=\d)\s*(?=\+)")
_LABELS: Final = re.compile(
    r"tele?|telefony?|telefoniczny|phone|telephone|kom|komorka|komorkowy|mob|mobile|cell|gsm|sms|fax|faks"
    r"|numer|number|lub|albo|oraz|i|or|and"
)
_PLAIN_REST: Final = re.compile(r"""[\s.,:;/|()\[\]"'<>\-]*""")
_WORD: Final = re.compile(r"[^\W\d_]+")
_BETWEEN: Final = (re.compile(r"[/\n]|\s-+\s"), re.compile(r"[/\n()\[\]]|\s-+\s"))


class Found(NamedTuple):
    """What a text holds: its runs of digits in their order, and whether besides them it has labels at most.

    A few digits among words of another kind (`pokój 112`) are no number.
    """

    runs: tuple[str, ...]
    only_labels: bool


def bare(text: str) -> str:
    """What an address says the number is, nothing for one without a person; text that is no address stays as it is."""
    if _ANONYMOUS.search(text):
        return ""
    if match := _SIP.match(text) or _USER_AT_HOST.fullmatch(text):
        return unquote(match["user"])
    if match := _LINK.match(text):
        return _PARAMETER.sub("", unquote(match["rest"]))
    return text


def is_withheld(text: str) -> bool:
    """Whether the text says that a caller does not show the number; nothing at all says so too."""
    folded = _folded(text)
    return not text or (
        re.search(r"\d", folded) is None and _NAMES_WITHHELD.fullmatch(" ".join(_WORD.findall(folded))) is not None
    )


def find(text: str) -> Found:
    """The runs of digits that may be numbers; `text` is plain (see `plain_text`) and bare."""
    told = _EXTENSION.sub(" , ", _folded(text))
    told = _NEXT.sub(" ,", _AND.sub(" , ", told))
    rest = _WORD.sub(lambda word: " " if _LABELS.fullmatch(word[0]) else word[0], _RUN.sub(" ", told))
    return Found(
        tuple(run.strip() for run in _RUN.findall(told)),
        _PLAIN_REST.fullmatch(rest) is not None,
    )


def partings(run: str) -> Iterator[Sequence[str]]:
    """The parts that a run may have if it is more than one number, the likeliest parting first.

    A slash, a line break or a dash with blanks parts two numbers, or groups the digits of one (022/123 45 67); brackets
    rather group.
    """
    for between in _BETWEEN:
        yield tuple(part for part in between.split(run) if part and not part.isspace())


def _folded(text: str) -> str:
    """The text in small letters without their marks: people write `zastrzeżony` and `zastrzezony`."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
