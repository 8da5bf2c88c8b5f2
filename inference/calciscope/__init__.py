"""Calciscope finds mineral in soft tissue. Research use, not a diagnosis.

import calciscope
findings = calciscope.analyze("study/")
comparison = calciscope.compare("study of 2025/", "study of 2026/")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calciscope.followup.command import compare
    from calciscope.pipeline import analyze

__version__ = "0.1.0"
__all__ = ["__version__", "analyze", "compare"]


def __getattr__(name: str) -> Any:
    """Import the pipeline when it is first asked for: `--help` needs none of it."""
    if name == "analyze":
        from calciscope.pipeline import analyze

        return analyze
    if name == "compare":
        from calciscope.followup.command import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
