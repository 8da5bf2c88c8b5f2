"""From what a set says to what the network may learn."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from calciscope.labels import IGNORE, Label
from calciscope.volume import Volume
from calciscope_train.importers.claims import Claim, claimed, settled

Claims = NDArray[np.uint8]


@dataclass
class Scene:
    """A trunk, and a set that calls all of it muscle but for its left hip bone."""

    ct: Volume
    claims: Claims

    def put(self, where: NDArray[np.bool_], hu: int, claim: Claim | None = None) -> None:
        self.ct.array[where] = hu
        if claim is not None:
            self.claims[where] = claim

    def labels(self, mineral_is_labeled: bool = False) -> NDArray[np.uint8]:
        return settled(self.ct, self.claims, mineral_is_labeled)


@pytest.fixture
def scene(trunk: Volume) -> Scene:
    claims = np.full(trunk.shape, Claim.UNKNOWN, dtype=np.uint8)
    claims[trunk.array >= 50] = Claim.MUSCLE
    claims[trunk.array == 1000] = Claim.BONE
    claims[trunk.array == 700] = Claim.UNKNOWN
    return Scene(trunk.with_array(trunk.array.copy()), claims)


def cube(scene: Scene, start: tuple[int, int, int], size: int) -> NDArray[np.bool_]:
    mask = np.zeros(scene.ct.shape, dtype=bool)
    mask[tuple(slice(s, s + size) for s in start)] = True
    return mask


def test_ids_become_claims_and_what_is_not_listed_is_unknown() -> None:
    ids = np.array([[[0, 2, 9, 2]]])
    table = {0: Claim.BACKGROUND, 2: Claim.BONE}
    assert claimed(ids, table).tolist() == [[[0, 3, IGNORE, 3]]]


def test_what_is_said_is_kept_and_only_air_outside_is_added(scene: Scene) -> None:
    labels = scene.labels()
    assert (labels[scene.claims == Claim.BONE] == Label.BONE).all()
    far = scene.ct.index([0, -20, 110]).astype(int)
    assert labels[tuple(far)] == Label.MUSCLE
    assert (labels[0] == Label.BACKGROUND).all()
    unknown_inside = scene.ct.array == 700
    assert (labels[unknown_inside] == IGNORE).all()
    # Fat, of which nothing is said, and the air that touches the skin.
    assert (labels[scene.ct.array == -100] == IGNORE).all()


def test_mineral_in_muscle_is_not_taught_as_muscle(scene: Scene) -> None:
    spot = cube(scene, (58, 30, 4), 4)
    scene.put(spot, 500)
    labels = scene.labels()
    assert (labels[spot] == IGNORE).all()
    assert labels[56, 31, 5] == IGNORE  # its rim
    assert labels[50, 31, 5] == Label.MUSCLE
    assert labels[58, 31, 1] == Label.MUSCLE


def test_a_set_that_labels_mineral_is_believed(scene: Scene) -> None:
    spot = cube(scene, (58, 30, 4), 4)
    scene.put(spot, 500)
    assert (scene.labels(mineral_is_labeled=True)[spot] == Label.MUSCLE).all()


def test_single_noisy_voxels_stay_what_they_are(scene: Scene) -> None:
    speck = cube(scene, (58, 30, 4), 1)
    scene.put(speck, 700)
    assert (scene.labels()[speck] == Label.MUSCLE).all()


def test_beside_bone_only_the_blur_itself_is_doubted(scene: Scene) -> None:
    labels = scene.labels()
    bone = scene.claims == Claim.BONE
    i = int(np.flatnonzero(bone[:, 50, 5])[0])
    assert labels[i - 1, 50, 5] == IGNORE
    assert labels[i - 4, 50, 5] == Label.MUSCLE


def test_a_screw_in_bone_is_metal_and_its_blur_is_not_known(scene: Scene) -> None:
    bone = scene.claims == Claim.BONE
    i, j, _ = (int(n) for n in np.argwhere(bone).mean(axis=0).round())
    screw = cube(scene, (i - 2, j - 2, 3), 4)
    scene.put(screw, 3000)
    labels = scene.labels()
    assert (labels[screw] == Label.FOREIGN).all()
    assert labels[i + 3, j, 5] == IGNORE
    assert labels[i + 6, j, 5] == Label.BONE
    assert labels[i, j, 10] == Label.BONE


def test_organs_are_background_and_what_is_dense_in_them_is_not_known(scene: Scene) -> None:
    organ = cube(scene, (50, 30, 2), 8)
    scene.put(organ, 60, Claim.ORGAN)
    stone = cube(scene, (52, 32, 4), 3)
    scene.put(stone, 600)
    labels = scene.labels()
    assert labels[57, 37, 9] == Label.BACKGROUND
    assert (labels[stone] == IGNORE).all()


def test_contrast_in_the_bowel_is_foreign(scene: Scene) -> None:
    bowel = cube(scene, (50, 30, 2), 9)
    scene.put(bowel, 40, Claim.BOWEL)
    content = cube(scene, (52, 32, 4), 5)
    scene.put(content, 400)
    labels = scene.labels()
    assert (labels[53:56, 33:36, 5:8] == Label.FOREIGN).all()
    assert labels[58, 38, 9] == Label.BACKGROUND


def test_what_nobody_looked_at_stays_unknown_also_in_the_air(scene: Scene) -> None:
    scene.claims[:, :, 3] = Claim.UNSEEN
    labels = scene.labels()
    assert (labels[:, :, 3] == IGNORE).all()
    assert (labels[0, :, 4] == Label.BACKGROUND).all()
