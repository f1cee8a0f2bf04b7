import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageId } from '#protocol';
import { type Account, check, tally, type Violation } from './check.ts';
import { Dice } from './dice.ts';
import type { Turn } from './journal.ts';
import { messageNumber, type Spoken } from './ledger.ts';

type Rows = Account['rows'];

const dice = new Dice('check');
const count = 60;
const idOf = (n: number): MessageId => `msg_${n}`;
const answerOf = (n: number): MessageId => `msg_re-${n}`;

const spoken: readonly Spoken[] = Array.from({ length: count }, (_, index) => {
  const n = index + 1;
  return { said: messageNumber({ dice, n, gentle: false }), answer: { id: idOf(n), duplicate: false } };
});

const requests = spoken.filter(({ said }) => said.type === 'request').map(({ said }) => said.n);
const firstRequest = requests[0] ?? 0;

const turnOf = (n: number, changed: Partial<Turn> = {}): Turn => ({
  id: idOf(n),
  n,
  attempt: 1,
  type: 'notification',
  from: 'alice',
  ended: true,
  failed: false,
  ...changed,
});

const outRow = ({ said: { n, type } }: Spoken): Rows['outbox'][number] => ({
  id: idOf(n),
  type,
  attempts: 1,
  ...(type === 'request' ? { state: 'answered', answerId: answerOf(n) } : { state: 'seen' }),
});

/** What is left when sixty messages of Alice to Bob went well. */
interface Tale {
  readonly spoken: readonly Spoken[];
  readonly turns: readonly Turn[];
  readonly leasedAtEnds: readonly (readonly string[])[];
  readonly outbox: Rows['outbox'];
  /** Of Bob. */
  readonly inbox: Rows['inbox'];
  /** That came back to Alice. */
  readonly answers: Rows['inbox'];
}

const good: Tale = {
  spoken,
  turns: spoken.map(({ said: { n, type } }) => turnOf(n, { type })),
  leasedAtEnds: [],
  outbox: spoken.map(outRow),
  inbox: spoken.map(({ said: { n, type } }) => ({ id: idOf(n), type, state: 'handled', attempts: 1 })),
  answers: requests.map((n) => ({
    id: answerOf(n),
    type: 'response',
    state: 'handled',
    attempts: 1,
    correlationId: idOf(n),
  })),
};

function accounts(changed: Partial<Tale>): readonly [Account, Account] {
  const tale = { ...good, ...changed };
  const alice: Account = {
    name: 'alice',
    spoken: tale.spoken,
    turns: tale.answers.map(({ id }) => turnOf(0, { id, type: 'response', from: 'bob' })),
    leasedAtEnds: [],
    rows: { outbox: tale.outbox, inbox: tale.answers },
  };
  const bob: Account = {
    name: 'bob',
    spoken: [],
    turns: tale.turns,
    leasedAtEnds: tale.leasedAtEnds,
    rows: { outbox: [], inbox: tale.inbox },
  };
  return [alice, bob];
}

const found = (changed: Partial<Tale>): readonly Violation[] => check(...accounts(changed));
const rules = (changed: Partial<Tale>): readonly string[] => found(changed).map(({ rule, n }) => `${rule} ${n}`);

const numbers = fc.integer({ min: 1, max: count });
const without = <T>(list: readonly T[], index: number): readonly T[] => list.toSpliced(index, 1);

