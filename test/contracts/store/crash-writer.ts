import { writeSync } from 'node:fs';
import { appendAudit } from '#audit';
import { defaultLimits, systemClock } from '#kernel';
import { openSqliteStore } from '#storage';
import { alice, bytesOf, inMessage, outFrame, outMessage } from './samples.ts';

// Writes without end and tells what was acknowledged; made to be killed. Ids begin with the tag that it is given.
const [, , path = '', tag = ''] = process.argv;
const store = await openSqliteStore({ path, clock: systemClock, limits: defaultLimits });

for (let round = 0; ; round += 1) {
  const works = Array.from({ length: 1 + (round % 5) }, async (_, index) => {
    const id = `msg_${tag}-${round}-${index}` as const;
    await store.transact((tx) => {
      tx.outbox.insert(outMessage({ id, body: bytesOf(2000) }));
      const sealed = outFrame({ messageIds: [id] });
      tx.outbox.insertFrame({ ...sealed, frame: { ...sealed.frame, id: `frm_${tag}-${round}-${index}` } });
      tx.inbox.insert(inMessage({ id }));
      tx.values.set('round', `${tag}-${round}`);
      appendAudit(tx.audit, { at: round, agent: alice, kind: 'k', data: { id } });
    });
    writeSync(1, `${id}\n`);
  });
  await Promise.all(works);
}
