"""Pixels from every way they are stored; encoders are pydicom's, and for JPEG lossless our own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import DataElement, dcmread, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from calciscope.errors import InputError, UnreadableFileError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.volume import Volume

Edit = Callable[..., None]


def encode_jpeg_lossless(plane: NDArray[np.uint16]) -> bytes:
    """JPEG lossless, first-order prediction (ITU-T T.81 annex H), 16 bits.

    All 17 difference categories get Huffman codes of five bits: long, but simple.
    """
    rows, columns = plane.shape
    values = plane.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 1 << 15
    bits = []
    for difference in ((values - predicted + 32767) % 65536 - 32767).ravel():
        category = int(abs(difference)).bit_length()
        bits.append(f"{category:05b}")
        if 0 < category < 16:
            low = difference if difference > 0 else difference + (1 << category) - 1
            bits.append(f"{low:0{category}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    entropy = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    frame = b"\xff\xc3\0\x0b\x10" + rows.to_bytes(2, "big") + columns.to_bytes(2, "big")
    table = b"\0" + bytes([0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    huffman = b"\xff\xc4" + (len(table) + 2).to_bytes(2, "big") + table
    scan = b"\xff\xda\0\x08\x01\x01\0\x01\0\0"
    return b"\xff\xd8" + frame + b"\x01\x01\x11\0" + huffman + scan + entropy + b"\xff\xd9"


@pytest.fixture
def volume_64() -> Volume:
    """64 x 48 x 3, large enough for JPEG 2000's default wavelet levels."""
    array = np.random.default_rng(0).integers(-1024, 3072, (64, 48, 3)).astype(np.int16)
    return Volume.from_spacing(array, (0.8, 0.7, 2.5))


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEG2000Lossless,
        JPEGLSLossless,
    ],
)
def test_transfer_syntaxes(tmp_path: Path, volume_64: Volume, syntax: object) -> None:
    paths = write_ct_series(volume_64, tmp_path, uid_seed="s", transfer_syntax=syntax)
    assert dcmread(paths[0]).file_meta.TransferSyntaxUID == syntax
    volume = read_ct(tmp_path).volume
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, volume_64.array)


def test_jpeg_lossless(tmp_path: Path, volume_64: Volume) -> None:
    for path in write_ct_series(volume_64, tmp_path, uid_seed="s"):
        dataset = dcmread(path)
        dataset.PixelData = encapsulate([encode_jpeg_lossless(dataset.pixel_array)])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.BitsStored, dataset.HighBit = 16, 15
        dataset.save_as(path)
    np.testing.assert_array_equal(read_ct(tmp_path).volume.array, volume_64.array)


def test_the_array_is_contiguous_with_x_fastest(ct_folder: Path, ct_volume: Volume) -> None:
    array = read_ct(ct_folder).volume.array
    assert array.flags.f_contiguous
    np.testing.assert_array_equal(array, ct_volume.array)


def test_signed_pixels(ct_folder: Path, ct_volume: Volume, edit: Edit) -> None:
    for k, path in enumerate(sorted(ct_folder.iterdir())):
        hu = np.ascontiguousarray(ct_volume.array[:, :, k].T).astype("<i2")
        edit(path, PixelRepresentation=1, RescaleIntercept=0, PixelData=hu.tobytes())
        edit(path, BitsStored=16, HighBit=15)
    np.testing.assert_array_equal(read_ct(ct_folder).volume.array, ct_volume.array)


def test_signed_12_bit_pixels_with_a_dirty_upper_nibble(
    ct_folder: Path, ct_volume: Volume, edit: Edit
) -> None:
    for k, path in enumerate(sorted(ct_folder.iterdir())):
        hu = np.ascontiguousarray(ct_volume.array[:, :, k].T)
        stored = (hu.astype(np.int32) & 0x0FFF | 0x3000).astype("<u2")
        edit(path, PixelRepresentation=1, RescaleIntercept=0, PixelData=stored.tobytes())
        edit(path, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read_ct(ct_folder).volume.array, ct_volume.array)


def test_each_slice_has_its_own_rescale(ct_folder: Path, ct_volume: Volume, edit: Edit) -> None:
    for k, path in enumerate(sorted(ct_folder.iterdir())):
        stored = dcmread(path).pixel_array
        edit(path, RescaleIntercept=-1024 - 10 * k, PixelData=(stored + 10 * k).tobytes())
    np.testing.assert_array_equal(read_ct(ct_folder).volume.array, ct_volume.array)


def test_a_fractional_rescale_gives_float32(ct_folder: Path, ct_volume: Volume, edit: Edit) -> None:
    edit(sorted(ct_folder.iterdir())[2], RescaleSlope="0.5")
    array = read_ct(ct_folder).volume.array
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array[..., 1], ct_volume.array[..., 1])
    np.testing.assert_array_equal(array[..., 2], (ct_volume.array[..., 2] + 1024) / 2 - 1024)


def test_padding_is_outside(ct_folder: Path, ct_volume: Volume, edit: Edit) -> None:
    value = int(ct_volume.array[3, 2, 1])
    padding = DataElement("PixelPaddingValue", "US", value + 1024)
    edit(sorted(ct_folder.iterdir())[1], PixelPaddingValue=padding)
    array = read_ct(ct_folder).volume.array
    assert array[3, 2, 1] == -1024
    assert (array != ct_volume.array).sum() == 1


def test_headers_come_in_slice_order_without_pixels(ct_folder: Path) -> None:
    instances = read_ct(ct_folder).instances
    assert [i.ImagePositionPatient[2] for i in instances] == [100, 102.5, 105, 107.5, 110, 112.5]
    assert not any("PixelData" in i for i in instances)


