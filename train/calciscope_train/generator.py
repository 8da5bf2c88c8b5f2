"""Which settings a synthetic case was made with, so that a set which mixes them can be seen.

The key of a case (`cases.case_key`) says what its arrays mean; this says what was put into them.
Cases of other settings are whole and may be trained on: they are warned of, not refused.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from calciscope_train.host_config import HostConfig

LOGGER = logging.getLogger(__name__)

GENERATOR = "generator"
"""Key in case.json of `phantom_settings` or `host_settings` when the case was made."""


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _shipped(name: str) -> str:
    return resources.files("calciscope.phantom").joinpath(name).read_text("utf-8")


@cache
def phantom_settings() -> str:
    """Hash of the distributions and bodies that phantoms are drawn from."""
    return _hash(_shipped("distributions.yaml"), _shipped("bodies.yaml"))


def host_settings(config: HostConfig, name: str) -> str:
    """Hash of what decides the cases of a host: its entry, the shared settings, the distributions.

    Where the files lie and which other hosts there are is not in it.
    """
    host = replace(config.hosts[name], ct=None)
    alone = replace(config, folder=Path(), hosts={name: host}, dropped={})
    return _hash(repr(alone), _shipped("distributions.yaml"))


def warn_of_others(
    records: Iterable[Mapping[str, Any]], root: Path, config: HostConfig | None = None
) -> None:
    """Log how many synthetic cases were made with other settings, or do not say with which.

    Args:
        records: case.json of the cases.
        root: for the message.
        config: of the hosts; without it cases of hosts need only say something.
    """
    others = synthetic = 0
    for record in records:
        stamp = record.get(GENERATOR)
        if record.get("source") == "phantom":
            synthetic += 1
            others += stamp != phantom_settings()
        elif record.get("source") == "host":
            synthetic += 1
            known = config is not None and record.get("host") in config.hosts
            wanted = host_settings(config, record["host"]) if config and known else stamp
            others += stamp is None or stamp != wanted
    if others:
        LOGGER.warning(
            "%d of %d synthetic cases of %s were made with other settings of the generator, or do "
            "not say with which; remove them and make them again for the present ones",
            *(others, synthetic, root),
        )
