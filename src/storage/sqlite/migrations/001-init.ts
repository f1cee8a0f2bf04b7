/**
 * Tables of version 1. A *lane* is one local agent and one peer: rows name it by number, so that a peer with a new key
 * moves as a whole. Enumerations are the numbers of `codes.ts`. Times are ms since 1970.
 */
export const init = `
CREATE TABLE lane (
  no INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  peer TEXT NOT NULL,
  UNIQUE (agent, peer)
) STRICT;

CREATE TABLE contact (
  agent TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  petname TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (agent, agent_id),
  UNIQUE (agent, petname)
) STRICT;

CREATE TABLE contact_request (agent TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX contact_request_at ON contact_request (agent, at);

CREATE TABLE nonce (
  signer TEXT NOT NULL,
  nonce TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (signer, nonce)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  secret BLOB NOT NULL,
  tier TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  used_by TEXT
) STRICT;

CREATE TABLE turn (
  lane INTEGER NOT NULL REFERENCES lane (no),
  second INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (lane, second)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  no INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL REFERENCES lane (no),
  agent TEXT NOT NULL,
  group_id TEXT NOT NULL,
  role TEXT NOT NULL,
  created_here INTEGER NOT NULL,
  confirmed INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  draining_since INTEGER,
  state BLOB NOT NULL,
  UNIQUE (agent, group_id)
) STRICT;
CREATE INDEX session_lane ON session (lane);

CREATE TABLE own_key_package (
  agent TEXT NOT NULL,
  ref TEXT NOT NULL,
  public_bytes BLOB NOT NULL,
  private_bytes BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (agent, ref)
) STRICT;

CREATE TABLE peer_key_package (
  no INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL REFERENCES lane (no),
  agent TEXT NOT NULL,
  ref TEXT NOT NULL,
  bytes BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  UNIQUE (agent, ref)
) STRICT;
CREATE INDEX peer_key_package_lane ON peer_key_package (lane);

-- sent_at, attempts and route are those of frames that are gone; the rest is in the frame that holds the message now.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  lane INTEGER NOT NULL,
  type INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  frame INTEGER,
  ended INTEGER,
  ended_at INTEGER,
  reason TEXT,
  sent_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  route TEXT,
  seen_at INTEGER,
  answered_at INTEGER,
  answer_id TEXT,
  conversation_id TEXT NOT NULL,
  correlation_id TEXT,
  idempotency_key TEXT,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_lane ON outbox (lane, seq);
CREATE INDEX outbox_frame ON outbox (frame) WHERE frame IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (lane, priority, seq) WHERE frame IS NULL AND ended IS NULL;
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE frame IS NULL AND ended IS NULL;
CREATE INDEX outbox_ended ON outbox (lane, seq) WHERE ended IS NOT NULL;
CREATE INDEX outbox_key ON outbox (lane, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- open: not acknowledged. first_expiry: when the next of its messages expires, while nothing proves that the peer has
-- them.
CREATE TABLE frame (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  lane INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipient TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  open INTEGER NOT NULL DEFAULT 1,
  messages INTEGER NOT NULL,
  sent_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  route TEXT,
  delivered_at INTEGER,
  first_expiry INTEGER
) STRICT;
CREATE INDEX frame_open ON frame (lane, no) WHERE open = 1;
CREATE INDEX frame_undelivered ON frame (lane, no) WHERE delivered_at IS NULL;
CREATE INDEX frame_expiry ON frame (first_expiry) WHERE first_expiry IS NOT NULL;

-- Apart from the frame, which outlives them.
CREATE TABLE frame_bytes (frame INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE receipt (
  seq INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  frame INTEGER,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX receipt_waiting ON receipt (lane, seq) WHERE frame IS NULL;
CREATE INDEX receipt_frame ON receipt (frame) WHERE frame IS NOT NULL;

CREATE TABLE inbox (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  lane INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  frame_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  correlation_id TEXT,
  idempotency_key TEXT,
  body BLOB NOT NULL,
  UNIQUE (id, lane)
) STRICT;
CREATE INDEX inbox_lane ON inbox (lane, seq);
CREATE INDEX inbox_key ON inbox (lane, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- What changes about a message that came in: apart, because rows with bodies are dear to write again.
CREATE TABLE inbox_state (
  seq INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  type INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  not_before INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  seen_at INTEGER,
  read_at INTEGER,
  answer_id TEXT,
  error TEXT
) STRICT;
CREATE INDEX inbox_open ON inbox_state (lane, phase, type, priority, not_before, seq) WHERE phase < 8;

CREATE TABLE received_frame (
  lane INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  until INTEGER NOT NULL,
  refused TEXT,
  PRIMARY KEY (lane, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX received_frame_until ON received_frame (until);

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  previous BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;

CREATE TABLE value (key TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
