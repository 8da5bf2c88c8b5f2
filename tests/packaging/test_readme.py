"""The README is true: every command, option and file that it should name is named."""

import re
from pathlib import Path

import typer.main

from calciscope.cli import app
from calciscope.writers.output_folder import RESULT_NAMES
from calciscope_train.cli import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LATER = {"hot_spots.nii.gz"}


def test_every_command_and_option_is_in_the_readme() -> None:
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert f"calciscope {name}" in README
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in README, f"{name} {option}"


def test_every_training_command_is_in_the_readme() -> None:
    for name in COMMANDS:
        assert f"calciscope-train {name}" in README


def test_every_result_is_in_the_readme() -> None:
    for name in RESULT_NAMES:
        if name not in LATER:
            assert re.sub(r"picture_\d\d", "picture_01", name) in README


def test_no_placeholder_is_left_and_links_lead_somewhere() -> None:
    assert "@@" not in README
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_two_commands_and_the_notice_are_there() -> None:
    assert "make demo" in README
    assert "make test" in README
    assert "Research use, not a diagnosis" in README
