-- +goose Up
-- Times are Unix milliseconds, UTC. JSON stands in TEXT. Words in state
-- columns are for ever: add, never rename.

-- How far each source has been read.
CREATE TABLE sources (
    name        TEXT PRIMARY KEY,
    cursor      TEXT NOT NULL,
    baseline    BIGINT NOT NULL, -- 1 while the first read is under way: what it brings is recorded, not acted upon
    baseline_at BIGINT NOT NULL, -- when that read began
    read_at     BIGINT NOT NULL, -- last successful read; schedules count from here
    version     BIGINT NOT NULL  -- one more at each write: who reads on must have seen the last one
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
    state      TEXT NOT NULL, -- new, decided, ignored, quarantined; asked, answered
    generation BIGINT NOT NULL, -- how often it was decided again after a conflict
    attempts   BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    note       TEXT NOT NULL, -- why it was ignored, or the last error
    source     TEXT NOT NULL,
    ref        TEXT NOT NULL, -- the record it came from, for housekeeping; empty for deadlines
    sha256     TEXT NOT NULL, -- evidence, see raw
    arrived    BIGINT NOT NULL,
    author     TEXT NOT NULL, -- who caused it, as the source names people; empty if nobody is known
    run        TEXT NOT NULL, -- what arrived together: nothing of it is delivered before all of it is decided
    apart      BIGINT NOT NULL DEFAULT 0 -- 1: it could not be decided in time, and the others of its run do not wait for it
);
CREATE INDEX events_new ON events (not_before) WHERE state = 'new';
CREATE INDEX events_run ON events (run) WHERE state = 'new' AND apart = 0;
CREATE INDEX events_aside ON events (at) WHERE state = 'quarantined';
CREATE INDEX events_subject ON events (subject, kind, at);
CREATE INDEX events_waiting ON events (subject, at, id) WHERE state = 'new';
CREATE INDEX events_sha256 ON events (sha256) WHERE sha256 <> '';
CREATE INDEX events_asked ON events (id) WHERE state = 'asked';

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
CREATE INDEX situations_at ON situations (at, event);

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
CREATE INDEX decisions_record ON decisions (substr(subject, instr(subject, ' ') + 1)); -- the id in it
CREATE INDEX decisions_tbl ON decisions (tbl, at);

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
CREATE INDEX memory_holds ON memory (subject) WHERE name = 'hold' AND value <> 'off - -';

-- The outbox.
CREATE TABLE entries (
    id          INTEGER PRIMARY KEY, -- also the order within a lane
    key         TEXT NOT NULL,       -- idempotency key of the change
    event       TEXT NOT NULL,
    subject     TEXT NOT NULL,       -- of the event
    decision    TEXT NOT NULL,
    rule        TEXT NOT NULL,       -- table and row of the decision
    run         TEXT NOT NULL,       -- of the event
    customer    TEXT NOT NULL,       -- whose affairs it is about; empty if unknown
    maker       TEXT NOT NULL,       -- the event's author: not the one to approve it
    lane        TEXT NOT NULL,       -- subject of the decision: changes of one lane are applied in order
    last        BIGINT NOT NULL,     -- 1: comes after the event's changes in all other lanes
    weighs      BIGINT NOT NULL DEFAULT 0, -- 1: it changes a record and counts towards ceilings; 0: it only says something
    checker     TEXT NOT NULL DEFAULT '', -- who approved it; empty if nobody did
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
    turn        BIGINT NOT NULL,     -- claims go by it, so that customers take turns
    expires     BIGINT NOT NULL,     -- when a proposal lapses; 0: never
    undoes      BIGINT NOT NULL,     -- the entry that it takes back; 0: none
    result      TEXT NOT NULL,       -- the record made or changed, and what stood there before
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);
CREATE UNIQUE INDEX entries_key ON entries (key) WHERE state NOT IN ('stale', 'expired');
CREATE INDEX entries_open ON entries (lane, id) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
CREATE INDEX entries_turn ON entries (system, turn, id) WHERE state IN ('pending', 'sending');
CREATE INDEX entries_customer ON entries (customer, turn) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
CREATE INDEX entries_subject ON entries (subject) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
CREATE INDEX entries_event ON entries (event);
CREATE INDEX entries_run ON entries (run, state);
CREATE INDEX entries_expires ON entries (expires) WHERE state = 'proposed' AND expires > 0;
CREATE INDEX entries_undoes ON entries (undoes) WHERE undoes > 0;
CREATE INDEX entries_rule ON entries (rule, created);
CREATE INDEX entries_recent ON entries (customer, created);
CREATE INDEX entries_decision ON entries (decision);
CREATE INDEX entries_mail ON entries (updated) WHERE system = 'mail';
CREATE INDEX entries_cancels ON entries (created, id, verb) WHERE verb IN ('cancel-workflow', 'cancel-job', 'cancel-block', 'cancel-assignment');

CREATE TABLE deadlines (
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX deadlines_at ON deadlines (at);
CREATE INDEX deadlines_decision ON deadlines (decision);

-- What people did, and what the daemon did to its own plans.
CREATE TABLE acts (
    id       INTEGER PRIMARY KEY,
    at       BIGINT NOT NULL,
    who      TEXT NOT NULL,
    act      TEXT NOT NULL, -- approve, decline, retry, drop, confirm, replay, pause, resume, hold, undo, expire, move, ask, answer
    entry    BIGINT NOT NULL, -- 0 if it was about none
    decision TEXT NOT NULL,   -- empty if it was about none
    reason   TEXT NOT NULL
);
CREATE INDEX acts_entry ON acts (entry);
CREATE INDEX acts_decision ON acts (decision);

-- What stops writing: one row while people have paused it.
CREATE TABLE brakes (
    name   TEXT PRIMARY KEY, -- a system, or all
    at     BIGINT NOT NULL,
    who    TEXT NOT NULL,
    reason TEXT NOT NULL
);

-- Runs that passed a ceiling: what they still ask for waits for a person.
CREATE TABLE holds (
    run   TEXT PRIMARY KEY,
    id    TEXT NOT NULL, -- what people call it: R...
    event TEXT NOT NULL, -- with which the ceiling was passed
    at    BIGINT NOT NULL,
    why   TEXT NOT NULL
);

-- One link for each decision and act, in the order they were stored: a digest
-- of it and of the link before. What was altered or taken out later shows.
CREATE TABLE chain (
    n      BIGINT PRIMARY KEY,
    kind   TEXT NOT NULL, -- decision or act
    id     TEXT NOT NULL,
    digest TEXT NOT NULL, -- of what was stored
    link   TEXT NOT NULL  -- of the link before, kind, id and digest
);

-- When what is to be done now and then was last due, and other things that
-- the daemon keeps about itself.
CREATE TABLE notes (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE notes; DROP TABLE chain; DROP TABLE holds; DROP TABLE brakes; DROP TABLE acts; DROP TABLE deadlines; DROP TABLE entries; DROP TABLE memory; DROP TABLE decisions;
DROP TABLE situations; DROP TABLE housekeeping; DROP TABLE raw; DROP TABLE events; DROP TABLE seen; DROP TABLE sources;
