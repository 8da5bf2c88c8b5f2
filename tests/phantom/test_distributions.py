"""The one file of distributions: what it may hold, and what is drawn from it."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from calciscope.errors import PhantomError
from calciscope.phantom.distributions import (
    draw_counts,
    parse_distributions,
    read_distributions,
    shipped_distributions,
)
from calciscope.phantom.draws import (
    Choice,
    Fixed,
    Integers,
    LogNormal,
    Uniform,
    parse_distribution,
)
from calciscope.phantom.kinds import BUILDERS, KINDS, read_kinds

FILE = Path(__file__).parents[2] / "inference/calciscope/phantom/distributions.yaml"


def altered(path: str, value: object) -> str:
    """The shipped file with one entry changed, `path` like kinds.C1.room_mm."""
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    *parents, last = path.split(".")
    entry = raw
    for name in parents:
        entry = entry[name]
    entry[last] = value
    return yaml.safe_dump(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (3, Fixed(3.0)),
        ({"uniform": [1, 2]}, Uniform(1.0, 2.0)),
        ({"integers": [1, 4]}, Integers(1, 4)),
        ({"log_normal": [3, 0.5, 1, 9]}, LogNormal(3.0, 0.5, 1.0, 9.0)),
        ({"choice": [1, 1, 5]}, Choice((1.0, 1.0, 5.0))),
    ],
)
def test_forms_of_a_distribution(raw: object, expected: object) -> None:
    assert parse_distribution(raw, "here") == expected


@pytest.mark.parametrize(
    "raw",
    ["3", True, None, {"gauss": [1, 2]}, {"uniform": [1]}, {"uniform": [1, "2"]}, {"choice": []},
     {"uniform": [1, 2], "choice": [1]}, {"uniform": [2, 1]}],
)  # fmt: skip
def test_what_is_no_distribution_is_refused_by_name(raw: object) -> None:
    with pytest.raises(PhantomError, match=r"C1\.ha"):
        parse_distribution(raw, "C1.ha")


def test_draws_keep_to_their_range() -> None:
    rng = np.random.default_rng(0)
    drawn = [LogNormal(3.0, 1.0, 1.0, 9.0).draw(rng) for _ in range(2000)]
    assert (min(drawn), max(drawn)) == (1.0, 9.0)
    assert np.median(drawn) == pytest.approx(3.0, rel=0.1)
    assert {Integers(1, 3).draw(rng) for _ in range(100)} == {1.0, 2.0, 3.0}
    assert {Choice((1.0, 5.0)).draw(rng) for _ in range(100)} == {1.0, 5.0}


def test_the_shipped_file_describes_every_kind_and_counts_it() -> None:
    shipped = shipped_distributions()
    assert set(read_kinds(shipped)) == set(BUILDERS) == set(KINDS)
    counted = set(shipped.counts.weights) | set(shipped.counts.rates)
    assert counted == set(KINDS)
    assert all((k[0] in "CH") == (k in shipped.counts.weights) for k in KINDS)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("kinds.C1.colour", 3, "C1 has no setting colour"),
        ("kinds.C1.where", {"brain": 1}, "C1.where names brain; choose of muscle"),
        ("kinds.C1.room_mm", [3, 1], "C1.room_mm is"),
        ("kinds.C1.count", {"uniform": [3]}, "C1.count is"),
        ("kinds.C77", {"where": {"muscle": 1}}, "kinds has no setting C77"),
        ("kinds.C1", {"where": {"muscle": 1}}, "C1 lacks count, diameter_mm"),
    ],
)
def test_a_wrong_kind_is_named(path: str, value: object, message: str) -> None:
    distributions = parse_distributions(altered(path, value), "mine.yaml")
    with pytest.raises(PhantomError, match=f"mine.yaml: {message}"):
        read_kinds(distributions)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("counts.weights", {"C99": 1.0}, "weights names C99; no such kind"),
        ("counts.speed", 1, "counts has no setting speed"),
        ("counts.body_parts.leg", {"lesions": 3}, "leg lacks factors"),
        ("kinds", 3, "kinds holds 3"),
        ("extra", 1, "mine.yaml has no setting extra"),
    ],
)
def test_wrong_counts_are_named(path: str, value: object, message: str) -> None:
    with pytest.raises(PhantomError, match=message):
        parse_distributions(altered(path, value), "mine.yaml")


def test_a_file_that_is_absent_or_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhantomError, match="cannot be read"):
        read_distributions(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("kinds: [", encoding="utf-8")
    with pytest.raises(PhantomError, match=r"bad.yaml is no YAML"):
        read_distributions(tmp_path / "bad.yaml")


def test_counts_follow_weights_negatives_and_body_parts() -> None:
    def sets(part: str, share: float | None = None) -> list[dict[str, int]]:
        return [draw_counts(np.random.default_rng(n), part, share) for n in range(400)]

    legs = sets("leg")
    empty = sum(not any(n for k, n in counts.items() if k[0] in "CH") for counts in legs)
    # 400 draws of probability 0.2: 80, standard deviation 8.
    assert 50 < empty < 110
    assert not any(k[0] in "CH" for counts in sets("leg", 1.0) for k, n in counts.items() if n)
    assert all(any(n for k, n in c.items() if k[0] in "CH") for c in sets("leg", 0.0))
    assert sum(c.get("C8_muscle", 0) for c in sets("hand")) == 0
    assert sum(c["X3_bowel"] for c in sets("pelvis")) > 100
    assert sum(c["X3_bowel"] for c in legs) == 0
    faint = sum(c.get(k, 0) for c in legs for k in c if k.startswith("C5"))
    assert faint > 0.25 * sum(n for c in legs for k, n in c.items() if k[0] in "CH")


def test_an_unknown_body_part_is_refused() -> None:
    with pytest.raises(PhantomError, match="no body part 'tail'; choose one of leg"):
        draw_counts(np.random.default_rng(0), "tail")
