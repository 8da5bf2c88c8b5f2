"""Names for studies that say nothing to strangers, and always the same to the site itself."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from calciscope.errors import ServiceError
from calciscope.service.settings.secrets import check_private

SALT_BYTES = 32
SHOWN = 12
"""Hex digits of a pseudonym: 48 bits, so that a site's million studies hardly ever share one."""


class Pseudonyms:
    """Pseudonyms of studies: HMAC-SHA256 of the Study Instance UID under the site's salt.

    Whoever has the salt and a UID can tell the pseudonym; without the salt nobody can try UIDs out.

    Args:
        salt: of the site, secret.
    """

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def of(self, study_uid: str) -> str:
        """The pseudonym of a study, 12 hex digits."""
        return hmac.new(self._salt, study_uid.encode(), hashlib.sha256).hexdigest()[:SHOWN]


def read_salt(path: Path) -> bytes:
    """The site's salt; made, for its owner alone, where it is not there.

    Raises:
        ServiceError: others can read it, it is too short, or it cannot be read or made.
    """
    try:
        _make(path)
        check_private(path)
        salt = path.read_bytes()
    except OSError as error:
        raise ServiceError(
            f"{path} cannot be read or made ({error.strerror}); check who owns it and its folder"
        ) from error
    if len(salt) < SALT_BYTES // 2:
        raise ServiceError(
            f"{path} is too short for a salt; remove it, and a new one is made: pseudonyms in"
            " earlier logs then fit no longer"
        )
    return salt


def _make(path: Path) -> None:
    if path.exists():
        return
    # Written aside first: a stop in between must not leave half a salt. A link, unlike a rename,
    # does not replace the salt that another process has made meanwhile.
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(SALT_BYTES).encode())
        os.fsync(descriptor)
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        os.close(descriptor)
        aside.unlink()
