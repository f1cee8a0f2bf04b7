/**
 * What is left of the budgets of messages that came in, by their number; what went out with messages that they caused; turns of the last
 * hour by conversation.
 */
export const budgets = `
CREATE TABLE budget (
  seq INTEGER PRIMARY KEY,
  turns INTEGER NOT NULL,
  hops INTEGER NOT NULL,
  tokens INTEGER,
  cost_usd REAL
) STRICT;

CREATE TABLE budget_given (
  message TEXT NOT NULL,
  agent TEXT NOT NULL,
  cause INTEGER,
  turns INTEGER NOT NULL,
  hops INTEGER NOT NULL,
  tokens INTEGER,
  cost_usd REAL,
  back_turns INTEGER NOT NULL,
  back_tokens INTEGER,
  back_cost_usd REAL,
  PRIMARY KEY (message, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_turn (
  lane INTEGER NOT NULL REFERENCES lane (no),
  conversation TEXT NOT NULL,
  second INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (lane, conversation, second)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_turn_second ON conversation_turn (second);
`;
