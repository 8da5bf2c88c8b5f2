"""`prepare --licenses`: hosts of other licenses are not touched."""

from dataclasses import replace
from pathlib import Path

import pytest

from calciscope.errors import InputError
from calciscope_train.host_config import Host, HostConfig, read_host_config
from calciscope_train.host_tissues import TissueRules
from calciscope_train.hosts import licensed

CONFIG = HostConfig(
    Path(),
    "{id}.nii.gz",
    {"a": Host("train", TissueRules()), "b": Host("train", TissueRules(), license="Apache-2.0")},
    license="CC-BY-3.0",
)


def test_only_hosts_of_the_licenses_asked_for_are_left() -> None:
    assert list(licensed(CONFIG, ["CC BY 3.0"]).hosts) == ["a"]
    assert list(licensed(CONFIG, ["Apache-2.0"]).hosts) == ["b"]
    assert list(licensed(CONFIG, []).hosts) == ["a", "b"]


def test_none_left_is_refused() -> None:
    with pytest.raises(InputError, match=r"licenses CC0-1\.0; they have Apache-2\.0, CC-BY-3\.0"):
        licensed(CONFIG, ["CC0-1.0"])


def test_a_config_that_does_not_say_is_unknown() -> None:
    silent = replace(CONFIG, license=HostConfig.license)
    assert silent.license_of("a") == "unknown"
    with pytest.raises(InputError):
        licensed(silent, ["CC-BY-3.0"])


def test_the_shipped_hosts_state_theirs() -> None:
    config = read_host_config(Path(__file__).parents[3] / "configs" / "hosts.yaml")
    assert {config.license_of(name) for name in config.hosts} <= {"CC-BY-3.0", "Apache-2.0"}
