"""Secrets: read from files that their owner alone can read, never from the settings themselves."""

import stat
from pathlib import Path

from calciscope.errors import SettingsError

LONGEST_SECRET_BYTES = 65_536
"""Longer files hold something else."""


def check_private(path: Path) -> None:
    """Make sure that a file is there and that nobody but its owner may read or change it.

    Raises:
        SettingsError: it is not.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); check the path and its owner"
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise SettingsError(f"{path} is not a file; name the file that holds the secret")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path} can be read by others than its owner; run: chmod 600 {path}")


def read_secret(path: Path) -> str:
    """The secret in a file: its text without white space around it.

    Raises:
        SettingsError: the file cannot be read, is open to others, is empty or is no single line
            of text.
    """
    check_private(path)
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_SECRET_BYTES + 1)
        secret = content.decode("utf-8").strip()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror}); check the path and its owner"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} holds no text; put the secret into it") from error
    if not secret or len(content) > LONGEST_SECRET_BYTES or not secret.isprintable():
        raise SettingsError(f"{path} must hold one line with the secret and nothing else")
    return secret
