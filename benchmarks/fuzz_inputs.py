"""Inputs for fuzzing: small valid files of every kind, and ways to break them.

`seeds` makes the valid ones; `broken` breaks one, so that the same number gives the same bytes;
`outcome` gives it to the code that reads it. `fuzz_readers.py` runs many, the tests a few.
"""

import gzip
import json
import random
import shutil
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nibabel as nib
import numpy as np
from fuzz_elements import broken_elements
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from calciscope.errors import CalciscopeError
from calciscope.evaluation.case_metadata import read_metadata
from calciscope.evaluation.predictions import _lesions_of
from calciscope.evaluation.records_json import from_json
from calciscope.labs import read_labs
from calciscope.models.manifest import load_manifest, sha256_of
from calciscope.models.onnx_metadata import read_onnx_metadata
from calciscope.models.registry import find_model
from calciscope.phantom.dicom import write_ct_series
from calciscope.phantom.dicom_parts import EPOCH
from calciscope.phantom.nm_dicom import write_nm_series
from calciscope.readers import read_ct
from calciscope.readers.spect import read_spect
from calciscope.volume import Volume

SYNTAXES = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg2000": JPEG2000Lossless,
    "jpeg-ls": JPEGLSLossless,
}
LABS = """calcium: 9.7 mg/dL
phosphate: 3.4 mg/dL
creatine_kinase: {value: 400, unit: U/L, upper_limit: 174}
ana_titer: "1:320"
disease: limited_systemic_sclerosis
"""
FINDINGS = {"ct": {"lesions": [{"id": n, "probability": 0.5, "ha_mass_mg": 2} for n in (1, 2)]}}
CASE = {"patient": "p1", "metal": False, "acquisition": {"kvp": 120, "slice_mm": 1.0}}


@dataclass(frozen=True)
class Seed:
    """A valid input.

    Attributes:
        kind: what it is called in the table of results.
        files: content by name; they are written into one folder.
        victim: the file that is broken.
        given: what is given to the reader, within the folder; "." is the folder.
        read: the code under test.
    """

    kind: str
    files: Mapping[str, bytes]
    victim: str
    given: str
    read: Callable[[Path], object]


def seeds() -> list[Seed]:
    """One input of every kind that Calciscope reads."""
    array = np.random.default_rng(0).integers(-1000, 1000, (32, 32, 3)).astype(np.int16)
    volume = Volume.from_spacing(array, (0.8, 0.7, 2.5), (-10, 20, 300))
    with TemporaryDirectory() as name:
        folder = Path(name)
        found = []
        for kind, syntax in SYNTAXES.items():
            write_ct_series(volume, folder / kind, uid_seed="fuzz", transfer_syntax=syntax)
            found.append(_series(f"ct {kind}", folder / kind))
        plain = folder / "explicit"
        for kind, little in (("big-endian", False), ("no meta", True)):
            _rewrite(plain, folder / kind, meta=not little, little=little)
            found.append(_series(f"ct {kind}", folder / kind))
        enhanced = folder / "enhanced.dcm"
        _enhanced(volume).save_as(enhanced, enforce_file_format=True)
        found.append(_single("enhanced ct", enhanced, read_ct))
        for suffix in (".nii", ".nii.gz"):
            nib.Nifti1Image(array, volume.affine_ras).to_filename(folder / f"ct{suffix}")
            found.append(_single(f"nifti {suffix}", folder / f"ct{suffix}", read_ct))
        archive = folder / "study.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
            for path in sorted(plain.iterdir()):
                opened.write(path, f"study/{path.name}")
        found.append(_single("zip", archive, read_ct))
        found += _spects(folder)
    texts: list[tuple[str, str, str, Callable[[Path], object]]] = [
        ("labs", "labs.yaml", LABS, read_labs),
        ("findings", "findings.json", json.dumps(FINDINGS), _lesions_of),
        ("case", "case.json", json.dumps(CASE), read_metadata),
        ("evaluation", "evaluation.json", _evaluation(), _read_evaluation),
    ]
    found += [Seed(kind, {n: text.encode()}, n, n, read) for kind, n, text, read in texts]
    return [*found, *_model_seeds()]


def _spects(folder: Path) -> list[Seed]:
    """Nuclear medicine: two bed positions, of which one is broken; and NIfTI."""
    array = np.random.default_rng(1).random((12, 10, 6)).astype(np.float32) * 9
    spect = Volume.from_spacing(array, (4.8, 4.8, 4.8), (-30, 0, 300))
    found = []
    for kind in ("explicit", "rle"):
        for bed in (1, 2):
            write_nm_series(
                spect.crop([0, 0, 0 if bed == 1 else 3], [12, 10, 4 if bed == 1 else 6]),
                folder / f"nm {kind}",
                uid_seed="fuzz",
                instance_number=bed,
                injected=EPOCH - timedelta(hours=3),
                transfer_syntax=SYNTAXES[kind],
            )
        files = _series(f"nm {kind}", folder / f"nm {kind}")
        found.append(replace(files, read=read_spect))
    nib.Nifti1Image(array, spect.affine_ras).to_filename(folder / "spect.nii.gz")
    return [*found, _single("spect nifti", folder / "spect.nii.gz", read_spect)]


