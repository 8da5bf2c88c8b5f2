"""`calciscope-train prepare`: cases of real limbs with inserted mineral, in parallel processes."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from calciscope.errors import InputError
from calciscope.preprocessing import PreprocessingSpec
from calciscope_train.cases import list_cases, read_case
from calciscope_train.coverage import count_coverage
from calciscope_train.generator import warn_of_others
from calciscope_train.host_cases import prepare_host, write_variant
from calciscope_train.host_config import SPLITS, HostConfig, read_host_config
from calciscope_train.importers.licenses import allowed, parsed_licenses

LOGGER = logging.getLogger(__name__)


def prepare(
    root: Path,
    config: Path = Path("configs/hosts.yaml"),
    folder: Path | None = None,
    splits: Sequence[str] = ("train", "val"),
    variants: int = 8,
    first_variant: int = 0,
    seed: int = 0,
    processes: int = 1,
    licenses: str = "",
) -> None:
    """Make cases of real limbs; those that exist are kept, so that a stopped run goes on.

    Args:
        root: folder of cases; <root>/<split>/host_<id>_<variant> is written.
        config: the hosts, see configs/hosts.yaml.
        folder: of the CTs, where it is not that of the config.
        splits: of train, val and test; hosts are split by patient.
        variants: cases of each host.
        first_variant: number of the first of them.
        seed: of every draw, together with host and variant.
        processes: number of worker processes; a host stays in one.
        licenses: hosts of these only, with commas between; all where empty.

    Raises:
        InputError: a split, a license, a host or the config is not usable.
        PhantomError: too many of the lesions asked for found no room, or a training set that is
            large enough lacks a kind of lesion, a compartment and size, or a contrast.
    """
    unknown = [split for split in splits if split not in SPLITS]
    if unknown:
        raise InputError(f"no split {', '.join(unknown)}; choose among {', '.join(SPLITS)}")
    hosts = read_host_config(config)
    if folder is not None:
        hosts = replace(hosts, folder=folder)
    hosts = licensed(hosts, parsed_licenses(licenses))
    for name, reason in hosts.dropped.items():
        LOGGER.info("host %s is left out: %s", name, reason)
    numbers = range(first_variant, first_variant + variants)
    for done, line in enumerate(written_cases(hosts, root, splits, numbers, seed, processes), 1):
        LOGGER.info("%d: %s", done, line)
    for split in splits:
        folders = [f for f in list_cases(root, split) if f.name.startswith("host_")]
        LOGGER.info("%s:", split)
        records = [read_case(case).meta for case in folders]
        warn_of_others(records, root / split, hosts)
        coverage = count_coverage(records)
        for line in coverage.lines():
            LOGGER.info(line)
        if split == "train":
            coverage.check(kinds=hosts.kinds)


def licensed(config: HostConfig, licenses: Sequence[str]) -> HostConfig:
    """The config with the hosts of some licenses only; raises InputError where none is left."""
    hosts = {
        name: host
        for name, host in config.hosts.items()
        if allowed({"license": config.license_of(name)}, licenses)
    }
    if not hosts:
        held = sorted({config.license_of(name) for name in config.hosts})
        raise InputError(
            f"no host has one of the licenses {', '.join(licenses)}; they have {', '.join(held)}"
        )
    return replace(config, hosts=hosts)


def written_cases(
    config: HostConfig,
    root: Path,
    splits: Sequence[str],
    numbers: range,
    seed: int = 0,
    processes: int = 1,
) -> Iterator[str]:
    """Write the variants `numbers` of every host of the splits.

    Yields:
        A line on each host's cases as they are finished: what was asked for, what found room.
    """
    jobs = [
        (config, name, root / host.split, numbers, seed)
        for name, host in config.hosts.items()
        if host.split in splits
    ]
    if processes <= 1:
        for job in jobs:
            yield from host_variants(*job)
        return
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(host_variants, *job) for job in jobs]
        for future in as_completed(futures):
            yield from future.result()


def host_variants(
    config: HostConfig, name: str, folder: Path, numbers: range, seed: int
) -> list[str]:
    """Write those variants of one host that are not in `folder` yet; one line on each."""
    todo = [(number, folder / f"host_{name}_{number:03d}") for number in numbers]
    todo = [(number, case) for number, case in todo if not case.exists()]
    if not todo:
        return []
    host = prepare_host(config, name, PreprocessingSpec())
    lines = []
    for number, case in todo:
        books = write_variant(host, config, number, seed, case)
        lines.append(
            f"{case.name}: {sum(books.placed.values())} of {sum(books.requested.values())} "
            f"requests placed, {len(books.lesions)} lesions"
        )
    return lines
