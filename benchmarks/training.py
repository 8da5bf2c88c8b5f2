"""Speed of training: crops from the loader, steps of the network, and how long one waits.

    python benchmarks/training.py --config configs/ct.yaml [--config configs/cluster.yaml] [...]

Takes the arguments of `calciscope-train fit`; nothing is written but to a temporary folder. One
run gives all figures, so that they can be compared with each other on a busy machine too: first
crops alone, then steps on batches that are held already, then both together as in training. The
share of waiting is the time between asking for a batch and having it, over the whole time.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from pytorch_lightning.callbacks import Callback

from calciscope_train.datamodule import Batch, CtSegmentationDataModule
from calciscope_train.fit import FitCLI
from calciscope_train.lesion_table import lesion_table
from calciscope_train.segmenter import CalcificationSegmenter

WARM = 3
MEASURED = 20


class Timed:
    """Batches of a loader, and how long each was waited for."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.waited_s: list[float] = []

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        batches = iter(self.loader)
        while True:
            asked = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self.waited_s.append(time.perf_counter() - asked)
            yield batch


class Watch(Callback):
    """The moment at which each step ended, on the device too."""

    def __init__(self) -> None:
        self.ended_s: list[float] = []

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        """Note it."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ended_s.append(time.perf_counter())


class Held:
    """One batch over and over: what a step takes when no crop is waited for."""

    def __init__(self, batch: Batch, length: int) -> None:
        self.batch = batch
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Batch]:
        return iter([self.batch] * self.length)


def make(arguments: list[str], folder: str) -> FitCLI:
    """The parts of a run as `fit` makes them, for so many steps that it can be measured."""
    steps = WARM + MEASURED
    return FitCLI(
        CalcificationSegmenter,
        CtSegmentationDataModule,
        args=[
            *arguments,
            *("--run", folder, "--trainer.logger", "false", "--trainer.max_steps", str(steps)),
            *("--trainer.limit_val_batches", "0", "--trainer.enable_progress_bar", "false"),
        ],
        run=False,
        save_config_callback=None,
        auto_configure_optimizers=False,
        seed_everything_default=0,
        trainer_defaults={"enable_checkpointing": False, "use_distributed_sampler": False},
    )


def seconds_per_step(arguments: list[str], loader: Callable[[Any], Any]) -> tuple[float, Any]:
    """Seconds of a step once warm, with the batches of `loader`, and that loader."""
    with tempfile.TemporaryDirectory() as folder:
        cli = make(arguments, folder)
        watch = Watch()
        cli.trainer.callbacks = [watch]  # type: ignore[attr-defined]
        given = loader(cli.datamodule.train_dataloader())
        cli.trainer.fit(cli.model, given)
        return (watch.ended_s[-1] - watch.ended_s[WARM - 1]) / MEASURED, given


def main() -> None:
    """Print the table."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = make(arguments, folder).datamodule
    plan = data.plan("train")
    start = time.perf_counter()
    lesion_table(plan.cases)
    table_ms = 1e3 * (time.perf_counter() - start) / len(plan.cases)

    timed = Timed(data.train_dataloader())
    batches = iter(timed)
    held = [next(batches) for _ in range(WARM + MEASURED)][-1]
    crop_ms = 1e3 * sum(timed.waited_s[WARM:]) / (MEASURED * data.batch_size)

    alone_s, _ = seconds_per_step(arguments, lambda _: Held(held, WARM + MEASURED))
    both_s, timed = seconds_per_step(arguments, Timed)
    waited_s = sum(timed.waited_s[WARM:][:MEASURED]) / MEASURED

    device = "GPU" if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    print(
        f"{device}; batches of {data.batch_size}, {data.workers} workers, {len(plan.cases)} cases"
    )
    print(f"{'lesion table, ms a case (once)':<40}{table_ms:>10.1f}")
    print(f"{'loader alone, ms a crop':<40}{crop_ms:>10.1f}")
    print(f"{'network alone, steps/s':<40}{1 / alone_s:>10.2f}")
    print(f"{'training, steps/s':<40}{1 / both_s:>10.2f}")
    print(f"{'share of the time waiting for crops':<40}{waited_s / both_s:>10.1%}")
    print(f"{'training / network alone':<40}{alone_s / both_s:>10.2f}")


if __name__ == "__main__":
    main()
