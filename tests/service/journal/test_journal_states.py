"""The journal under random sequences of everything that can happen, restarts included.

After every step, whatever it was: each instance belongs to a job, states change only as drawn, no
job and no number is lost or given twice, a delivered job is delivered everywhere, and the sums of
the different views agree.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from tests.service.conftest import HandClock

from calciscope.errors import StaleStateError
from calciscope.service.journal.journal import Journal
from calciscope.service.journal.records import Delivery, Job, NewInstance
from calciscope.service.journal.removal import FORGOTTEN
from calciscope.service.journal.states import FINAL, NEXT, DeliveryState, JobState
from calciscope.service.journal.transitions import Listener

STUDIES = ("1.1", "1.2", "1.3")
DESTINATIONS = ("pacs", "share")
MOST_INTERRUPTIONS = 3

studies = st.sampled_from(STUDIES)
numbers = st.integers(0, 3)
picks = st.integers(0, 50)
routes = st.sampled_from([(), ("pacs",), ("share",), DESTINATIONS])


class JournalStates(RuleBasedStateMachine):
    """Does what intake, work, delivery, a person and a kill can do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite"
        self.clock = HandClock()
        self.instances: set[tuple[str, str]] = set()  # study, instance: written down
        self.jobs: set[int] = set()  # that must be there
        self.forgotten: set[int] = set()
        self.sending: list[Delivery] = []  # as senders hold them, stale ones too

    @initialize()
    def open(self) -> None:
        listeners = [Listener("http://h/", frozenset({"delivered", "failed"}))]
        self.journal = Journal(self.path, self.clock, listeners)

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()

    # What happens

    @rule(study=studies, number=numbers)
    def register(self, study: str, number: int) -> None:
        sop_uid = f"{study}.{number}"
        known = (study, sop_uid) in self.instances
        before = {job.id: job for job in self.journal.jobs.of_study(study)}
        new = NewInstance(sop_uid, f"{study}.9", study, f"{sop_uid}.dcm", 1, sop_uid, "folder 0")
        (found,) = self.journal.arrivals.register([new])
        assert found.duplicate is known
        if known:
            assert self.journal.jobs.of_study(study) == list(before.values())
            return
        self.instances.add((study, sop_uid))
        assert found.job_id not in self.forgotten
        if found.job_id in before:
            # Never joined to what has been analyzed with a result, or is at work.
            assert before[found.job_id].content_key is None
            assert before[found.job_id].state in (
                JobState.INTAKE, JobState.WAITING, JobState.READY,
            )  # fmt: skip
        else:
            assert found.job_id not in self.jobs
            self.jobs.add(found.job_id)

    @rule(pick=picks, priority=st.integers(-1, 1))
    def take(self, pick: int, priority: int) -> None:
        if job := self._one(pick, JobState.INTAKE, JobState.WAITING):
            self.journal.jobs.take(job, "legs", priority)

    @rule(pick=picks, seen_all=st.booleans())
    def make_ready(self, pick: int, seen_all: bool) -> None:
        if job := self._one(pick, JobState.WAITING):
            count = self.journal.jobs.get(job).instances
            assert self.journal.jobs.make_ready(job, count - (not seen_all)) is seen_all

    @rule(pick=picks)
    def refuse(self, pick: int) -> None:
        if job := self._one(pick, JobState.INTAKE, JobState.WAITING, JobState.READY):
            self.journal.jobs.move(
                job, (self.journal.jobs.get(job).state,), JobState.REFUSED, code="no_rule"
            )

    @rule()
    def claim(self) -> None:
        ready = self.journal.jobs.listed((JobState.READY,))
        due = [job for job in ready if job.not_before <= self.clock.now()]
        claimed = self.journal.jobs.claim()
        assert (claimed is None) is (not due)
        if claimed is not None:
            assert claimed.state is JobState.RUNNING
            first = min(due, key=lambda job: (-job.priority, job.id))
            assert claimed.id == first.id

    @rule(pick=picks, route=routes)
    def finish(self, pick: int, route: tuple[str, ...]) -> None:
        if job := self._one(pick, JobState.RUNNING):
            self.journal.jobs.finish(job, f"key {job}", route)
            found = self.journal.jobs.get(job)
            assert found.state is (JobState.DONE if route else JobState.DELIVERED)
            assert self.journal.jobs.result_with(f"key {job}") == job

    @rule(pick=picks, route=routes)
    def analyze(self, pick: int, route: tuple[str, ...]) -> None:
        """The usual way in one step, so that what comes after it is reached often."""
        job = self._one(pick, JobState.INTAKE, JobState.WAITING)
        if job is None:
            return
        self.journal.jobs.take(job, "legs", 9)
        assert self.journal.jobs.make_ready(job, self.journal.jobs.get(job).instances)
        claimed = self.journal.jobs.claim()
        assert claimed is not None
        self.journal.jobs.finish(claimed.id, f"key {claimed.id}", route)

    @rule(pick=picks, again=st.booleans())
    def fail_attempt(self, pick: int, again: bool) -> None:
        if job := self._one(pick, JobState.RUNNING):
            before = self.journal.jobs.get(job).attempts
            again_at = self.clock.now() + 30 if again else None
            self.journal.jobs.fail_attempt(job, reason="no", code="crash", again_at=again_at)
            assert self.journal.jobs.get(job).attempts == before + 1

    @rule(pick=picks)
    def give_back(self, pick: int) -> None:
        if job := self._one(pick, JobState.RUNNING):
            self.journal.jobs.give_back(job)

    @rule(pick=picks, after=st.sampled_from(JobState))
    def move_anywhere(self, pick: int, after: JobState) -> None:
        """Somebody tries what may not be."""
        job = self._one(pick, *JobState)
        if job is None:
            return
        state = self.journal.jobs.get(job).state
        # Deliveries are made by finish and closed by succeed; a bare move knows nothing of them.
        if after in NEXT[state] or after in (JobState.DONE, JobState.DELIVERED):
            return
        try:
            self.journal.jobs.move(job, (state,), after)
        except StaleStateError:
            assert self.journal.jobs.get(job).state is state
        else:
            raise AssertionError(f"{state} became {after}")

    @rule(destination=st.sampled_from(DESTINATIONS))
    def begin_to_send(self, destination: str) -> None:
        if delivery := self.journal.deliveries.claim(destination):
            assert self.journal.jobs.get(delivery.job_id).state is JobState.DONE
            assert delivery.not_before <= self.clock.now()
            self.sending.append(delivery)

    @precondition(lambda self: self.sending)
    @rule(pick=picks, end=st.sampled_from(["succeed", "fail", "give_up", "give_back"]))
    def end_of_sending(self, pick: int, end: str) -> None:
        """A sender comes to an end, of a delivery that may be gone or begun anew meanwhile."""
        delivery = self.sending.pop(pick % len(self.sending))
        deliveries = self.journal.deliveries
        stale = delivery.id not in self._being_sent()
        try:
            deliveries.note_sent(delivery.id, "9.9", "0000")
            assert deliveries.sent(delivery.id) == {"9.9": "0000"}
            if end == "succeed":
                deliveries.succeed(delivery.id)
            elif end == "give_back":
                deliveries.give_back(delivery.id)
            else:
                again_at = self.clock.now() + 30 if end == "fail" else None
                deliveries.fail_attempt(delivery.id, reason="no", code="down", again_at=again_at)
        except StaleStateError:
            assert stale
        else:
            assert not stale

    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        job = self._one(pick, JobState.REFUSED, JobState.FAILED, JobState.DONE, JobState.DELIVERED)
        if job is not None:
            found = self.journal.jobs.retry(job)
            assert (found.attempts, found.interruptions) == (0, 0)
            assert all(
                self.journal.deliveries.sent(each.id) == {}
                for each in self.journal.deliveries.of_job(job)
            )

    @rule(pick=picks, destination=st.sampled_from([None, *DESTINATIONS]))
    def retry_deliveries(self, pick: int, destination: str | None) -> None:
        if job := self._one(pick, JobState.DONE):
            self.journal.deliveries.retry(job, destination)

    @rule(pick=picks, known=st.sets(st.sampled_from(DESTINATIONS)))
    def redirect(self, pick: int, known: set[str]) -> None:
        if job := self._one(pick, JobState.DONE):
            open_to = {
                each.destination
                for each in self.journal.deliveries.of_job(job)
                if each.state in (DeliveryState.PENDING, DeliveryState.FAILED)
            }
            dropped = self.journal.deliveries.redirect(job, known, known)
            assert dropped == len(open_to - known)

    @rule(pick=picks)
    def forget(self, pick: int) -> None:
        job = self._one(pick, *JobState)
        if job is None:
            return
        study = self.journal.jobs.get(job).study_uid
        jobs = {each.id: each.state for each in self.journal.jobs.of_study(study)}
        try:
            self.journal.removal.forget(job)
        except StaleStateError:
            assert JobState.RUNNING in jobs.values()
            return
        assert JobState.RUNNING not in jobs.values()
        self._forgot(study)

    @rule(days=st.sampled_from([0, 1, 10]))
    def retention(self, days: int) -> None:
        before = self.clock.now() - days * 86_400
        self.journal.removal.inputs_of_closed(before)
        self.journal.removal.results_of_closed(before)

    @rule()
    def records_go(self) -> None:
        before = self.clock.now() - 5 * 86_400
        closed = [
            study
            for study in STUDIES
            if (jobs := self.journal.jobs.of_study(study))
            and all(job.state in FINAL and job.changed < before for job in jobs)
        ]
        assert self.journal.removal.studies_closed(before) == len(closed)
        if closed:
            self._forgot(*closed)

    @rule(seconds=st.sampled_from([1.0, 31.0, 6 * 86_400.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(recovers=st.booleans())
    def kill_and_start(self, recovers: bool) -> None:
        """Nothing is told before; the next start recovers, unless it is killed before it does."""
        self.journal.close()
        self.open()
        self.sending.clear()
        if recovers:
            running = {job.id for job in self.journal.jobs.listed((JobState.RUNNING,))}
            assert set(self.journal.jobs.recover(MOST_INTERRUPTIONS)) == running
            assert self.journal.jobs.counts()[JobState.RUNNING] == 0
            self.journal.deliveries.recover()
            assert self._being_sent() == set()

    # What must always be so

    @invariant()
    def jobs_are_neither_lost_nor_made_up(self) -> None:
        assert {job.id for job in self._jobs()} == self.jobs
        assert not self.jobs & self.forgotten

    @invariant()
    def every_instance_belongs_to_a_job(self) -> None:
        rows = self.journal.database.connection().execute(
            "SELECT i.sop_uid, s.study_uid, j.id AS job FROM instances i"
            " JOIN studies s ON s.id = i.study_id JOIN series r ON r.id = i.series_id"
            " LEFT JOIN jobs j ON j.study_id = i.study_id AND j.revision = i.revision"
        )
        found = rows.fetchall()
        assert {(row["study_uid"], row["sop_uid"]) for row in found} == self.instances
        assert all(row["job"] in self.jobs for row in found)

    @invariant()
    def the_newest_revision_holds_every_instance(self) -> None:
        for study in STUDIES:
            jobs = self.journal.jobs.of_study(study)
            assert [job.revision for job in jobs] == list(range(1, len(jobs) + 1))
            if jobs:
                newest = jobs[-1]
                expected = {sop_uid for of, sop_uid in self.instances if of == study}
                assert {i.sop_uid for i in self.journal.jobs.instances(newest)} == expected
                assert newest.instances == len(expected)

    @invariant()
    def states_changed_only_as_drawn(self) -> None:
        last: dict[int, str] = {}
        previous = 0
        for each in self.journal.jobs.transitions_after(0, 100_000):
            assert each.id > previous
            previous = each.id
            assert each.before == last.get(each.job_id, "")
            if each.before and each.after != FORGOTTEN:
                assert JobState(each.after) in NEXT[JobState(each.before)]
            last[each.job_id] = each.after
        assert {job: after for job, after in last.items() if after != FORGOTTEN} == {
            job.id: str(job.state) for job in self._jobs()
        }
        gone = {job for job, after in last.items() if after == FORGOTTEN}
        assert gone == self.forgotten

    @invariant()
    def a_delivered_job_is_delivered_everywhere(self) -> None:
        for job in self._jobs():
            states = [each.state for each in self.journal.deliveries.of_job(job.id)]
            if job.state is JobState.DELIVERED:
                assert all(state is DeliveryState.DELIVERED for state in states)
            if job.state is JobState.DONE:
                # Something is still to be done, by a sender or a person.
                assert any(state is not DeliveryState.DELIVERED for state in states)
            else:
                assert DeliveryState.SENDING not in states
            if job.state in (JobState.INTAKE, JobState.WAITING) and job.content_key is None:
                assert states == []

    @invariant()
    def sums_agree(self) -> None:
        jobs = self._jobs()
        counts = self.journal.jobs.counts()
        assert counts == {state: sum(job.state is state for job in jobs) for state in JobState}
        deliveries = [each for job in jobs for each in self.journal.deliveries.of_job(job.id)]
        open_count = self.journal.deliveries.open_count()
        assert sum(open_count.values()) == sum(
            each.state is not DeliveryState.DELIVERED for each in deliveries
        )
        assert set(self.journal.jobs.oldest()) == {
            job.state for job in jobs if job.state not in FINAL
        }
        files = self.journal.removal.known_files()
        assert self.journal.removal.unknown_files([*files, "no.dcm"]) == {"no.dcm"}
        results = self.journal.removal.known_results()
        assert {job.id for job in jobs if job.has_result} <= results <= self.jobs

    @invariant()
    def everything_wanted_is_told_once(self) -> None:
        told = [(each.job_id, each.event) for each in self.journal.deliveries.due_notices(10_000)]
        happened = [
            (each.job_id, each.after)
            for each in self.journal.jobs.transitions_after(0, 100_000)
            if each.after in ("delivered", "failed") and each.job_id in self.jobs
        ]
        assert sorted(told) == sorted(happened)

    def _jobs(self) -> list[Job]:
        return self.journal.jobs.listed(limit=10_000)

    def _one(self, pick: int, *states: JobState) -> int | None:
        found = self.journal.jobs.listed(states, limit=10_000)
        return found[pick % len(found)].id if found else None

    def _being_sent(self) -> set[int]:
        return {
            each.id
            for job in self._jobs()
            for each in self.journal.deliveries.of_job(job.id)
            if each.state is DeliveryState.SENDING
        }

    def _forgot(self, *studies: str) -> None:
        gone = self.jobs - {job.id for job in self._jobs()}
        assert gone
        self.forgotten |= gone
        self.jobs -= gone
        self.instances = {(of, sop_uid) for of, sop_uid in self.instances if of not in studies}


JournalStates.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestJournalStates = JournalStates.TestCase
