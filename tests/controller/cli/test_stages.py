"""Who starts a long command from a program reads how far it is: a line for each stage and each tenth, and no more."""

from __future__ import annotations

from wavestim.controller.cli import output


def test_where_there_is_no_terminal_stages_are_lines(capsys):
    with output.stages("preflight") as stage:
        for name, part in (("listening", 0.0), ("listening", 0.05), ("listening", 0.11), ("light", 0.15), ("light", 0.19)):
            stage(name, part)
    told = capsys.readouterr()
    assert told.err.splitlines() == ["preflight: listening, 0 %", "preflight: listening, 10 %", "preflight: light, 10 %"]
    assert told.out == ""
