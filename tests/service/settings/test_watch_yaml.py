"""configs/watch.yaml: sound as it is, sound with all that is commented out, and complete."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from calciscope.service.settings.loading import read_settings
from calciscope.service.settings.service import ServiceSettings

PATH = Path(__file__).parents[3] / "configs" / "watch.yaml"


def _everything() -> str:
    """The file with all its settings taken into use."""
    text = re.sub(
        r"^( *)#(?=[A-Za-z-])", r"\1", PATH.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    text = text.replace("executor: processes", "executor: dask")
    return re.sub(r"^ *(user|password_file): .*\n", "", text, flags=re.MULTILINE)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The parts that an annotation names, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


def _parts() -> list[type[BaseModel]]:
    """All parts of the settings."""
    found: list[type[BaseModel]] = [ServiceSettings]
    for part in found:
        for field in part.model_fields.values():
            found += [each for each in _models(field.annotation) if each not in found]
    return found


PARTS = _parts()
FIELDS = [
    (part, name, field.alias or name) for part in PARTS for name, field in part.model_fields.items()
]


def test_it_is_sound_as_it_is() -> None:
    settings = read_settings(PATH)
    assert settings.intake.folders[0].path == Path("/srv/calciscope/in")
    assert [rule.name for rule in settings.rules] == ["legs"]


def test_it_is_sound_with_everything_taken_into_use(tmp_path: Path) -> None:
    path = tmp_path / "watch.yaml"
    path.write_text(_everything(), encoding="utf-8")
    settings = read_settings(path)
    assert [each.kind for each in settings.destinations] == ["folder", "dimse", "dicomweb"]
    assert settings.intake.receiver is not None
    assert settings.intake.receiver.tls is not None
    assert settings.work.dask is not None
    assert len(settings.notifications) == 1


@pytest.mark.parametrize(
    ("part", "name", "key"), FIELDS, ids=[f"{part.__name__}.{name}" for part, name, _ in FIELDS]
)
def test_every_setting_is_named(part: type[BaseModel], name: str, key: str) -> None:
    assert len(PARTS) > 15
    assert re.search(rf"^ *#?(- )?{key}:", PATH.read_text(encoding="utf-8"), re.MULTILINE), key


def test_what_it_says_of_optional_parts_are_the_defaults() -> None:
    said = read_settings(PATH)
    wanted = {"data", "intake", "rules", "destinations"}
    bare = {key: said.model_dump(by_alias=True)[key] for key in wanted}
    assert ServiceSettings.model_validate(bare) == said
    rule = said.rules[0]
    assert type(rule)(name=rule.name, take=rule.take, destinations=rule.destinations) == rule
    folder = said.intake.folders[0]
    assert type(folder)(path=folder.path) == folder
    destination = said.destinations[0]
    assert destination.kind == "folder"
    assert type(destination)(
        name=destination.name, kind="folder", path=destination.path
    ) == destination  # fmt: skip


def test_it_holds_nothing_that_is_no_setting() -> None:
    known = {key for _, _, key in FIELDS} | {"Modality", "StudyDescription", "SeriesDescription"}
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.update(value)
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, dict | list):
                walk(each)

    walk(yaml.safe_load(_everything()))
    assert found <= known