def broken(all_seeds: list[Seed], seed: int, number: int) -> tuple[Seed, str]:
    """Input `number` of a run, and how it was broken."""
    source = random.Random(f"{seed}:{number}")
    chosen = source.choice(all_seeds)
    whole = chosen.files[chosen.victim]
    is_dicom = chosen.kind.startswith(("ct", "enhanced", "nm"))
    way = source.choices(["bytes", "structure", "noise"], [6, 6, 0.3])[0]
    if way == "noise":
        content = source.randbytes(source.choice([0, 1, 100, 140, 352, 5000]))
        content = source.choice([b"", whole[:132], whole[:348]]) + content
    elif way == "bytes":
        content = broken_bytes(whole, source.choice(all_seeds).files, source)
    elif is_dicom:
        content = broken_elements(whole, source)
    elif chosen.victim.endswith(".nii.gz"):
        inside = broken_bytes(gzip.decompress(whole), {}, source, reach=352)
        content = gzip.compress(inside, 1)
    elif chosen.kind == "zip":
        content = _broken_archive(whole, source)
    elif chosen.victim.endswith((".json", ".yaml")):
        content = broken_text(whole.decode(), source).encode()
    else:
        content = broken_bytes(whole, {}, source, reach=352)
    return replace(chosen, files={**chosen.files, chosen.victim: content}), way


