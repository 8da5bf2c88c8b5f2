"""Patches: a marked place lands where it belongs, whatever the axes of the images."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calciscope.errors import InputError, ModelError
from calciscope.labels import Label
from calciscope.spect.patch_inputs import FEATURES, input_length, network_inputs
from calciscope.spect.patch_spec import COARSE_CHANNELS, FINE_CHANNELS, PatchSpec
from calciscope.spect.patches import PatchFrame, RawPatch, extract, patch_source
from calciscope.spect.scene import SpectScene
from calciscope.volume import Volume

Store = Callable[[Volume, tuple[int, ...], tuple[bool, ...]], Volume]

SPEC = PatchSpec(fine_size=8, fine_mm=4.0, coarse_size=6, coarse_mm=16.0)
SIZE = 40
ORIENTATIONS = [((0, 1, 2), (False, False, False)), ((0, 1, 2), (True, False, True)),
                ((2, 0, 1), (False, True, False)), ((1, 2, 0), (True, True, True))]  # fmt: skip


def grid(array: np.ndarray, spacing: float = 4.0) -> Volume:
    """A volume whose middle is at (7, -5, 11) mm."""
    middle = np.array([7.0, -5.0, 11.0])
    origin = middle - spacing * (np.array(array.shape) - 1) / 2
    return Volume.from_spacing(array, (spacing,) * 3, origin)


def scene() -> tuple[SpectScene, Volume]:
    """A cube of muscle in fat, with a hot spot whose bone lies to the left, behind and above."""
    shape = (SIZE,) * 3
    tissues = np.full(shape, Label.SUBCUTANEOUS, np.uint8)
    tissues[8:-8, 8:-8, 8:-8] = Label.MUSCLE
    ct = np.where(tissues == Label.MUSCLE, 50, -100).astype(np.int16)
    mark = (slice(21, 22), slice(22, 23), slice(23, 24))
    tissues[mark], ct[mark] = Label.BONE, 1000
    uptake = np.full(shape, 0.5, np.float32)
    ids = np.zeros(shape, np.uint16)
    # An even block, so that its centroid is the middle of the grid: (19.5, 19.5, 19.5).
    uptake[18:22, 18:22, 18:22] = 4.0
    ids[18:22, 18:22, 18:22] = 3
    made = SpectScene(
        grid(uptake), True, grid(ct), grid(tissues), grid(np.zeros(shape, np.uint8)),
        grid(np.ones(shape, bool)),
    )  # fmt: skip
    return made, grid(ids)


def in_other_axes(
    given: SpectScene, ids: Volume, store: Store, spect: int, ct: int
) -> tuple[SpectScene, Volume]:
    other = replace(
        given,
        uptake=store(given.uptake, *ORIENTATIONS[spect]),
        **{
            name: store(getattr(given, name), *ORIENTATIONS[ct])
            for name in ("ct", "tissues", "calcification", "body")
        },
    )
    return other, store(ids, *ORIENTATIONS[spect])


def cut(given: SpectScene, ids: Volume, frame: PatchFrame | None = None) -> RawPatch:
    return extract(patch_source(given, ids, SPEC), 3, frame)


@pytest.mark.parametrize(("spect", "ct"), [(0, 0), (1, 0), (0, 2), (3, 1), (2, 3)])
def test_a_marked_voxel_lands_at_its_place_in_any_axes(stored: Store, spect: int, ct: int) -> None:
    patch = cut(*in_other_axes(*scene(), stored, spect, ct))
    # Patch voxel i lies 4 (i - 3.5) mm from the middle, image voxel i 4 (i - 19.5) mm: 16 less.
    assert np.argwhere(patch.tissues[2] > 0.5).tolist() == [[5, 6, 7]]
    assert patch.ct[5, 6, 7] == pytest.approx(1000.0, abs=0.1)
    assert np.argwhere(patch.hot_spot).min(axis=0).tolist() == [2, 2, 2]
    assert np.argwhere(patch.hot_spot).max(axis=0).tolist() == [5, 5, 5]
    assert patch.uptake[3, 3, 3] == pytest.approx(4.0)
    assert patch.facts.centroid_mm == pytest.approx((7.0, -5.0, 11.0), abs=1e-4)
    assert patch.facts.volume_ml == pytest.approx(64 * 0.064)
    assert patch.facts.muscle_uptake == pytest.approx(0.5)


def test_an_oblique_grid_gives_the_same_patch() -> None:
    given, ids = scene()
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("z", 30, degrees=True).as_matrix()

    def turned(volume: Volume) -> Volume:
        return Volume(volume.array, turn @ volume.affine)

    names = ("uptake", "ct", "tissues", "calcification", "body")
    oblique = replace(given, **{name: turned(getattr(given, name)) for name in names})
    patch = cut(oblique, turned(ids))
    straight = cut(given, ids)
    # A patient turned by 30 degrees, seen in axes turned likewise, looks as before.
    again = cut(oblique, turned(ids), PatchFrame(rotation=turn[:3, :3]))
    np.testing.assert_allclose(again.uptake, straight.uptake, atol=1e-3)
    np.testing.assert_allclose(again.tissues, straight.tissues, atol=1e-3)
    # Seen in the axes of the world the mark (6, 10, 14 mm) stands at (0.2, 11.7, 14 mm).
    place = np.array([6 * np.cos(np.pi / 6) - 10 * 0.5, 6 * 0.5 + 10 * np.cos(np.pi / 6), 14.0])
    highest = np.unravel_index(int(patch.tissues[2].argmax()), (8, 8, 8))
    assert np.abs((np.array(highest) - 3.5) * 4.0 - place).max() <= 2.0 + 1e-6


def test_a_shifted_ct_moves_against_the_uptake() -> None:
    given, ids = scene()
    # The place looked at is 4 mm further left, so that the mark appears one voxel to the right.
    patch = cut(given, ids, PatchFrame(ct_shift_mm=np.array([4.0, 0.0, 0.0])))
    assert np.argwhere(patch.tissues[2] > 0.5).tolist() == [[4, 6, 7]]
    np.testing.assert_array_equal(patch.hot_spot, cut(given, ids).hot_spot)


def test_a_margin_widens_the_ct_alone() -> None:
    patch = cut(*scene(), PatchFrame(ct_margin=2))
    assert patch.uptake.shape == (8, 8, 8)
    assert patch.ct.shape == (12, 12, 12)
    assert np.argwhere(patch.tissues[2] > 0.5).tolist() == [[7, 8, 9]]


def test_where_an_image_does_not_reach_is_flagged() -> None:
    given, ids = scene()
    names = ("ct", "tissues", "calcification", "body")
    # The CT ends at voxel 20, so the patch sees the four planes from 16 to 19.
    short = replace(given, **{n: getattr(given, n).crop((0, 0, 0), (20, 40, 40)) for n in names})
    patch = cut(short, ids)
    assert np.isfinite(patch.ct[:4]).all()
    assert np.isnan(patch.ct[4:]).all()
    row = network_inputs(patch, SPEC)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()
    fine = row[: len(FINE_CHANNELS) * 512].reshape(-1, 8, 8, 8)
    seen = fine[FINE_CHANNELS.index("ct_seen")]
    assert seen[:4].all()
    assert not seen[4:].any()


def test_the_row_holds_all_channels_and_features() -> None:
    patch = cut(*scene())
    row = network_inputs(patch, SPEC)
    assert len(row) == input_length(SPEC) == 15 * 512 + 7 * 216 + len(FEATURES)
    fine = dict(zip(FINE_CHANNELS, row[: 15 * 512].reshape(15, 8, 8, 8), strict=True))
    assert fine["uptake_of_maximum"][3, 3, 3] == pytest.approx(1.0)
    assert fine["uptake_of_maximum"][0, 0, 0] == pytest.approx(0.5 / 4.0)
    assert fine["uptake_of_muscle"][3, 3, 3] == pytest.approx(np.log2(8.25) / 4)
    assert fine["suv"][3, 3, 3] == pytest.approx(np.log(5.0) / 3)
    # -200 to 300 HU becomes -1 to 1: 50 HU is the middle.
    assert fine["ct_soft"][3, 3, 3] == pytest.approx(0.0)
    assert fine["muscle"][3, 3, 3] == fine["body"][3, 3, 3] == 1.0
    assert len(COARSE_CHANNELS) == 7
    figures = dict(zip(FEATURES, row[-len(FEATURES) :], strict=True))
    assert figures["core_muscle"] == pytest.approx(1.0)
    assert figures["is_suv"] == 1.0
    # From the middle to the mark at (6, 10, 14) mm, of 60 mm.
    assert figures["bone_distance"] == pytest.approx(np.sqrt(332.0) / 60.0, rel=1e-5)
    assert figures["muscle_distance"] == pytest.approx(np.sqrt(12.0) / 60.0, rel=1e-5)
    assert figures["log_volume"] == pytest.approx(np.log10(4.096))


@pytest.mark.parametrize("modality", ["spect", "ct"])
def test_a_network_of_one_modality_sees_nothing_of_the_other(modality: str) -> None:
    given, ids = scene()
    spec = replace(SPEC, modality=modality)
    plain = network_inputs(cut(given, ids), spec)
    noise = np.random.default_rng(0)
    if modality == "spect":
        changed = replace(
            given,
            ct=given.ct.with_array(noise.integers(-100, 900, (SIZE,) * 3)),
            tissues=given.tissues.with_array(np.full((SIZE,) * 3, 3, np.uint8)),
        )
    else:
        changed = replace(given, uptake=given.uptake.with_array(given.uptake.array * 2))
    np.testing.assert_array_equal(network_inputs(cut(changed, ids), spec), plain)
    assert not np.array_equal(network_inputs(cut(changed, ids), SPEC), network_inputs(
        cut(given, ids), SPEC))  # fmt: skip


def test_an_unknown_hot_spot_or_a_foreign_grid_is_refused() -> None:
    given, ids = scene()
    source = patch_source(given, ids, SPEC)
    with pytest.raises(InputError, match="no hot spot 4"):
        extract(source, 4)
    with pytest.raises(InputError, match="grid of the SPECT"):
        patch_source(given, ids.crop((1, 0, 0), (40, 40, 40)), SPEC)


def test_the_spec_survives_its_record_and_refuses_others() -> None:
    assert PatchSpec.from_json(SPEC.to_json()) == SPEC
    with pytest.raises(ModelError, match="version 2"):
        PatchSpec(version=2)
    with pytest.raises(ModelError, match="malformed"):
        PatchSpec.from_json('{"fine_size": 3}')
    with pytest.raises(ModelError, match="not usable"):
        PatchSpec(modality="pet")
