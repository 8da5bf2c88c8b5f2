"""Reading the settings: every mistake is told with its line."""

from pathlib import Path

import pytest

from calciscope.errors import SettingsError
from calciscope.service.settings.destinations import FolderDestination
from calciscope.service.settings.loading import read_settings

GOOD = """\
data: data
intake:
  folders:
    - path: /in
rules:
  - name: legs
    take: {Modality: CT, StudyDescription: leg}
    destinations: [share]
destinations:
  - name: share
    kind: folder
    path: out
"""


def _read(tmp_path: Path, text: str) -> str:
    path = tmp_path / "watch.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    return str(caught.value).replace(str(path), "watch.yaml")


def test_good_settings_with_paths_from_the_folder_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "watch.yaml"
    path.write_text(GOOD)
    settings = read_settings(path)
    assert settings.data == tmp_path / "data"
    assert settings.intake.folders[0].path == Path("/in")
    destination = settings.destinations[0]
    assert isinstance(destination, FolderDestination)
    assert destination.path == tmp_path / "out"
    assert settings.rule("legs") is not None


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("path: /in", "path: /in\n      pth: x", "line 5: intake.folders[0].pth is not known"),
        ("    path: out", "    pathh: out", "line 12: destinations[0].pathh is not known"),
        ("    path: out", "", "watch.yaml, line 10: destinations[0].path is missing"),
        ("kind: folder", "kind: ftp", "watch.yaml, line 10: destinations[0]"),
        ("Modality: CT", "Modalty: CT", "watch.yaml, line 7: rules[0].take.Modalty"),
        ("StudyDescription: leg", "StudyDescription: '('", "is no regular expression"),
        ("[share]", "[pacs]", "'pacs', which is no destination; choose of share"),
        ("    path: out", "    path: data/out", "data and destination 'share' overlap"),
        ("- name: legs", "- name: legs\n    priority: 9999", "rules[0].priority: Input"),
        ("data: data", "data: data\ndata: other", "watch.yaml, line 2: data is given twice"),
        ("  folders:\n    - path: /in", "  folders: []", "there is no way in"),
        ("data: data", "data: data\nwork: {executor: dask}", "line 2: work: executor dask"),
        ("data: data", "data: /in/data", "watched folder /in overlap; part them"),
        ("path: /in", "path: ./out/in", "destination 'share' and the watched folder"),
        ("path: /in", "path: /in\n    - path: /in/ct", "/in/ct is watched twice"),
        ("path: /in", "path: /in\n      scan_seconds: .inf", "line 5: intake.folders[0].scan_sec"),
        ("data: data", "data: data\ncompleteness: {quiet_seconds: 9999}", "order them: counted"),
        (
            "  folders:\n    - path: /in",
            "  receiver: {peers: [{ae_title: A, address: pacs}]}",
            "'pacs' is no IP address",
        ),
        (
            "  folders:\n    - path: /in",
            "  receiver: {peers: [{ae_title: ' '}]}",
            "intake.receiver.peers[0].ae_title",
        ),
        (
            "data: data",
            "data: data\nstatus_page: {address: 0.0.0.0}",
            "watch.yaml, line 2: status_page: 0.0.0.0 is open to others; give token_file",
        ),
    ],
)  # fmt: skip
def test_mistake_is_told_with_line_and_cure(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    assert before in GOOD
    assert told in _read(tmp_path, GOOD.replace(before, after, 1))


def test_what_two_must_not_share_is_told(tmp_path: Path) -> None:
    hooks = "notifications: [{url: 'http://a/'}, {url: 'http://a/'}]\n"
    assert "two notifications have the same url" in _read(tmp_path, GOOD + hooks)
    archives = "".join(
        f"  - {{name: {name}, kind: dimse, host: pacs, port: 104, ae_title: PACS,"
        " commitment: {port: 11113}}\n"
        for name in ("first", "second")
    )
    assert "two destinations have the same commitment port" in _read(tmp_path, GOOD + archives)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("path: /in", "pth: /in").replace("data: data", "dat: data")
    assert len(_read(tmp_path, text).splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no settings"),
        ("- 1", "holds no settings"),
        ("a: [", "line 1 is not YAML"),
        ("!!python/object:os.system {}", "is not YAML"),
    ],
)
def test_what_is_no_settings_file(tmp_path: Path, text: str, told: str) -> None:
    assert told in _read(tmp_path, text)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "absent.yaml")


@pytest.mark.parametrize("data", ["~nobody-of-this-name/data", "2024-13-45"])
def test_value_that_python_stumbles_over(tmp_path: Path, data: str) -> None:
    path = tmp_path / "watch.yaml"
    path.write_text(f"data: {data}\nintake: {{folders: [{{path: in}}]}}\nrules: [{{name: all}}]\n")
    with pytest.raises(SettingsError, match=r"watch\.yaml (names the home|has a value)"):
        read_settings(path)