def outcome(case: Seed, folder: Path) -> str:
    """Read a broken input; anything that is neither a result nor a refusal is raised."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            case.read(folder / case.given)
        except CalciscopeError as error:
            if "\n" in str(error) or not str(error):
                raise AssertionError(f"not one sentence: {str(error)!r}") from error
            return "refused"
    return "result"


WAYS = ["flip", "byte", "length", "length", "cut", "drop", "double", "insert", "splice"]


def broken_bytes(
    whole: bytes, others: Mapping[str, bytes], source: random.Random, reach: int | None = None
) -> bytes:
    """Overwritten, cut, doubled, spliced or lengthened, mostly near the beginning."""
    content = bytearray(whole)
    for _ in range(source.choice([1, 1, 2, 4, 16])):
        limit = min(len(content), reach or source.choice([400, 1600, len(content)]))
        if limit < 2:
            break
        at = source.randrange(limit)
        span = source.choice([1, 2, 4, 8, 100])
        match source.choice(WAYS):
            case "flip":
                content[at] ^= 1 << source.randrange(8)
            case "byte":
                content[at] = source.choice([0, 1, 127, 128, 255, source.randrange(256)])
            case "length":
                size = source.choice([2, 4, 8])
                value = source.choice([0, 1, -1, 1 << (8 * size - 1), 65535, source.randrange(512)])
                order = source.choice(["little", "big"])
                written = (value % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]
                content[at : at + size] = written
            case "cut":
                del content[source.randrange(len(content)) :]
            case "drop":
                del content[at : at + span]
            case "double":
                content[at:at] = content[at : at + span]
            case "insert":
                content[at:at] = source.randbytes(span)
            case "splice":
                other = source.choice(list(others.values())) if others else whole
                start = source.randrange(max(1, len(other)))
                content[at : at + span] = other[start : start + span]
    return bytes(content)


TOKENS = [
    "null", "1e999", "-1", "NaN", '"x"', "[]", "{}", "[" * 3000, "{\"a\":" * 3000, "&a [1]", "*a",
    "&b [*b]", "<<: *a", "!!python/name:os.system", "? ", ": ", "- ", "\t", "---", "%YAML 9", "'",
    "9" * 400, "\0", "\u2028", "\ud7ff", "0x10", "1:20", "true", "2026-01-01", "\n", ",", "}",
]  # fmt: skip


def broken_text(text: str, source: random.Random) -> str:
    """Tokens replaced, inserted, moved or doubled."""
    for _ in range(source.choice([1, 1, 1, 2, 5])):
        at, end = sorted(source.randrange(len(text) + 1) for _ in range(2))
        end = min(end, at + source.choice([0, 1, 5, 20]))
        text = text[:at] + source.choice([*TOKENS, text[at : at + 30]]) + text[end:]
    return text


def _broken_archive(whole: bytes, source: random.Random) -> bytes:
    """An archive that is sound itself, with odd names, links, and a broken member."""
    output = BytesIO()
    with zipfile.ZipFile(BytesIO(whole)) as old, zipfile.ZipFile(output, "w") as new:
        for number, member in enumerate(old.infolist()):
            content = old.read(member)
            name = member.filename
            if number == 0:
                content = broken_bytes(content, {"zip": whole}, source)
                name = source.choice([name, name, name, "../a", "/a", "a\\b", "\u202e.dcm", "n\n"])
            info = zipfile.ZipInfo(name)
            info.compress_type = source.choice([0, 8, 12, 14])
            info.external_attr = source.choice([0, 0, 0, 0o120777 << 16, 0o010644 << 16])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                new.writestr(info, content)
    return output.getvalue()


def _series(kind: str, folder: Path) -> Seed:
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return Seed(kind, files, min(files), ".", read_ct)


def _single(kind: str, path: Path, read: Callable[[Path], object]) -> Seed:
    return Seed(kind, {path.name: path.read_bytes()}, path.name, path.name, read)


def _rewrite(source: Path, target: Path, *, meta: bool, little: bool) -> None:
    """The same series in explicit big endian, or in implicit little endian without file meta."""
    target.mkdir()
    for path in source.iterdir():
        dataset = dcmread(path)
        pixels = dataset.pixel_array
        if not little:
            dataset.PixelData = pixels.astype(">u2").tobytes()
        if meta:
            dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
            dcmwrite(target / path.name, dataset, implicit_vr=False, little_endian=little)
        else:
            del dataset.file_meta
            dataset.preamble = None
            dataset.save_as(target / path.name, implicit_vr=True, little_endian=True)


def _item(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, [value] if isinstance(value, Dataset) else value)
    return dataset


def _enhanced(volume: Volume) -> Dataset:
    """A minimal Enhanced CT of an axial volume."""
    columns, rows, frames = volume.shape
    x, y, z = volume.spacing_mm
    dataset = _item(
        SOPClassUID=EnhancedCTImageStorage, SOPInstanceUID="1.2.3", StudyInstanceUID="1.2.4",
        SeriesInstanceUID="1.2.5", Modality="CT", Rows=rows, Columns=columns,
        NumberOfFrames=frames, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=16, BitsStored=16, HighBit=15, PixelRepresentation=1,
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
    )  # fmt: skip
    dataset.SharedFunctionalGroupsSequence = [
        _item(
            PixelMeasuresSequence=_item(PixelSpacing=[y, x], SliceThickness=z),
            PlaneOrientationSequence=_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
            PixelValueTransformationSequence=_item(RescaleSlope=1, RescaleIntercept=0),
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        _item(
            PlanePositionSequence=_item(ImagePositionPatient=list(volume.lps_mm([0, 0, k]))),
            FrameContentSequence=_item(StackID="1"),
        )
        for k in range(frames)
    ]
    dataset.PixelData = np.ascontiguousarray(volume.array.T).tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _evaluation() -> str:
    text = (find_model().folder / "evaluation.json").read_text(encoding="utf-8")
    record = json.loads(text)
    # The longest list is of lesions; a few of them are as good for this.
    return json.dumps(_shortened(record))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(each) for key, each in value.items()}
    if isinstance(value, list):
        # Rows of what was measured; short lists have a meaning by their length.
        return [_shortened(each) for each in (value[:2] if len(value) > 40 else value)]
    return value


def _read_evaluation(path: Path) -> object:
    return from_json(path.read_text(encoding="utf-8", errors="replace"))


def _model_seeds() -> list[Seed]:
    """A manifest with a stand-in of its ONNX file: metadata alone, which is all that is read."""
    model = find_model()
    with TemporaryDirectory() as name:
        path = Path(name) / model.file
        path.write_bytes(_properties(model.onnx_metadata()))
        record = {**model.to_dict(), "sha256": sha256_of(path), "variants": []}
        files = {path.name: path.read_bytes(), "manifest.json": json.dumps(record).encode()}
    return [
        Seed("manifest", files, "manifest.json", ".", load_manifest),
        Seed("onnx metadata", files, path.name, path.name, read_onnx_metadata),
    ]


def _properties(metadata: Mapping[str, str]) -> bytes:
    """ModelProto with field 14 only: StringStringEntryProto of key and value."""

    def field(number: int, content: bytes) -> bytes:
        length, size = len(content), b""
        while length > 127:
            size += bytes([length & 127 | 128])
            length >>= 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + content

    entries = [field(1, k.encode()) + field(2, v.encode()) for k, v in metadata.items()]
    return BytesIO(b"".join(field(14, entry) for entry in entries)).getvalue()
