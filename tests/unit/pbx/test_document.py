"""The document of external-api says what the code does."""

from __future__ import annotations

from openapi_spec_validator import validate

from cti.pbx import assumed, fcc_external_api
from tests.contract.pbx.schema import DOCUMENT, events, functions

NOT_ASKED_YET = {"fcc-create-jwt-token"}


def test_the_document_is_openapi() -> None:
    validate(DOCUMENT)


def test_every_function_the_code_names_is_documented_and_no_other() -> None:
    names = {value for module in (assumed, fcc_external_api) for value in vars(module).values() if _is_function(value)}
    assert set(functions()) - names == NOT_ASKED_YET
    assert names <= set(functions())


def test_everything_says_how_it_is_known() -> None:
    for operation in (*functions().values(), *events().values()):
        assert operation["x-known"] in {"client", "vendor-sdk", "assumed"}


def test_what_is_assumed_stands_in_the_one_module() -> None:
    for name, operation in functions().items():
        if operation["x-known"] == "assumed":
            assert name in vars(assumed).values(), name


def test_every_event_the_code_knows_is_documented() -> None:
    known = {*assumed.CALL_EVENTS, assumed.STATUS_EVENT}
    assert known == {name for name, operation in events().items() if operation["x-known"] == "assumed"}


def _is_function(value: object) -> bool:
    return isinstance(value, str) and value.startswith("fcc-")
