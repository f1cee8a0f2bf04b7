import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Dice } from './dice.ts';
import { Journal, readJournal } from './journal.ts';
import { Ledger, messageNumber, readLedger } from './ledger.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-lines-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const call = { id: 'msg_1', attempt: 1, type: 'request', from: 'alice', n: 7 };

describe('the journal of a handler', () => {
  test('tells of each call in the order in which they began, and what became of it', async () => {
    const path = join(root, 'journal');
    const journal = new Journal(path);
    journal.begin(call);
    journal.begin({ ...call, id: 'msg_2', n: 8 });
    await journal.end('msg_2', 1);
    await journal.failed('msg_1', 1);
    journal.begin({ ...call, attempt: 2 });
    expect(readJournal(path)).toEqual([
      { ...call, ended: false, failed: true },
      { ...call, id: 'msg_2', n: 8, ended: true, failed: false },
      { ...call, attempt: 2, ended: false, failed: false },
    ]);
  });

  test('keeps two calls of the same attempt apart', async () => {
    const path = join(root, 'twice');
    const journal = new Journal(path);
    journal.begin(call);
    await journal.end('msg_1', 1);
    journal.begin(call);
    expect(readJournal(path)).toHaveLength(2);
  });

  test('leaves out a line that has no end', () => {
    const path = join(root, 'cut');
    new Journal(path).begin(call);
    appendFileSync(path, 'end msg_1');
    expect(readJournal(path)).toEqual([{ ...call, ended: false, failed: false }]);
  });
});

describe('the ledger of a sender', () => {
  test('tells what was asked and what the node said last', () => {
    const path = join(root, 'ledger');
    const ledger = new Ledger(path);
    const [one, two, three] = [1, 2, 3].map((n) => messageNumber({ dice: new Dice('x'), n, gentle: true }));
    if (one === undefined || two === undefined || three === undefined) throw new RangeError('There are three');
    ledger.asks(one);
    ledger.asks(two);
    ledger.refused(two, 'STORE_FULL');
    ledger.asks(three);
    ledger.asks(one);
    ledger.accepted(one, { id: 'msg_1', duplicate: true });
    expect([...readLedger(path)]).toEqual([
      [1, { id: 'msg_1', duplicate: true }],
      [2, { refused: 'STORE_FULL' }],
      [3, undefined],
    ]);
  });
});
