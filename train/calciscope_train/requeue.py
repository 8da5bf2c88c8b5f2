"""A run that was asked to stop before its end, and the exit status that says so."""

REQUEUE_STATUS = 75
"""Exit status of a run that is to be started again (EX_TEMPFAIL of sysexits.h)."""


class RunInterrupted(Exception):
    """A run ended early because it was told to; the same command goes on with it."""
