/**
 * What a hub keeps. `agent.state` is 0 for a member, 1 for one that was evicted. Frames are numbered over all mailboxes: a number is never
 * given out twice. `share` counts what a mailbox holds of a sender; that with an empty name counts all guests.
 */
export const init = `
CREATE TABLE epoch (
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  start INTEGER NOT NULL
) STRICT;

CREATE TABLE agent (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  state INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  card BLOB NOT NULL,
  text TEXT NOT NULL,
  registered_at INTEGER NOT NULL,
  life_number INTEGER,
  life_id BLOB,
  life BLOB,
  last_resort BLOB,
  frames INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX agent_name ON agent (name) WHERE state = 0;

CREATE TABLE former (
  id TEXT PRIMARY KEY,
  agent INTEGER NOT NULL REFERENCES agent (no) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX former_agent ON former (agent);

CREATE TABLE capability (
  id TEXT NOT NULL,
  agent INTEGER NOT NULL REFERENCES agent (no) ON DELETE CASCADE,
  PRIMARY KEY (id, agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX capability_agent ON capability (agent);

CREATE TABLE frame (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  agent INTEGER NOT NULL,
  sender TEXT NOT NULL,
  guest INTEGER NOT NULL,
  at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX frame_agent ON frame (agent);
CREATE INDEX frame_expiry ON frame (expires_at);

CREATE TABLE seen (
  seq INTEGER PRIMARY KEY,
  agent INTEGER NOT NULL,
  key BLOB NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (agent, key)
) STRICT;

CREATE TABLE share (
  agent INTEGER NOT NULL,
  sender TEXT NOT NULL,
  frames INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (agent, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_package (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  agent INTEGER NOT NULL REFERENCES agent (no) ON DELETE CASCADE,
  hash BLOB NOT NULL,
  bytes BLOB,
  UNIQUE (agent, hash)
) STRICT;
CREATE INDEX key_package_left ON key_package (agent, no) WHERE bytes IS NOT NULL;

CREATE TABLE room (
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  creator TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  seq INTEGER NOT NULL DEFAULT 0,
  epoch INTEGER,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX room_creator ON room (creator);

CREATE TABLE room_member (
  room INTEGER NOT NULL REFERENCES room (no) ON DELETE CASCADE,
  agent TEXT NOT NULL,
  owner INTEGER NOT NULL,
  PRIMARY KEY (room, agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_member_agent ON room_member (agent);

CREATE TABLE room_entry (
  no INTEGER PRIMARY KEY,
  room INTEGER NOT NULL REFERENCES room (no) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  sender TEXT NOT NULL,
  at INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (room, seq)
) STRICT;
CREATE INDEX room_entry_epoch ON room_entry (room, epoch);

CREATE TABLE blob (
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  complete INTEGER NOT NULL DEFAULT 0,
  used_at INTEGER NOT NULL,
  UNIQUE (id, owner)
) STRICT;
CREATE INDEX blob_owner ON blob (owner);
CREATE INDEX blob_idle ON blob (used_at);

CREATE TABLE blob_reader (
  blob INTEGER NOT NULL REFERENCES blob (no) ON DELETE CASCADE,
  agent TEXT NOT NULL,
  PRIMARY KEY (blob, agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_reader_agent ON blob_reader (agent);

CREATE TABLE invite (
  hash BLOB PRIMARY KEY,
  note TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_by TEXT,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
`;
