/**
 * What the guard saw in messages, by their number in the inbox (direction 0) or the outbox (1), and what the owner decided; who the text of
 * answers came from that were asked for because of a message.
 */
export const guard = `
CREATE TABLE guard (
  direction INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  action TEXT NOT NULL,
  findings TEXT NOT NULL,
  at INTEGER NOT NULL,
  decision TEXT,
  decided_at INTEGER,
  PRIMARY KEY (direction, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX guard_open ON guard (direction, seq) WHERE action = 'review' AND decision IS NULL;
CREATE INDEX outbox_held ON outbox (ended, expires_at) WHERE ended = 6;

CREATE TABLE heard (
  cause INTEGER NOT NULL,
  agent TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (cause, agent, message)
) STRICT, WITHOUT ROWID;
`;
