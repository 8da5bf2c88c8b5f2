"""`calciscope-train import`: cases of a public set that the user has brought."""

import json
import logging
from pathlib import Path

from calciscope.errors import InputError
from calciscope.writers.whole_file import whole_file
from calciscope_train.host_config import read_host_config
from calciscope_train.importers.coca import Coca
from calciscope_train.importers.ctpelvic1k import CtPelvic1k
from calciscope_train.importers.item import Importer
from calciscope_train.importers.licenses import normalized_license, parsed_licenses
from calciscope_train.importers.plain import read_plain
from calciscope_train.importers.run import Outcome, run_import
from calciscope_train.importers.saros import Saros
from calciscope_train.importers.soft_tissue_sarcoma import SoftTissueSarcoma
from calciscope_train.importers.splits import host_splits
from calciscope_train.importers.totalsegmentator import TotalSegmentator

LOGGER = logging.getLogger(__name__)

SETS = ("totalsegmentator", "saros", "soft-tissue-sarcoma", "coca", "ctpelvic1k", "plain")


def import_set(
    set: str,
    folder: Path,
    root: Path | None = None,
    licenses: str = "",
    limit: int | None = None,
    processes: int = 1,
    extra: Path | None = None,
    mapping: Path | None = None,
    license: str | None = None,
    hosts: Path = Path("configs/hosts.yaml"),
) -> None:
    """Make cases of a public set; those that exist are kept, so that a stopped run goes on.

    Args:
        set: totalsegmentator, saros, soft-tissue-sarcoma, coca, ctpelvic1k or plain.
        folder: where the set lies, as it was downloaded.
        root: folder of cases; <root>/<split>/<case> is written. cases/<set> unless given.
        licenses: those that are accepted, with commas between; all where empty.
        limit: number of cases to stop at, in the order of their names.
        processes: number of worker processes.
        extra: for totalsegmentator: folder of further masks, <extra>/s0000/<class>.nii.gz.
        mapping: for plain: the YAML file; <folder>/mapping.yaml unless given.
        license: for ctpelvic1k: the license of your part of the set.
        hosts: the hosts' settings; a patient who is a host keeps the split of the host.

    Raises:
        InputError: the folder is not laid out as the set is, or no case of it could be used.
    """
    importer = importer_of(set, folder, extra, mapping, license)
    known = host_splits(read_host_config(hosts)) if hosts.is_file() else {}
    if not known:
        LOGGER.warning("%s is not there: patients who are hosts may land in another split", hosts)
    root = root or Path("cases") / importer.name
    outcome = run_import(importer, folder, root, parsed_licenses(licenses), limit, processes, known)
    path = _write_outcome(outcome, root, importer.name)
    LOGGER.info(
        "%d cases written, %d kept, %d refused, %d of other licenses; see %s",
        len(outcome.written),
        len(outcome.kept),
        len(outcome.refused),
        sum(outcome.other_licenses.values()),
        path,
    )
    if not outcome.written and not outcome.kept:
        raise InputError(_nothing(folder, outcome))


def importer_of(
    name: str,
    folder: Path,
    extra: Path | None = None,
    mapping: Path | None = None,
    license: str | None = None,
) -> Importer:
    """The importer of a set, by its name on the command line.

    Raises:
        InputError: there is no such set, or an option belongs to another one.
    """
    options = {"totalsegmentator": extra, "plain": mapping, "ctpelvic1k": license}
    names = {"totalsegmentator": "--extra", "plain": "--mapping", "ctpelvic1k": "--license"}
    for owner, value in options.items():
        if value is not None and owner != name:
            raise InputError(f"{names[owner]} belongs to the set {owner}, not to {name}")
    match name:
        case "totalsegmentator":
            return TotalSegmentator(extra)
        case "saros":
            return Saros()
        case "soft-tissue-sarcoma":
            return SoftTissueSarcoma()
        case "coca":
            return Coca()
        case "ctpelvic1k":
            return CtPelvic1k(normalized_license(license or ""))
        case "plain":
            return read_plain(mapping or folder / "mapping.yaml")
    raise InputError(f"no set {name}; choose among {', '.join(SETS)}")


def _write_outcome(outcome: Outcome, root: Path, name: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    path = root / f"import-{name}.json"
    with whole_file(path) as draft:
        draft.write_text(json.dumps(vars(outcome), indent=1), encoding="utf-8")
    return path


def _nothing(folder: Path, outcome: Outcome) -> str:
    if outcome.refused:
        case, reason = next(iter(outcome.refused.items()))
        return f"none of {len(outcome.refused)} cases of {folder} could be used; {case}: {reason}"
    held = ", ".join(f"{license} ({n})" for license, n in outcome.other_licenses.items())
    return f"{folder} has no case of the licenses asked for; it has {held or 'none'}"
