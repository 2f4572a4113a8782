"""The contract of the channel stands in the models, and the files that tell it are written from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import channel_contract

if TYPE_CHECKING:
    import pathlib


@pytest.mark.parametrize("path", channel_contract.files(), ids=lambda path: path.name)
def test_the_committed_file_is_what_the_models_say(path: pathlib.Path):
    assert path.read_text(encoding="utf-8") == channel_contract.files()[path], "run python -m tools.channel_contract"


def test_a_file_that_differs_is_named_and_can_be_written(tmp_path, monkeypatch, capsys):
    for name in ("SCHEMA", "TYPES"):
        monkeypatch.setattr(channel_contract, name, tmp_path / name)
    monkeypatch.setattr(channel_contract, "ROOT", tmp_path)
    assert channel_contract.main(["--check"]) == 1
    assert "SCHEMA is not what the models say" in capsys.readouterr().out
    assert channel_contract.main([]) == 0
    assert channel_contract.main(["--check"]) == 0
