"""Numbers of crops: new ones each epoch, as many for every process."""

import pytest

from calciscope_train.samplers import NumberSampler


def test_each_epoch_goes_on_from_what_was_seen() -> None:
    seen = 0
    sampler = NumberSampler(4, first=lambda: seen)
    assert list(sampler) == [0, 1, 2, 3]
    seen = 7
    assert list(sampler) == [7, 8, 9, 10]


def test_the_start_is_read_when_an_epoch_begins() -> None:
    seen = 4
    epoch = iter(NumberSampler(2, first=lambda: seen))
    seen = 100
    assert list(epoch) == [4, 5]


@pytest.mark.parametrize(("samples", "length"), [(24, 8), (25, 10), (1, 2)])
def test_processes_share_consecutive_numbers_evenly(samples: int, length: int) -> None:
    shards = [NumberSampler(samples, 2, rank, 3, first=lambda: 10) for rank in range(3)]
    assert {len(shard) for shard in shards} == {length}
    assert sorted(n for shard in shards for n in shard) == list(range(10, 10 + 3 * length))
    # The first batches of two, together, are the first six numbers.
    assert sorted(n for shard in shards for n in list(shard)[:2]) == list(range(10, 16))
