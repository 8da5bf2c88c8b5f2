"""Identifiers that stay the same when the same study is analyzed again by the same model.

A PACS then recognizes a repeated result, and segments and measurements of one lesion group can
name each other across files.
"""

import hashlib

from pydicom.uid import UID, generate_uid

from calciscope.volume import Array


def stable_uid(*parts: str) -> UID:
    """A UID that depends on `parts` alone, all of which count (PS3.5 9.1, B.2)."""
    # Length before each part: ("ab", "c") and ("a", "bc") must not agree.
    return generate_uid(entropy_srcs=[f"{len(part)}:{part};" for part in parts])


def content_digest(array: Array) -> str:
    """Hexadecimal digest of shape, type and values of an array, whatever its memory order."""
    digest = hashlib.sha256(f"{array.shape}{array.dtype.str}".encode())
    for k in range(array.shape[-1]):
        digest.update(array[..., k].tobytes())
    return digest.hexdigest()
