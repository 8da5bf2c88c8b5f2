"""Secrets: taken only from files that nobody else can read."""

from pathlib import Path

import pytest

from calciscope.errors import SettingsError
from calciscope.service.settings.secrets import LONGEST_SECRET_BYTES, check_private, read_secret


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("  hush-hush\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_secret_without_the_space_around_it(secret: Path, mode: int) -> None:
    secret.chmod(mode)
    assert read_secret(secret) == "hush-hush"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666])
def test_file_that_others_may_use_is_refused_with_the_cure(secret: Path, mode: int) -> None:
    secret.chmod(mode)
    with pytest.raises(SettingsError, match=f"chmod 600 {secret}") as caught:
        read_secret(secret)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"  \n", b"two\nlines", b"\xff\xfe", b"a\0b", b"x" * (LONGEST_SECRET_BYTES + 1)],
)
def test_what_is_no_secret_is_refused(secret: Path, content: bytes) -> None:
    secret.write_bytes(content)
    with pytest.raises(SettingsError, match=str(secret)):
        read_secret(secret)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        check_private(tmp_path / "missing")
    with pytest.raises(SettingsError, match="is not a file"):
        check_private(tmp_path)
