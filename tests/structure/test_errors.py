"""Every error the product can show: one code, a sentence in both languages, no value that could be a secret."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string

import cti
from cti.errors import ConnectorError
from tools import error_table


def every_error() -> list[type[ConnectorError]]:
    for module in pkgutil.walk_packages(cti.__path__, "cti."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    found: list[type[ConnectorError]] = []
    waiting = list(ConnectorError.__subclasses__())
    while waiting:
        error = waiting.pop()
        found.append(error)
        waiting += error.__subclasses__()
    # Tests make errors of their own, and stand in the same process where more than this file is run.
    return [error for error in found if "code" in vars(error) and error.__module__.split(".")[0] == "cti"]


def test_codes_are_unique_and_in_kebab_case():
    codes = [error.code for error in every_error()]
    assert len(codes) > 10
    assert sorted(codes) == sorted(set(codes))
    assert not [code for code in codes if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)]


def test_each_error_has_a_sentence_in_polish_and_in_english_with_the_same_values():
    for error in every_error():
        assert error.pl.strip().endswith((".", "!")), error
        assert error.en.strip().endswith((".", "!")), error
        assert error.pl != error.en, error
        values = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (error.pl, error.en)]
        assert values[0] == values[1], error


def test_no_sentence_takes_a_value_that_could_be_secret():
    banned = {"key", "password", "secret", "token", "hash", "signed_request", "number"}
    for error in every_error():
        names = {name for _, name, _, _ in string.Formatter().parse(error.pl + error.en) if name}
        assert not names & banned, error


def test_the_page_of_errors_is_the_one_the_classes_make():
    listed = {error.code for error in error_table.errors()}
    ours = {error.code for error in every_error() if error.__module__.startswith("cti.")}
    assert ours - listed == {"fcc-error"}, "only a base class has no row"
    assert not error_table.ADVICE.keys() - listed, "advice for a code that is gone"
    assert error_table.TARGET.read_text(encoding="utf-8") == error_table.page(), "run: python -m tools.error_table"
