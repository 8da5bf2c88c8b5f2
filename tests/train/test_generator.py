"""Cases of other generator settings are counted and warned of."""

from dataclasses import replace
from pathlib import Path

import pytest

from calciscope_train.generator import GENERATOR, host_settings, phantom_settings, warn_of_others
from calciscope_train.host_config import Host, HostConfig
from calciscope_train.host_tissues import TissueRules

CONFIG = HostConfig(
    Path("here"),
    "{id}.nii.gz",
    hosts={name: Host("train", TissueRules()) for name in "AB"},
    counts={"C1": 1.0},
)


def test_the_hash_of_a_host_follows_what_shapes_its_cases() -> None:
    stamp = host_settings(CONFIG, "A")
    assert host_settings(replace(CONFIG, folder=Path("there")), "A") == stamp
    assert host_settings(replace(CONFIG, hosts={"A": CONFIG.hosts["A"]}), "A") == stamp
    assert host_settings(replace(CONFIG, counts={"C1": 2.0}), "A") != stamp
    other = replace(CONFIG.hosts["A"], rules=TissueRules(own_mineral=False))
    assert host_settings(replace(CONFIG, hosts={"A": other}), "A") != stamp


def test_cases_of_other_settings_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    now = [
        {"source": "phantom", GENERATOR: phantom_settings()},
        {"source": "host", "host": "A", GENERATOR: host_settings(CONFIG, "A")},
        {"source": "saros"},
    ]
    warn_of_others(now, Path("cases"), CONFIG)
    assert caplog.text == ""
    old = [{"source": "phantom"}, {"source": "phantom", GENERATOR: "0"}, {"source": "host"}]
    warn_of_others([*now, *old], Path("cases"))
    assert "3 of 5 synthetic cases of cases were made with other settings" in caplog.text
    caplog.clear()
    warn_of_others(now, Path("cases"), replace(CONFIG, counts={"C1": 2.0}))
    assert "1 of 2 synthetic cases" in caplog.text
