"""Settings of the hosts, read from `configs/hosts.yaml`; a key of the file is a field here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from calciscope.errors import InputError
from calciscope.phantom.kinds import KINDS
from calciscope_train.host_tissues import IndexBox, TissueRules

SPLITS = ("train", "val", "test")

Polyline = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Host:
    """One real limb.

    Attributes:
        split: train, val or test.
        rules: what differs from the default tissue rules.
        ct: its file, where it lies apart from the others.
        label_map: NIfTI file of TotalSegmentator classes on the same grid, if there is one.
        fwhm_mm: in-plane resolution, where it is known better than it can be measured.
        vessels: lines of index positions (x, y, z) along vessels that were followed by eye.
        license: of its CT, where it is not that of the others.
    """

    split: str
    rules: TissueRules
    ct: Path | None = None
    label_map: Path | None = None
    fwhm_mm: float | None = None
    vessels: tuple[Polyline, ...] = ()
    license: str | None = None


@dataclass(frozen=True)
class HostConfig:
    """Where the hosts are and what is inserted into them.

    Attributes:
        folder: of the CTs; relative paths count from the working directory.
        pattern: file name with `{id}`.
        hosts: by id.
        dropped: reason by id, for hosts that are left out.
        kvp: tube voltage assumed, sets the HU of mineral.
        slice_thickness_mm: for case.json.
        fwhm_mm: in-plane resolution where it cannot be measured.
        fwhm_limits_mm: measured values are clipped to this.
        negative_share: share of the variants without lesions.
        minimum_contrast_hu: mineral with a fainter peak becomes 255 ...
        minimum_contrast_sigma: ... and with a peak under so many standard deviations of noise.
        minimum_placed_share: of the lesions asked for; a case with fewer is an error.
        soft_liters: soft tissue that `counts` refer to.
        counts: mean number of lesions by kind; drawn from a Poisson distribution.
        negative_counts: the same of the variants without calcification: confounders only.
        lumen_share: share of the variants of a host with gas that get contrast in its bowel.
        license: of the CTs; "unknown" unless stated.
    """

    folder: Path
    pattern: str
    hosts: Mapping[str, Host]
    dropped: Mapping[str, str] = field(default_factory=dict)
    kvp: float = 120.0
    slice_thickness_mm: float = 3.27
    fwhm_mm: float = 1.55
    fwhm_limits_mm: tuple[float, float] = (1.1, 2.2)
    negative_share: float = 0.25
    minimum_contrast_hu: float = 70.0
    minimum_contrast_sigma: float = 2.0
    minimum_placed_share: float = 0.6
    soft_liters: float = 1.0
    counts: Mapping[str, float] = field(default_factory=dict)
    negative_counts: Mapping[str, float] = field(default_factory=dict)
    lumen_share: float = 0.0
    license: str = "unknown"

    def __post_init__(self) -> None:
        unknown = [k for k in (*self.counts, *self.negative_counts) if k not in KINDS]
        if unknown:
            raise InputError(f"no such kind of lesion: {', '.join(unknown)}")
        calcified = [kind for kind in self.negative_counts if kind[0] in "CH"]
        if calcified:
            raise InputError(f"{', '.join(calcified)} is calcification: not in negative_counts")
        wrong = [name for name, host in self.hosts.items() if host.split not in SPLITS]
        if wrong:
            raise InputError(f"hosts {', '.join(wrong)} need a split among {', '.join(SPLITS)}")

        if not 0 <= self.negative_share <= 1:
            raise InputError(f"negative_share lies between 0 and 1, not at {self.negative_share}")

    def path(self, host: str) -> Path:
        """CT file of a host."""
        return self.hosts[host].ct or self.folder / self.pattern.format(id=host)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of lesions that cases are to hold."""
        rates = (*self.counts.items(), *self.negative_counts.items())
        return tuple(dict.fromkeys(kind for kind, rate in rates if rate > 0))

    def patient_of(self, host: str) -> str:
        """The patient's id as other sets have it, from the file name: "STS_025"."""
        return f"{self.pattern.partition('{id}')[0]}{host}"

    def license_of(self, host: str) -> str:
        """License of a host's CT."""
        return self.hosts[host].license or self.license


def read_host_config(file: Path) -> HostConfig:
    """Read the settings.

    Raises:
        InputError: the file is missing, or a key is unknown or of the wrong kind.
    """
    try:
        record: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        hosts = {name: _host(entry) for name, entry in record.pop("hosts").items()}
        folder = Path(record.pop("folder"))
        limits = tuple(record.pop("fwhm_limits_mm", (1.1, 2.2)))
        return HostConfig(folder, hosts=hosts, fwhm_limits_mm=limits, **record)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} does not describe hosts: {error!r}") from error


def _host(entry: Mapping[str, Any]) -> Host:
    known = {f.name for f in fields(TissueRules)}
    rules = dict(entry.get("rules", {}))
    if not set(rules) <= known:
        raise KeyError(f"unknown rules {sorted(set(rules) - known)}")
    for key in ("ignore_boxes", "hide_boxes", "vascular_boxes"):
        rules[key] = tuple(_box(limits) for limits in rules.get(key, ()))
    if not set(entry) <= {"split", "rules", "ct", "label_map", "fwhm_mm", "vessels", "license"}:
        raise KeyError(f"unknown keys among {sorted(entry)}")
    fwhm = entry.get("fwhm_mm")
    return Host(
        str(entry["split"]),
        TissueRules(**rules),
        Path(entry["ct"]) if "ct" in entry else None,
        Path(entry["label_map"]) if "label_map" in entry else None,
        None if fwhm is None else float(fwhm),
        tuple(_polyline(points) for points in entry.get("vessels", ())),
        entry.get("license"),
    )


def _polyline(points: Any) -> Polyline:
    return tuple((float(x), float(y), float(z)) for x, y, z in points)


def _box(limits: Any) -> IndexBox:
    (x0, x1), (y0, y1), (z0, z1) = limits
    return (int(x0), int(x1)), (int(y0), int(y1)), (int(z0), int(z1))
