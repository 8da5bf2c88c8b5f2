"""Which series becomes the volume: a rule, in plain order, that can say why.

1. At least half as long as the longest.
2. Not derived; reformatted (MPR) last.
3. At least nine tenths as long as the longest.
4. A soft kernel and slices of 1 to 3 mm.
5. More slices.
6. The lower series number, then UID.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calciscope.readers.kernels import is_sharp_kernel
from calciscope.readers.series import series_order
from calciscope.readers.stacks import Candidate
from calciscope.readers.study import SeriesSummary

_Better = Callable[[Candidate], float | tuple[float, str, str] | tuple[float, str]]
_Reason = Callable[[Candidate, Candidate], str]


@dataclass(frozen=True, eq=False)
class Choice:
    """The chosen stack and the others, each with the reason."""

    chosen: Candidate
    left_out: tuple[SeriesSummary, ...]


def choose(candidates: Sequence[Candidate]) -> Choice:
    """Choose among at least one candidate; the order they come in does not matter."""
    longest = max(candidate.stack.extent_mm for candidate in candidates)

    def shorter_than(share: float) -> _Better:
        return lambda candidate: float(candidate.stack.extent_mm < share * longest)

    criteria: tuple[tuple[_Better, _Reason], ...] = (
        (shorter_than(0.5), _is_shorter),
        (_derivation, _is_derived),
        (shorter_than(0.9), _is_shorter),
        (_unsuitability, _is_unsuitable),
        (lambda candidate: -len(candidate.stack.slices), _has_fewer),
        (lambda candidate: series_order(candidate.series), _comes_later),
        (_first_image, _comes_later),
    )

    def key(candidate: Candidate) -> tuple[object, ...]:
        return tuple(better(candidate) for better, _ in criteria)

    chosen, *others = sorted(candidates, key=key)
    left_out = []
    for other in others:
        differing = [r(other, chosen) for better, r in criteria if better(other) != better(chosen)]
        left_out.append(other.series.summary([*differing, _comes_later(other, chosen)][0]))
    return Choice(chosen, tuple(left_out))


def thickness_mm(candidate: Candidate) -> float:
    """Slice thickness, or the slice spacing where the header does not say."""
    return candidate.stack.slices[0].thickness or candidate.stack.spacing_mm


def _first_image(candidate: Candidate) -> tuple[float, str]:
    return min((e.instance_number or 0, e.sop_instance_uid) for e in candidate.stack.slices)


def _derivation(candidate: Candidate) -> float:
    slices = candidate.stack.slices
    if any(each.is_reformatted for each in slices):
        return 2
    return 0 if all(each.is_original for each in slices) else 1


def _unsuitability(candidate: Candidate) -> float:
    sharp = is_sharp_kernel(candidate.stack.slices[0].kernel)
    thickness = thickness_mm(candidate)
    unusual = 0 if 0.95 <= thickness <= 3.3 else 1 if 0.45 <= thickness <= 5.1 else 2
    return unusual + (1 if sharp is None else 2 * sharp)


def _is_shorter(other: Candidate, chosen: Candidate) -> str:
    return f"covers {other.stack.extent_mm:.0f} mm of {chosen.stack.extent_mm:.0f} mm"


def _is_derived(other: Candidate, chosen: Candidate) -> str:
    image_type = "\\".join(other.stack.slices[0].image_type)
    return f"derived images ({image_type}) where there are more original ones"


def _is_unsuitable(other: Candidate, chosen: Candidate) -> str:
    def made(candidate: Candidate) -> str:
        kernel = candidate.stack.slices[0].kernel or "unknown"
        return f"kernel {kernel} at {thickness_mm(candidate):g} mm"

    return f"{made(other)} suits less than {made(chosen)}"


def _has_fewer(other: Candidate, chosen: Candidate) -> str:
    return f"{len(other.stack.slices)} slices where the chosen one has {len(chosen.stack.slices)}"


def _comes_later(other: Candidate, chosen: Candidate) -> str:
    return "no better than the chosen one, and numbered after it"
