"""What rules and settings come to, before any study is there."""

from pathlib import Path

import pytest
from tests.service.conftest import HandClock
from tests.service.work.stand_in import OBEDIENT

from calciscope.errors import MissingExtraError, ModelError
from calciscope.service.data_folder import DataFolder
from calciscope.service.settings.service import ServiceSettings
from calciscope.service.settings.work import Work
from calciscope.service.work.dask_cluster import DaskExecutor
from calciscope.service.work.executors import executor_for
from calciscope.service.work.models_used import ModelCatalog, ModelsUsed
from calciscope.service.work.preparation import all_options
from calciscope.service.work.processes import ProcessExecutor, threads_of_each
from calciscope.service.work.runners import STUDY_RUNNER


def settings(tmp_path: Path, **parts: object) -> ServiceSettings:
    return ServiceSettings.model_validate(
        {
            "data": tmp_path,
            "intake": {"folders": [{"path": "in"}]},
            "rules": [{"name": "all"}],
            **parts,
        }
    )


def one_model(version: str | None) -> ModelsUsed:
    return ModelsUsed(version or "9", "models")


def test_every_rule_but_those_that_ignore_has_its_models_loaded(tmp_path: Path) -> None:
    rules = [
        {"name": "a", "model": "0.1.0"},
        {"name": "b", "mode": "sensitive"},
        {"name": "c", "mode": "sensitive", "accept_pet": True},
        {"name": "d", "mode": "specific", "ignore": True},
    ]
    options = all_options(settings(tmp_path, rules=rules, work={"threads": 1}), one_model)
    found = [(each.model, each.mode, each.threads) for each in options]
    assert found == [("0.1.0", "balanced", 1), ("9", "sensitive", 1)]


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert threads_of_each(Work(workers=3)) == 2
    assert threads_of_each(Work(workers=16)) == 1
    assert threads_of_each(Work(workers=2, threads=5)) == 5


def test_installed_models_are_named_with_their_digests() -> None:
    catalog = ModelCatalog()
    newest = catalog(None)
    assert newest.version == catalog(newest.version).version
    assert "spect-hot-spot" in newest.text
    assert catalog(None) is newest
    with pytest.raises(ModelError, match="99"):
        catalog("99")


def test_the_settings_choose_the_executor(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = DataFolder(tmp_path)
    plain = settings(tmp_path)
    assert isinstance(executor_for(plain, data, OBEDIENT, clock, one_model), ProcessExecutor)
    work = {"executor": "dask", "dask": {"scheduler": "tcp://127.0.0.1:9"}}
    cluster = settings(tmp_path, work=work)
    assert isinstance(executor_for(cluster, data, OBEDIENT, clock, one_model), DaskExecutor)
    monkeypatch.setattr("calciscope.service.work.executors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"calciscope\[cluster\]"):
        executor_for(cluster, data, OBEDIENT, clock, one_model)


def test_a_rule_that_wants_an_absent_model_is_told_before_anything_starts(
    tmp_path: Path, clock: HandClock
) -> None:
    wanted = settings(tmp_path, rules=[{"name": "all", "model": "99"}])
    with pytest.raises(ModelError, match="99"):
        executor_for(wanted, DataFolder(tmp_path), STUDY_RUNNER, clock, ModelCatalog())