@pytest.mark.parametrize("kept", [0.95, 0.75, 0.7, 0.4])
def test_a_truncated_file_is_named(ct_folder: Path, kept: float) -> None:
    path = sorted(ct_folder.iterdir())[4]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(UnreadableFileError, match=r"000005\.dcm is truncated or corrupt; copy"):
        read_ct(ct_folder)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("damage", ["cut", "zeroed"])
def test_a_corrupt_compressed_file_is_named(
    tmp_path: Path, volume_64: Volume, syntax: object, damage: str
) -> None:
    path = write_ct_series(volume_64, tmp_path, uid_seed="s", transfer_syntax=syntax)[1]
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[:-2000])
    else:
        start = whole.index(b"\xe0\x7f\x10\x00") + 20
        path.write_bytes(whole[:start] + b"\0" * 200 + whole[start + 200 :])
    with pytest.raises(UnreadableFileError, match=r"000002\.dcm is truncated or corrupt"):
        read_ct(tmp_path)


def test_an_unknown_compression_is_named(ct_folder: Path) -> None:
    path = sorted(ct_folder.iterdir())[0]
    dataset = dcmread(path)
    dataset.PixelData = encapsulate([b"\0" * 100])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
    dataset.save_as(path)
    with pytest.raises(UnreadableFileError, match=r"000001\.dcm is compressed as MPEG2 Main"):
        read_ct(ct_folder)


def test_files_without_preamble_and_meta_information(ct_folder: Path, ct_volume: Volume) -> None:
    for path in ct_folder.iterdir():
        dataset = dcmread(path)
        del dataset.file_meta
        dataset.preamble = None
        dataset.save_as(path, implicit_vr=True, little_endian=True)
        assert path.read_bytes()[:4] == b"\x08\0\x05\0"
    np.testing.assert_array_equal(read_ct(ct_folder).volume.array, ct_volume.array)


@pytest.mark.parametrize("meta", [True, False])
def test_big_endian_with_and_without_meta_information(
    ct_folder: Path, ct_volume: Volume, meta: bool
) -> None:
    for path in ct_folder.iterdir():
        dataset = dcmread(path)
        dataset.PixelData = dataset.pixel_array.astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        if not meta:
            del dataset.file_meta
            dataset.preamble = None
        dcmwrite(path, dataset, implicit_vr=False, little_endian=False)
    assert (path.read_bytes()[:6] == b"\0\x08\0\x05CS") is not meta
    study = read_ct(ct_folder)
    np.testing.assert_array_equal(study.volume.array, ct_volume.array)
    np.testing.assert_allclose(study.volume.affine, ct_volume.affine)


def test_the_extended_hu_range_of_metal_is_kept(
    ct_folder: Path, ct_volume: Volume, edit: Edit
) -> None:
    # 16 bits from -8192, as for extended CT scales; the implant has 24,575 HU: 32,767 stored.
    for k, path in enumerate(sorted(ct_folder.iterdir())):
        stored = (ct_volume.array[:, :, k].T.astype(np.int32) + 8192).astype("<u2")
        stored[5, 7], stored[0, 0] = 32767, 0
        edit(path, RescaleIntercept=-8192, PixelData=np.ascontiguousarray(stored).tobytes())
        edit(path, BitsStored=16, HighBit=15)
    array = read_ct(ct_folder).volume.array
    assert (array[7, 5] == 24575).all()
    assert (array[0, 0] == -1024).all()  # -8192 is outside the field of view
    np.testing.assert_array_equal(array[1:7], ct_volume.array[1:7])


def test_twelve_bits_in_steps_of_ten_hu(ct_folder: Path, edit: Edit) -> None:
    # 4095 steps of 10 HU from -10240: 1024 is 0 HU, 4095 is 30,710 HU.
    for path in ct_folder.iterdir():
        stored = np.full((12, 16), 1024, "<u2")
        stored[2, 3], stored[4, 5], stored[6, 7] = 4095, 924, 0
        edit(path, RescaleSlope=10, RescaleIntercept=-10240, PixelData=stored.tobytes())
        edit(path, BitsStored=12, HighBit=11)
    array = read_ct(ct_folder).volume.array
    assert [array[x, y, 0] for x, y in ((0, 0), (3, 2), (5, 4), (7, 6))] == [0, 30710, -1000, -1024]


def test_a_broken_rle_file_writes_nothing_to_the_terminal(
    tmp_path: Path, volume_64: Volume, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_ct_series(volume_64, tmp_path, uid_seed="s", transfer_syntax=RLELossless)[1]
    whole = path.read_bytes()
    path.write_bytes(whole[:-3000] + b"\x7f" * 3000)
    with pytest.raises(UnreadableFileError, match=r"000002\.dcm is truncated or corrupt"):
        read_ct(tmp_path)
    assert capfd.readouterr().err == ""


def test_loss_is_told(ct_folder: Path, edit: Edit) -> None:
    edit(sorted(ct_folder.iterdir())[0], LossyImageCompression="01")
    (warning,) = read_ct(ct_folder).warnings
    assert warning == "series 3 ('CT') was compressed with loss; HU are approximate"


def test_a_transfer_syntax_that_is_no_text_is_refused(ct_folder: Path) -> None:
    path = sorted(ct_folder.iterdir())[0]
    whole = path.read_bytes()
    start = whole.index(b"\x02\0\x10\0UI")
    path.write_bytes(whole[: start + 4] + b"US" + whole[start + 6 :])
    with pytest.raises(UnreadableFileError, match=r"000001\.dcm is (compressed as|truncated or)"):
        read_ct(ct_folder)


def test_too_little_memory_is_not_called_damage(
    ct_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("calciscope.readers.pixel_data.pixel_array", full)
    with pytest.raises(InputError, match=r"\.dcm and its series need more memory than is free; g"):
        read_ct(ct_folder)
