/**
 * What a mailbox holds, of those that hold something: few narrow rows side by side, where the rows of agents lie far apart and have cards in
 * them. So a delivery writes the same pages however many mailboxes there are.
 */
export const boxes = `
CREATE TABLE box (
  agent INTEGER PRIMARY KEY,
  frames INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO box (agent, frames, bytes) SELECT no, frames, bytes FROM agent WHERE frames > 0;
ALTER TABLE agent DROP COLUMN frames;
ALTER TABLE agent DROP COLUMN bytes;
`;
