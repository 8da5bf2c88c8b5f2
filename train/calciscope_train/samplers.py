"""Which crops each process reads: shards of one length, none read twice."""

from collections.abc import Callable, Iterator

from torch.utils.data import Sampler


class NumberSampler(Sampler[int]):
    """Numbers of the crops that one process reads in one epoch.

    The processes of a run take turns, so that together they read consecutive numbers, and each
    reads as many whole batches as the next: an uneven shard would leave the others waiting for
    ever (pytorch-lightning #20404).

    Args:
        samples: crops in an epoch, over all processes; rounded up to whole batches of all.
        batch_size: crops in a batch of one process.
        rank: number of this process.
        processes: number of processes.
        first: gives the first number of the coming epoch.
    """

    def __init__(
        self,
        samples: int,
        batch_size: int = 1,
        rank: int = 0,
        processes: int = 1,
        first: Callable[[], int] = int,
    ) -> None:
        together = batch_size * processes
        self.length = -(-samples // together) * batch_size
        self.rank = rank
        self.processes = processes
        self.first = first

    def __iter__(self) -> Iterator[int]:
        # Read now, not at the first crop: by then the count may have moved on.
        start = self.first() + self.rank
        return iter(range(start, start + self.length * self.processes, self.processes))

    def __len__(self) -> int:
        return self.length
