"""How long to wait before something is tried again."""

from random import Random

from calciscope.service.settings.work import Backoff


def delay(backoff: Backoff, attempt: int, random: Random) -> float:
    """Seconds to wait after an attempt that failed.

    Doubled with each attempt up to the longest, then scattered by the jitter, so that many things
    that failed together are not all tried again at one moment.

    Args:
        backoff: how long at first and at most.
        attempt: how many have failed, from 1.
        random: source of the jitter.
    """
    # Beyond 2^60 times the first wait nothing grows any more, and no float overflows.
    wait = backoff.first_seconds * 2.0 ** min(max(attempt - 1, 0), 60)
    scatter = 1.0 + backoff.jitter * random.uniform(-1.0, 1.0)
    return min(backoff.longest_seconds, wait) * scatter
