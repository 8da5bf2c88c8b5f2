"""Finding reference cases below a folder: prepared folders or NIfTI files.

Three layouts are read, at any depth below the folder that is given:

    <case>/ct.npy labels.npy case.json      as `calciscope-train` prepares them
    <case>/labels.nii.gz or lesions.nii.gz  with ct.nii.gz and case.json where they are there
    <case>.nii.gz                           with <case>_ct.nii.gz and <case>.json

`labels` hold the values of `labels.Label` (255 unscored), `lesions` are calcification where they
are not 0; 255 in them is unscored where they hold another value beside it. A file of the third
layout is taken for labels if it holds a 6, for lesions if it holds nothing above 1, and refused
otherwise unless its JSON says `"reference": "labels"` or `"lesions"`.
"""

from collections.abc import Iterator
from pathlib import Path

from calciscope.errors import InputError
from calciscope.evaluation.reference_cases import NIFTI, REFERENCE_NAMES, CaseFiles

CT_SUFFIX = "_ct"


def find_cases(root: Path) -> list[CaseFiles]:
    """All cases below a folder, in order of name.

    Raises:
        InputError: there is none, or two have one name.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; give the folder of the references")
    cases = sorted(_prepared_files(root), key=lambda case: case.name)
    cases += sorted(_nifti_files(root), key=lambda case: case.name)
    if not cases:
        raise InputError(
            f"{root} holds no references; expected <case>/labels.npy, <case>/labels.nii.gz,"
            " <case>/lesions.nii.gz or <case>.nii.gz"
        )
    names = [case.name for case in cases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{root} holds more than one case named {twice[0]}; rename one of them")
    return cases


def _prepared_files(root: Path) -> Iterator[CaseFiles]:
    for labels in root.rglob("labels.npy"):
        folder = labels.parent
        if not folder.name.startswith(".") and (folder / "case.json").is_file():
            yield CaseFiles(folder.name, labels, folder / "ct.npy", folder / "case.json")


def _nifti_files(root: Path) -> Iterator[CaseFiles]:
    for path in root.rglob(f"*{NIFTI}"):
        stem = path.name.removesuffix(NIFTI)
        if stem in REFERENCE_NAMES:
            if stem == "lesions" and (path.parent / f"labels{NIFTI}").is_file():
                continue
            yield CaseFiles(
                path.parent.name,
                path,
                _if_there(path.parent / f"ct{NIFTI}"),
                _if_there(path.parent / "case.json"),
            )
        elif not _belongs_to_another(path, stem):
            yield CaseFiles(
                stem,
                path,
                _if_there(path.with_name(f"{stem}{CT_SUFFIX}{NIFTI}")),
                _if_there(path.with_name(f"{stem}.json")),
            )


def _belongs_to_another(path: Path, stem: str) -> bool:
    """Whether a file is a CT, or lies in the folder of a case of the second layout."""
    if stem == "ct" or stem.endswith(CT_SUFFIX):
        return True
    return any((path.parent / f"{name}{NIFTI}").is_file() for name in REFERENCE_NAMES)


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None
