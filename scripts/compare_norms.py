"""Train the same network with each normalization and lay the validation figures side by side.

python scripts/compare_norms.py --config configs/ct.yaml --steps 1500 --seeds 0 1

Same cases, same crops, same number of steps; give --minutes instead of --steps to compare at equal
time. Runs lie in runs/norms/<norm>-<seed> and go on where they stopped.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from calciscope_train.fit import fit

FIGURES = ("loss", "dice/calcification", "dice/calcification_by_case", "recall/30_100_mm3")


def train(config: Path, out: Path, norm: str, seed: int, budget: Sequence[str]) -> Path:
    """One run; gives its folder."""
    run = out / f"{norm}-{seed}"
    fit(
        [
            *("--config", str(config), "--run", str(run), "--model.norm", norm),
            *("--seed_everything", str(seed), "--data.seed", str(seed), *budget),
            *("--trainer.logger", "pytorch_lightning.loggers.CSVLogger"),
            *("--trainer.logger.save_dir", str(run)),
        ]
    )
    return run


def last_figures(run: Path) -> dict[str, float]:
    """Figures of the last validation, and the steps taken."""
    figures: dict[str, float] = {}
    for path in sorted(run.rglob("metrics.csv"), key=lambda path: path.stat().st_mtime):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row.get("val/loss"):
                    figures = {key: float(value) for key, value in row.items() if value}
    return figures


def main() -> None:
    """Run the comparison and print one row per run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--config", type=Path, default=Path("configs/ct.yaml"))
    parser.add_argument("--out", type=Path, default=Path("runs/norms"))
    parser.add_argument("--norms", nargs="+", default=["batch", "instance", "group"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--minutes", type=float)
    given = parser.parse_args()
    minutes = "null" if given.minutes is None else str(given.minutes)
    budget = ["--model.budget.steps", str(given.steps), "--model.budget.minutes", minutes]
    print(f"{'norm':<10}{'seed':>5}{'steps':>7}" + "".join(f"{name:>28}" for name in FIGURES))
    for norm in given.norms:
        for seed in given.seeds:
            figures = last_figures(train(given.config, given.out, norm, seed, budget))
            values = "".join(f"{figures.get('val/' + f, float('nan')):>28.3f}" for f in FIGURES)
            print(f"{norm:<10}{seed:>5}{figures['step'] + 1:>7.0f}{values}", flush=True)


if __name__ == "__main__":
    main()
