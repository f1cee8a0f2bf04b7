/**
 * Files beside messages. `direction` and `state` are those of `file-row.ts`; `data` is the name of the sealed bytes while they are kept.
 * The chunks of a file that comes in are named until it is whole.
 */
export const blobs = `
CREATE TABLE file (
  no INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  direction INTEGER NOT NULL,
  message TEXT NOT NULL,
  place INTEGER NOT NULL,
  blob BLOB NOT NULL,
  size INTEGER NOT NULL,
  have INTEGER NOT NULL DEFAULT 0,
  state INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  data TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER,
  UNIQUE (message, lane, direction, place)
) STRICT;
CREATE INDEX file_lane ON file (lane, no);
CREATE INDEX file_open ON file (lane, direction, no) WHERE state = 0;
CREATE INDEX file_kept ON file (direction, lane) WHERE data IS NOT NULL;

CREATE TABLE file_chunk (
  file INTEGER NOT NULL REFERENCES file (no) ON DELETE CASCADE,
  no INTEGER NOT NULL,
  id BLOB NOT NULL,
  PRIMARY KEY (file, no)
) STRICT, WITHOUT ROWID;
`;
