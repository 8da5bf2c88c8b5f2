"""The schema of the journal, step by step; user_version of the database counts the steps."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE studies (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        study_uid TEXT NOT NULL UNIQUE,
        first_received REAL NOT NULL,
        last_received REAL NOT NULL,
        expected INTEGER,
        patient_name TEXT NOT NULL DEFAULT '',
        patient_id TEXT NOT NULL DEFAULT '',
        description TEXT NOT NULL DEFAULT '',
        duplicates INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE series (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        study_id INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
        series_uid TEXT NOT NULL,
        expected INTEGER,
        attributes TEXT NOT NULL,
        UNIQUE (study_id, series_uid)
    );
    CREATE TABLE instances (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sop_uid TEXT NOT NULL UNIQUE,
        series_id INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
        study_id INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
        revision INTEGER NOT NULL,
        file TEXT NOT NULL,
        size INTEGER NOT NULL,
        digest TEXT NOT NULL,
        position TEXT,
        received REAL NOT NULL,
        source TEXT NOT NULL
    );
    CREATE INDEX instances_of_study ON instances (study_id, revision);
    CREATE INDEX instances_of_series ON instances (series_id);
    CREATE INDEX instances_by_file ON instances (file);
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        study_id INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL,
        rule TEXT,
        priority INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        interruptions INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        code TEXT NOT NULL DEFAULT '',
        content_key TEXT,
        has_result INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        changed REAL NOT NULL,
        UNIQUE (study_id, revision)
    );
    CREATE INDEX jobs_by_state ON jobs (state, priority, id);
    CREATE INDEX jobs_by_content ON jobs (content_key) WHERE content_key IS NOT NULL;
    CREATE TABLE transitions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL,
        at REAL NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        code TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX transitions_by_time ON transitions (at);
    CREATE INDEX transitions_of_job ON transitions (job_id);
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        destination TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        code TEXT NOT NULL DEFAULT '',
        changed REAL NOT NULL,
        UNIQUE (job_id, destination)
    );
    CREATE INDEX deliveries_by_state ON deliveries (destination, state, not_before);
    CREATE TABLE sent_objects (
        delivery_id INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        sop_uid TEXT NOT NULL,
        status TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (delivery_id, sop_uid)
    ) WITHOUT ROWID;
    CREATE TABLE seen_files (
        path TEXT NOT NULL PRIMARY KEY,
        size INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        at REAL NOT NULL,
        verdict TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE notices (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        event TEXT NOT NULL,
        url TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        not_before REAL NOT NULL DEFAULT 0
    );
    CREATE TABLE identity (value TEXT NOT NULL);
    INSERT INTO identity VALUES (lower(hex(randomblob(8))));
    """,
)
"""Never changed once released; a new version appends a step.

AUTOINCREMENT: the number of a forgotten job must never be given to another study, whose page,
results or logs would be taken for those of the first. Transitions outlive their job, so that the
audit trail misses none. Statements hold no semicolon but at their end.
"""
