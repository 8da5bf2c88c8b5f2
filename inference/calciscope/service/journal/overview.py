"""Looking at the journal as a whole: finding jobs, and figures of what was done."""

from dataclasses import dataclass

from calciscope.service.journal.database import Database
from calciscope.service.journal.states import DeliveryState, JobState

OUTCOMES = (JobState.DONE, JobState.REFUSED, JobState.FAILED)
"""What an analysis can end in."""


@dataclass(frozen=True)
class Wanted:
    """Which jobs are looked for; all conditions hold together.

    Attributes:
        states: any of these; empty for all.
        attention: only failed jobs, and jobs one of whose deliveries waits for a person.
        text: number of a job, or a part of rule, reason, description, or, with a
            dot in it, Study Instance UID.
        patients: whether a part of Patient Name and Patient ID counts too.
        since: created at or after, seconds since 1970.
    """

    states: tuple[JobState, ...] = ()
    attention: bool = False
    text: str = ""
    patients: bool = False
    since: float = 0.0


@dataclass(frozen=True)
class Found:
    """One page of what was found.

    Attributes:
        job_ids: the newest first.
        total: on all pages.
    """

    job_ids: tuple[int, ...]
    total: int


class Overview:
    """Questions to the journal about many jobs; changes nothing.

    Args:
        database: of the journal.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, wanted: Wanted, limit: int, offset: int = 0) -> Found:
        """Jobs that are wanted, the newest first."""
        clause, values = _clause(wanted)
        connection = self._database.connection()
        joined = "jobs j JOIN studies s ON s.id = j.study_id" if wanted.text else "jobs j"
        total = connection.execute(f"SELECT count(*) FROM {joined} {clause}", values).fetchone()[0]
        rows = connection.execute(
            f"SELECT j.id FROM {joined} {clause} ORDER BY j.id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return Found(tuple(row["id"] for row in rows), int(total))

    def outcomes(self, since: float, step_seconds: float) -> dict[tuple[int, JobState], int]:
        """How many analyses ended, by number of the step since then and by what they ended in."""
        marks = ", ".join("?" * len(OUTCOMES))
        rows = self._database.connection().execute(
            "SELECT CAST((at - ?) / ? AS INTEGER) AS step, after, count(*) AS n FROM transitions"
            f" WHERE at >= ? AND after IN ({marks}) GROUP BY 1, 2",
            (since, step_seconds, since, *OUTCOMES),
        )
        return {(row["step"], JobState(row["after"])): int(row["n"]) for row in rows}

    def turnaround(self, since: float) -> list[float]:
        """Seconds from first instance to delivery, of jobs delivered since then, in order."""
        rows = self._database.connection().execute(
            "SELECT t.at - j.created AS seconds FROM transitions t JOIN jobs j ON j.id = t.job_id"
            " WHERE t.at >= ? AND t.after = ? ORDER BY 1",
            (since, JobState.DELIVERED),
        )
        return [float(row["seconds"]) for row in rows]

    def oldest(self, states: tuple[JobState, ...]) -> float | None:
        """Since when the oldest job in these states has been there, seconds since 1970."""
        marks = ", ".join("?" * len(states))
        row = self._database.connection().execute(
            f"SELECT min(created) FROM jobs WHERE state IN ({marks})", states
        )
        found = row.fetchone()[0]
        return None if found is None else float(found)

    def duplicates(self, study_id: int) -> int:
        """Instances of a study that came again."""
        row = self._database.connection().execute(
            "SELECT duplicates FROM studies WHERE id = ?", (study_id,)
        )
        found = row.fetchone()
        return 0 if found is None else int(found[0])


def _clause(wanted: Wanted) -> tuple[str, list[object]]:
    where: list[str] = []
    values: list[object] = []
    if wanted.states:
        where.append(f"j.state IN ({', '.join('?' * len(wanted.states))})")
        values += wanted.states
    if wanted.attention:
        where.append(
            "(j.state = ? OR j.id IN (SELECT d.job_id FROM deliveries d WHERE d.state = ?))"
        )
        values += [JobState.FAILED, DeliveryState.FAILED]
    if wanted.since:
        where.append("j.created >= ?")
        values.append(wanted.since)
    if wanted.text:
        fields = ["j.rule", "j.reason", "s.description"]
        # A bare number is a job's or a patient's; it would be part of almost every UID.
        fields += ["s.study_uid"] if "." in wanted.text else []
        fields += ["s.patient_name", "s.patient_id"] if wanted.patients else []
        # instr, not LIKE: percent signs and underscores of the text mean themselves.
        parts = [f"instr(lower({field}), lower(?)) > 0" for field in fields]
        values += [wanted.text] * len(fields)
        number = wanted.text.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 16:
            parts.append("j.id = ?")
            values.append(int(number))
        where.append(f"({' OR '.join(parts)})")
    return (f"WHERE {' AND '.join(where)}" if where else "", values)
