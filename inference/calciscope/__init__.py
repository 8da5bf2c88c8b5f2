"""Calciscope finds mineral in soft tissue. Research use, not a diagnosis.

import calciscope
findings = calciscope.analyze("study/")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calciscope.pipeline import analyze

__version__ = "0.1.0"
__all__ = ["__version__", "analyze"]


def __getattr__(name: str) -> Any:
    """Import the pipeline when it is first asked for: `--help` needs none of it."""
    if name == "analyze":
        from calciscope.pipeline import analyze

        return analyze
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
