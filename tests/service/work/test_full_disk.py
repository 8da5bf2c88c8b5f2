"""A full disk makes the work wait, and nobody longer than needed."""

from random import Random

import pytest
from tests.service.conftest import HandClock

from calciscope.service.backoff import LONGEST_REST_SECONDS
from calciscope.service.settings.work import Backoff
from calciscope.service.work.full_disk import LATER_SECONDS, FullDisk


@pytest.fixture
def disk(clock: HandClock) -> FullDisk:
    return FullDisk(Backoff(first_seconds=10, jitter=0), clock, Random(0))


def test_rest_grows_until_a_study_is_finished(disk: FullDisk, clock: HandClock) -> None:
    assert not disk.rests
    rests = []
    for job in range(8):
        waits = disk.met_by(job)
        assert disk.rests
        rests.append(waits - LATER_SECONDS)
        clock.advance(rests[-1])
        assert not disk.rests
    assert rests == [10, 20, 40, 80, 160, *[LONGEST_REST_SECONDS] * 3]
    disk.ended(9, finished=False)
    assert disk.met_by(10) == LONGEST_REST_SECONDS + LATER_SECONDS
    clock.advance(LONGEST_REST_SECONDS)
    disk.ended(11, finished=True)
    assert disk.met_by(12) == 10 + LATER_SECONDS


def test_studies_that_meet_it_together_make_one_rest(disk: FullDisk, clock: HandClock) -> None:
    assert disk.met_by(1) == 10 + LATER_SECONDS
    clock.advance(4)
    assert disk.met_by(2) == 6 + LATER_SECONDS
    clock.advance(6)
    assert not disk.rests


def test_study_that_finds_no_room_while_others_do_waits_longer_each_time(
    disk: FullDisk, clock: HandClock
) -> None:
    waits = []
    for _ in range(7):
        waits.append(disk.met_by(1))
        clock.advance(waits[-1])
        disk.ended(2, finished=True)
    assert waits == [15, 20, 40, 80, 160, LONGEST_REST_SECONDS, LONGEST_REST_SECONDS]
    disk.ended(1, finished=False)
    assert disk.met_by(1) == 15
