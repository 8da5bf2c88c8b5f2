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


@dataclass(frozen=True)
class Host:
    """One real limb.

    Attributes:
        split: train, val or test.
        rules: what differs from the default tissue rules.
    """

    split: str
    rules: TissueRules


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

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.counts if kind not in KINDS]
        if unknown:
            raise InputError(f"no such kind of lesion: {', '.join(unknown)}")
        wrong = [name for name, host in self.hosts.items() if host.split not in SPLITS]
        if wrong:
            raise InputError(f"hosts {', '.join(wrong)} need a split among {', '.join(SPLITS)}")

        if not 0 <= self.negative_share <= 1:
            raise InputError(f"negative_share lies between 0 and 1, not at {self.negative_share}")

    def path(self, host: str) -> Path:
        """CT file of a host."""
        return self.folder / self.pattern.format(id=host)


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
    for key in ("ignore_boxes", "hide_boxes"):
        rules[key] = tuple(_box(limits) for limits in rules.get(key, ()))
    return Host(str(entry["split"]), TissueRules(**rules))


def _box(limits: Any) -> IndexBox:
    (x0, x1), (y0, y1), (z0, z1) = limits
    return (int(x0), int(x1)), (int(y0), int(y1)), (int(z0), int(z1))
