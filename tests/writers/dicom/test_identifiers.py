"""UIDs and digests follow from content alone."""

import numpy as np

from calciscope.writers.dicom.identifiers import content_digest, stable_uid


def test_the_same_parts_give_the_same_valid_uid() -> None:
    uid = stable_uid("SEG", "1.2.3")
    assert uid == stable_uid("SEG", "1.2.3")
    assert uid.is_valid
    assert len(uid) <= 64


def test_parts_are_kept_apart() -> None:
    uids = {stable_uid("ab", "c"), stable_uid("a", "bc"), stable_uid("abc"), stable_uid("abc", "")}
    assert len(uids) == 4


def test_a_digest_knows_values_shape_and_type_but_no_memory_order() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    digest = content_digest(array)
    assert digest == content_digest(np.asfortranarray(array))
    changed = array.copy()
    changed[1, 1, 1] += 1
    assert digest != content_digest(changed)
    assert digest != content_digest(array.reshape(3, 2, 4))
    assert digest != content_digest(array.astype(np.uint16))
