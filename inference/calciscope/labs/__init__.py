"""Laboratory values: what was given, what follows from it, and the wording it supports."""

from calciscope.labs.interpretation import interpret
from calciscope.labs.reading import read_labs
from calciscope.labs.values import LabFindings, LabValues

__all__ = ["LabFindings", "LabValues", "interpret", "read_labs"]