describe('the check of a run', () => {
  test('finds nothing when every message was handled once, in order, and every state is true', () => {
    expect(found({})).toEqual([]);
    expect(tally(...accounts({}))).toEqual({ sent: count, handled: count, repeated: 0 });
    expect(requests.length).toBeGreaterThan(5);
  });

  test('finds any message that is missing', () => {
    fc.assert(
      fc.property(numbers, (n) => {
        expect(rules({ turns: without(good.turns, n - 1) })).toEqual([`lost ${n}`]);
      }),
    );
  });

  test('finds a message whose handler never came to its end', () => {
    const turns = good.turns.with(4, turnOf(5, { ended: false }));
    expect(rules({ turns })).toEqual(['lost 5']);
    expect(tally(...accounts({ turns })).handled).toBe(count - 1);
  });

  test('finds any message that was handled twice', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(1, 2), (n, attempt) => {
        expect(rules({ turns: [...good.turns, turnOf(n, { attempt })] })).toEqual([`duplicated ${n}`]);
      }),
    );
  });

  test('finds a message that was handled under two ids', () => {
    const inbox = [...good.inbox, { id: idOf(1000), type: 'notification', state: 'handled', attempts: 1 } as const];
    expect(rules({ inbox, turns: [...good.turns, turnOf(7, { id: idOf(1000) })] })).toContain('duplicated 7');
  });

  test('finds a message that nobody said', () => {
    expect(rules({ turns: [...good.turns, turnOf(1000)] })).toEqual(['duplicated 1000']);
  });

  test('takes a second attempt when the process ended while the handler had the message, and no third one', () => {
    const second = turnOf(9, { attempt: 2 });
    const third = turnOf(9, { attempt: 3 });
    const leasedAtEnds = [[idOf(8)], [idOf(9), idOf(10)]];
    expect(rules({ leasedAtEnds, turns: [...good.turns, second] })).toEqual([]);
    expect(rules({ leasedAtEnds: [[idOf(8)]], turns: [...good.turns, second] })).toEqual(['duplicated 9']);
    expect(rules({ leasedAtEnds, turns: [...good.turns, second, third] })).toEqual(['duplicated 9']);
    expect(tally(...accounts({ leasedAtEnds, turns: [...good.turns, second] })).repeated).toBe(1);
  });

  test('takes a second attempt after a failure', () => {
    const turns = [...good.turns.with(8, turnOf(9, { ended: false, failed: true })), turnOf(9, { attempt: 2 })];
    expect(rules({ turns })).toEqual([]);
  });

  test('finds any two messages of one priority that changed places, and none of different ones', () => {
    const priorityOf = (n: number): string => spoken[n - 1]?.said.priority ?? '';
    fc.assert(
      fc.property(fc.integer({ min: 1, max: count - 1 }), (n) => {
        const [first, second] = [good.turns[n - 1], good.turns[n]];
        if (first === undefined || second === undefined) throw new RangeError('There are no such turns');
        const turns = good.turns.with(n - 1, second).with(n, first);
        const same = priorityOf(n) === priorityOf(n + 1);
        expect(rules({ turns })).toEqual(same ? [`outOfOrder ${n}`] : []);
      }),
    );
  });

  test('asks nothing of a message whose sender got no answer, but that it is not handled twice', () => {
    const unanswered = good.spoken.map((one) => (one.said.n === 3 ? { said: one.said } : one));
    expect(rules({ spoken: unanswered })).toEqual([]);
    expect(rules({ spoken: unanswered, turns: without(good.turns, 2) })).toEqual([]);
    expect(rules({ spoken: unanswered, turns: [...good.turns, turnOf(3, { attempt: 2 })] })).toEqual(['duplicated 3']);
  });

  test('finds states that are not true', () => {
    const out = (n: number, changed: Partial<Rows['outbox'][number]>): Rows['outbox'] =>
      good.outbox.map((row) => (row.id === idOf(n) ? { ...row, ...changed } : row));
    const notice = spoken.find(({ said }) => said.type === 'notification')?.said.n ?? 0;
    expect(rules({ inbox: without(good.inbox, 4) })).toEqual(['untruthful 5']);
    expect(rules({ outbox: without(good.outbox, 4) })).toEqual(['untruthful 5']);
    expect(rules({ outbox: out(notice, { state: 'sent' }) })).toEqual([`untruthful ${notice}`]);
    expect(rules({ outbox: out(notice, { state: 'refused' }) })).toEqual([`untruthful ${notice}`]);
    expect(rules({ outbox: out(firstRequest, { state: 'seen' }) })).toEqual([`untruthful ${firstRequest}`]);
    expect(rules({ outbox: out(firstRequest, { answerId: idOf(1) }) })).toEqual([`untruthful ${firstRequest}`]);
    expect(rules({ answers: without(good.answers, 0) })).toEqual([`untruthful ${firstRequest}`]);
    const twice = good.answers.map((answer) => ({ ...answer, id: idOf(2000) }));
    expect(rules({ answers: [...good.answers, ...twice.slice(0, 1)] })).toEqual([`untruthful ${firstRequest}`]);
  });

  test('finds a message that stays with the handler', () => {
    const inbox = good.inbox.map((row) => (row.id === idOf(6) ? { ...row, state: 'leased' as const } : row));
    expect(rules({ inbox })).toEqual(['untruthful 6']);
  });
});
