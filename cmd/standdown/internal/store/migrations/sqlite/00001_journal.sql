-- +goose Up
-- Times are Unix milliseconds, UTC. JSON stands in TEXT. Words in state
-- columns are for ever: add, never rename.

-- How far each source has been read.
CREATE TABLE sources (
    name        TEXT PRIMARY KEY,
    cursor      TEXT NOT NULL,
    baseline    BIGINT NOT NULL, -- 1 while the first read is under way: what it brings is recorded, not acted upon
    baseline_at BIGINT NOT NULL, -- when that read began
    read_at     BIGINT NOT NULL  -- last successful read; schedules count from here
);

-- The last watched values of each record, so that only real changes become events.
CREATE TABLE seen (
    source  TEXT NOT NULL,
    ref     TEXT NOT NULL,
    watched TEXT NOT NULL,
    PRIMARY KEY (source, ref)
);

-- What happened. A row is written together with the source's cursor.
CREATE TABLE events (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    body       TEXT NOT NULL, -- rules.Event
    state      TEXT NOT NULL, -- new, decided, ignored, quarantined
    generation BIGINT NOT NULL, -- how often it was decided again after a conflict
    attempts   BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    note       TEXT NOT NULL, -- why it was ignored, or the last error
    source     TEXT NOT NULL,
    ref        TEXT NOT NULL, -- the record it came from, for housekeeping; empty for deadlines
    sha256     TEXT NOT NULL, -- evidence, see raw
    arrived    BIGINT NOT NULL
);
CREATE INDEX events_new ON events (not_before) WHERE state = 'new';
CREATE INDEX events_subject ON events (subject, kind);

-- Evidence: a mail's bytes as they came.
CREATE TABLE raw (
    sha256 TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
);

-- Mails whose events are through and that may be flagged and moved.
CREATE TABLE housekeeping (
    source TEXT NOT NULL,
    ref    TEXT NOT NULL,
    event  TEXT NOT NULL,
    PRIMARY KEY (source, ref)
);

-- The world as a decision saw it: enough to decide again under other rules.
CREATE TABLE situations (
    event      TEXT NOT NULL,
    generation BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    snapshot   TEXT NOT NULL, -- rules.Snapshot
    settings   TEXT NOT NULL, -- rules.Settings
    PRIMARY KEY (event, generation)
);

CREATE TABLE decisions (
    id         TEXT PRIMARY KEY,
    event      TEXT NOT NULL,
    generation BIGINT NOT NULL,
    n          BIGINT NOT NULL, -- place within the plan
    at         BIGINT NOT NULL,
    tbl        TEXT NOT NULL,
    row_id     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL -- rules.Decision
);
CREATE INDEX decisions_event ON decisions (event, generation);
CREATE INDEX decisions_subject ON decisions (subject, at);

-- What decisions asked to remember. An event that is decided again must see
-- what was remembered before it was decided first.
CREATE TABLE memory (
    subject TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL, -- empty: forgotten
    event   TEXT NOT NULL, -- that wrote it; empty for the baseline
    before  TEXT NOT NULL, -- value before that event
    PRIMARY KEY (subject, name)
);

-- The outbox.
CREATE TABLE entries (
    id          INTEGER PRIMARY KEY, -- also the order within a lane
    key         TEXT NOT NULL,       -- idempotency key of the change
    event       TEXT NOT NULL,
    decision    TEXT NOT NULL,
    lane        TEXT NOT NULL,       -- subject of the decision: changes of one lane are applied in order
    last        BIGINT NOT NULL,     -- 1: comes after the event's changes in all other lanes
    system      TEXT NOT NULL,       -- salesforce or mail
    verb        TEXT NOT NULL,
    change      TEXT NOT NULL,       -- connectors.Change
    text        TEXT NOT NULL,       -- one line for people
    state       TEXT NOT NULL,       -- see states.go
    why         TEXT NOT NULL,       -- why it waits, or the last error
    attempts    BIGINT NOT NULL,
    doubt       BIGINT NOT NULL,     -- 1: an earlier attempt may have got through
    not_before  BIGINT NOT NULL,
    lease       TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    result      TEXT NOT NULL,       -- the record made or changed, and what stood there before
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);
CREATE UNIQUE INDEX entries_key ON entries (key) WHERE state <> 'stale';
CREATE INDEX entries_open ON entries (lane, id) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
CREATE INDEX entries_event ON entries (event);
CREATE INDEX entries_decision ON entries (decision);

CREATE TABLE deadlines (
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX deadlines_at ON deadlines (at);

-- What people did.
CREATE TABLE acts (
    id     INTEGER PRIMARY KEY,
    at     BIGINT NOT NULL,
    who    TEXT NOT NULL,
    act    TEXT NOT NULL, -- approve, decline, retry, drop, confirm
    entry  BIGINT NOT NULL,
    reason TEXT NOT NULL
);

-- +goose Down
DROP TABLE acts; DROP TABLE deadlines; DROP TABLE entries; DROP TABLE memory; DROP TABLE decisions;
DROP TABLE situations; DROP TABLE housekeeping; DROP TABLE raw; DROP TABLE events; DROP TABLE seen; DROP TABLE sources;
