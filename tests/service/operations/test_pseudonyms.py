"""Pseudonyms of studies, and the salt that they are made with."""

import hashlib
import hmac
import threading
from pathlib import Path

import pytest

from calciscope.errors import ServiceError
from calciscope.service.operations.pseudonyms import Pseudonyms, read_salt


def test_pseudonym_is_what_the_site_can_compute_itself() -> None:
    expected = hmac.new(b"salt", b"1.2.840.1", hashlib.sha256).hexdigest()[:12]
    assert Pseudonyms(b"salt").of("1.2.840.1") == expected
    assert Pseudonyms(b"other").of("1.2.840.1") != expected


def test_salt_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    salt = read_salt(path)
    assert len(salt) == 64
    assert read_salt(path) == salt
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_all_get_the_salt_of_whoever_was_first(tmp_path: Path) -> None:
    found: set[bytes] = set()
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        found.add(read_salt(tmp_path / "salt"))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_salt_that_others_can_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    read_salt(path)
    path.chmod(0o640)
    with pytest.raises(ServiceError, match="chmod 600"):
        read_salt(path)


def test_empty_salt_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    path.touch(0o600)
    with pytest.raises(ServiceError, match="too short"):
        read_salt(path)


def test_salt_in_an_absent_folder(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be read or made"):
        read_salt(tmp_path / "absent" / "salt")
