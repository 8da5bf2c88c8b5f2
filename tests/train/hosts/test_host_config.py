"""The settings of the hosts, and what is refused in them."""

from pathlib import Path

import pytest

from calciscope.errors import InputError
from calciscope_train.host_config import read_host_config

CONFIG = Path(__file__).parents[3] / "configs" / "hosts.yaml"


def test_the_shipped_settings_hold_out_nine_patients() -> None:
    config = read_host_config(CONFIG)
    held_out = {name for name, host in config.hosts.items() if host.split == "test"}
    assert held_out == {"001", "015", "023", "025", "032", "036", "044", "046", "051"}
    assert len(config.hosts) + len(config.dropped) == 27  # 26 limbs and the labeled example
    assert all(reason for reason in config.dropped.values())


def test_clean_hosts_have_no_mineral_of_their_own() -> None:
    config = read_host_config(CONFIG)
    clean = {name for name, host in config.hosts.items() if not host.rules.own_mineral}
    assert clean == {"015", "017", "023", "034", "036", "039", "042", "047", "050", "051"}


def test_boxes_are_read_as_index_limits(tmp_path: Path) -> None:
    file = tmp_path / "hosts.yaml"
    file.write_text(
        "folder: cts\npattern: '{id}.nii.gz'\n"
        "hosts: {'7': {split: val, rules: {ignore_boxes: [[[1, 2], [3, 4], [5, 6]]]}}}\n"
    )
    config = read_host_config(file)
    assert config.hosts["7"].rules.ignore_boxes == (((1, 2), (3, 4), (5, 6)),)
    assert config.path("7") == Path("cts/7.nii.gz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hosts: {}\npattern: x\n", "folder"),
        ("folder: a\npattern: x\nhosts: {}\nnoise: 3\n", "noise"),
        ("folder: a\npattern: x\nhosts: {'1': {split: train, rules: {skin: 3}}}\n", "skin"),
        ("folder: a\npattern: x\nhosts: {'1': {split: other}}\n", "split"),
        ("folder: a\npattern: x\nhosts: {}\ncounts: {C99: 1}\n", "C99"),
        ("[1, 2\n", "hosts"),
        ("folder: a\npattern: x\nhosts: {}\nnegative_share: 2\n", "negative_share"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "hosts.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_host_config(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml"):
        read_host_config(tmp_path / "none.yaml")
