/**
 * Who said how a message ended, what it was sent again as, and what was given up for now; sizes of what waits; frames
 * that were taken, numbered instead of dated; the time that the node ran.
 *
 * The outbox is written anew, so that bodies stay behind everything else: what stands behind a large body is slow to
 * read. `ended_by` and `ended` are those of `codes.ts`. `sealed_at`, `sent_at`, `first_route`, `resent_at`, `attempts` and
 * `route` are those of frames that are gone.
 */
export const states = `
ALTER TABLE outbox RENAME TO outbox_before;
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  lane INTEGER NOT NULL,
  type INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  size INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  frame INTEGER,
  ended INTEGER,
  ended_at INTEGER,
  ended_by INTEGER,
  reason TEXT,
  given_up_at INTEGER,
  revived_at INTEGER,
  sealed_at INTEGER,
  restored_at INTEGER,
  sent_at INTEGER,
  first_route TEXT,
  resent_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  route TEXT,
  seen_at INTEGER,
  answered_at INTEGER,
  answer_id TEXT,
  replay_of TEXT,
  replayed_by TEXT,
  replayed_at INTEGER,
  conversation_id TEXT NOT NULL,
  correlation_id TEXT,
  idempotency_key TEXT,
  body BLOB NOT NULL
) STRICT;
INSERT INTO outbox (seq, id, lane, type, priority, size, created_at, expires_at, frame, ended, ended_at, ended_by, reason,
  sealed_at, sent_at, first_route, resent_at, attempts, route, seen_at, answered_at, answer_id, conversation_id,
  correlation_id, idempotency_key, body)
SELECT o.seq, o.id, o.lane, o.type, o.priority, length(o.body), o.created_at, o.expires_at, o.frame,
  CASE WHEN o.ended = 2 AND o.reason IS NULL AND f.delivered_at IS NOT NULL THEN NULL
    WHEN coalesce(o.ended, 2) = 2 AND o.reason IS NULL AND coalesce(o.seen_at, o.answered_at) IS NOT NULL
    THEN iif(o.frame IS NULL, 5, NULL)
    ELSE o.ended END,
  o.ended_at,
  CASE WHEN o.ended IS NULL THEN NULL WHEN o.ended = 2 AND o.reason IS NULL OR o.sent_at IS NULL AND f.sent_at IS NULL
    OR o.reason = 'CONTACT_BLOCKED' THEN 0 ELSE 1 END,
  o.reason, o.sent_at, o.sent_at, o.route, o.sent_at, o.attempts, o.route, o.seen_at, o.answered_at, o.answer_id,
  o.conversation_id, o.correlation_id, o.idempotency_key, o.body
FROM outbox_before o LEFT JOIN frame f ON f.no = o.frame;
DROP TABLE outbox_before;
CREATE INDEX outbox_lane ON outbox (lane, seq);
CREATE INDEX outbox_frame ON outbox (frame) WHERE frame IS NOT NULL;
-- The columns of their conditions stand in the indexes that are counted, else every row would be looked up.
CREATE INDEX outbox_waiting ON outbox (lane, priority, seq, size, frame, ended) WHERE frame IS NULL AND ended IS NULL;
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE frame IS NULL AND ended IS NULL;
CREATE INDEX outbox_ended ON outbox (lane, seq) WHERE ended IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (lane, seq, ended, reason, replayed_by) WHERE ended < 4 AND replayed_by IS NULL;
CREATE INDEX outbox_given_up ON outbox (lane, seq, given_up_at, revived_at, ended) WHERE given_up_at IS NOT NULL AND revived_at IS NULL AND ended IS NULL;
CREATE INDEX outbox_key ON outbox (lane, idempotency_key) WHERE idempotency_key IS NOT NULL;

ALTER TABLE frame ADD COLUMN first_route TEXT;
ALTER TABLE frame ADD COLUMN resent_at INTEGER;
UPDATE frame SET first_route = route, resent_at = sent_at WHERE sent_at IS NOT NULL;

ALTER TABLE inbox ADD COLUMN replay_of TEXT;
CREATE INDEX inbox_replay ON inbox (replay_of, lane) WHERE replay_of IS NOT NULL;
ALTER TABLE inbox_state ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox_state ADD COLUMN dead_at INTEGER;
ALTER TABLE inbox_state ADD COLUMN reason TEXT;
UPDATE inbox_state SET size = (SELECT length(body) FROM inbox WHERE inbox.seq = inbox_state.seq) WHERE phase < 8;
UPDATE inbox_state SET reason = 'HANDLER_FAILED', dead_at = (SELECT received_at FROM inbox WHERE inbox.seq = inbox_state.seq)
  WHERE phase IN (3, 7);
DROP INDEX inbox_open;
CREATE INDEX inbox_open ON inbox_state (lane, phase, type, priority, not_before, seq, size) WHERE phase < 8;

ALTER TABLE received_frame RENAME TO received_frame_before;
CREATE TABLE received_frame (
  lane INTEGER NOT NULL,
  no INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  refused TEXT,
  PRIMARY KEY (lane, no)
) STRICT, WITHOUT ROWID;
INSERT INTO received_frame SELECT lane, row_number() OVER (PARTITION BY lane ORDER BY id), id, kind, refused
  FROM received_frame_before;
DROP TABLE received_frame_before;
CREATE UNIQUE INDEX received_frame_id ON received_frame (lane, id);

-- How far the tables were when the node had run for so many ms.
CREATE TABLE mark (ran INTEGER PRIMARY KEY, outbox INTEGER NOT NULL, inbox INTEGER NOT NULL) STRICT;
ALTER TABLE nonce ADD COLUMN ran INTEGER NOT NULL DEFAULT 0;
`;
