-- +goose Up
-- What was decided and is not to be done, and what people did instead: one row
-- for each entry in the state shadow.
CREATE TABLE shadows (
    entry     BIGINT PRIMARY KEY,
    decided   BIGINT NOT NULL,
    due       BIGINT NOT NULL, -- when it is compared
    overtaken TEXT NOT NULL,   -- why people may not have had to do it in the end; empty if they had
    compared  BIGINT NOT NULL, -- when it was; 0: not yet
    verdict   TEXT NOT NULL,   -- same, otherwise, not-done, untold; empty until then
    found     TEXT NOT NULL    -- what stood in the records then
);
CREATE INDEX shadows_due ON shadows (due) WHERE compared = 0;
CREATE INDEX shadows_decided ON shadows (decided, entry);
CREATE INDEX shadows_compared ON shadows (compared, entry);

-- What operators are told of brakes: one row for each that has ever closed.
CREATE TABLE closings (
    brake   TEXT PRIMARY KEY, -- its kind and of what: pause all, ceiling run, down mail, reserve salesforce, per-hour mail, reading mailbox
    since   BIGINT NOT NULL,  -- when it closed last
    open    BIGINT NOT NULL,  -- 1: it has opened since
    changed BIGINT NOT NULL,  -- when it last closed or opened
    why     TEXT NOT NULL,
    times   BIGINT NOT NULL,  -- how often it closed since operators were last told of that
    told    BIGINT NOT NULL,  -- when they were last told that it closed; 0: never
    said    TEXT NOT NULL     -- what they were told last, closed or open; empty if nothing
);

-- Which brake holds the run; empty for holds of 0.1.0.
ALTER TABLE holds ADD COLUMN brake TEXT NOT NULL DEFAULT '';

CREATE INDEX entries_notices ON entries (system, turn, id) WHERE verb = 'tell-operators' AND state IN ('pending', 'sending');

-- Who is given something by it, and for which time; empty if nobody, and for
-- entries of 0.1.0.
ALTER TABLE entries ADD COLUMN gives TEXT NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN gives_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN gives_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX entries_gives ON entries (gives, gives_until) WHERE gives <> '';

-- How many records of a kind there are, for ceilings that are a share of them.
CREATE INDEX seen_kind ON seen (substr(ref, 1, instr(ref, '/')));

-- Of the same entries as before, in words that cost SQLite less each time that
-- an entry is written: see isOpen.
DROP INDEX entries_open;
CREATE INDEX entries_open ON entries (lane, id) WHERE (state = 'proposed' OR state = 'pending' OR state = 'sending' OR state = 'stuck' OR state = 'unknown');
DROP INDEX entries_customer;
CREATE INDEX entries_customer ON entries (customer, turn) WHERE (state = 'proposed' OR state = 'pending' OR state = 'sending' OR state = 'stuck' OR state = 'unknown');
DROP INDEX entries_subject;
CREATE INDEX entries_subject ON entries (subject) WHERE (state = 'proposed' OR state = 'pending' OR state = 'sending' OR state = 'stuck' OR state = 'unknown');

-- What is to be decided, in its order, so that of a long queue only the head is
-- read.
DROP INDEX events_new;
CREATE INDEX events_turn ON events (at, id, not_before) WHERE state = 'new';

-- +goose Down
DROP INDEX events_turn;
CREATE INDEX events_new ON events (not_before) WHERE state = 'new';
DROP INDEX entries_open;
CREATE INDEX entries_open ON entries (lane, id) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
DROP INDEX entries_customer;
CREATE INDEX entries_customer ON entries (customer, turn) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
DROP INDEX entries_subject;
CREATE INDEX entries_subject ON entries (subject) WHERE state IN ('proposed', 'pending', 'sending', 'stuck', 'unknown');
DROP INDEX seen_kind;
DROP INDEX entries_gives;
ALTER TABLE entries DROP COLUMN gives_until;
ALTER TABLE entries DROP COLUMN gives_from;
ALTER TABLE entries DROP COLUMN gives;
DROP INDEX entries_notices;
ALTER TABLE holds DROP COLUMN brake;
DROP TABLE closings;
DROP TABLE shadows;
