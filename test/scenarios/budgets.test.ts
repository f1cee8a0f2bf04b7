import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '#kernel';
import { Circle } from '../support/budget-story.ts';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStory, turns } from '../support/memory-story.ts';
import { codeOfRejection, reaches, until } from '../support/story.ts';
import { eventually, pair, signal } from '../support/test-agents.ts';
import { composeAnswer, sendMessage } from '#pipeline';
import { decodeMessage, type MessageId } from '#protocol';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const { rootTurns } = defaultLimits;
const hour = 3_600_000;
const others = (names: readonly string[], me: string): readonly string[] => names.filter((name) => name !== me);

describe('a loop ends by itself:', () => {
  test('two programs that answer each message with a message', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at, from }) => void (await circle.say(at, from)),
    });
    await circle.say('alice', 'bob');
    await circle.atRest();
    expect(circle.turns.length).toBeGreaterThan(4);
    expect(circle.turns.length).toBeLessThanOrEqual(rootTurns);
    expect(circle.refusals).toEqual(['BUDGET_EXHAUSTED']);
  });

  test('two programs that take all they can get', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at, from, node }) => {
        const left = node.host.runner.atWork.causes[0]?.message.budget?.turns ?? 0;
        for (const count of [left - 1, 1]) await circle.say(at, from, { turns: count });
      },
    });
    await circle.say('alice', 'bob', { turns: 40, hops: 16 });
    await circle.atRest();
    expect(circle.turns.length).toBeGreaterThan(8);
    expect(circle.turns.length).toBeLessThanOrEqual(16);
  });

  test('three programs that hand a message around', async () => {
    const next: Readonly<Record<string, string>> = { alice: 'bob', bob: 'carol', carol: 'alice' };
    const circle: Circle = await Circle.start(story, Object.keys(next), {
      program: async ({ at }) => void (await circle.say(at, next[at] ?? '')),
    });
    await circle.say('alice', 'bob');
    await circle.atRest();
    expect(circle.turns.map(({ at }) => at)).toEqual(['bob', 'carol', 'alice', 'bob']);
    expect(circle.refusals).toEqual(['BUDGET_EXHAUSTED']);
  });

  test('four programs that all write to everybody', async () => {
    const names = ['alice', 'bob', 'carol', 'dave'];
    const circle: Circle = await Circle.start(story, names, {
      program: async ({ at }) => {
        for (const to of others(names, at)) await circle.say(at, to);
      },
    });
    await circle.say('alice', 'bob');
    await circle.atRest();
    expect(circle.turns.length).toBeGreaterThan(20);
    expect(circle.turns.length).toBeLessThanOrEqual(rootTurns);
    expect(new Set(circle.refusals)).toEqual(new Set(['BUDGET_EXHAUSTED']));
  });

  test('programs that ask each other, and whose unused turns come back', async () => {
    const names = ['alice', 'bob', 'carol'];
    let asked = 0;
    const circle: Circle = await Circle.start(story, names, {
      program: async ({ at, node, message }) => {
        for (const to of others(names, at)) {
          const answer = node.api.ask({ to, text: 'well?', timeoutMs: hour, causedBy: message.id }, { signal });
          if ((await codeOfRejection(answer)) === 'no error') asked += 1;
        }
        return 'done';
      },
      // Everybody waits for everybody: several at once, or nobody would be done.
      limits: { maxHandlerAttempts: 1 },
    });
    const answer = await circle
      .named('alice')
      .api.ask({ to: 'bob', text: 'go', timeoutMs: hour, turns: 3 }, { signal });
    expect(answer.answer.body).toBe('done');
    expect(circle.turns.length).toBeLessThanOrEqual(3);
    expect(asked).toBeGreaterThan(0);
  });

  test('programs that come back to it hours later', async () => {
    const clock = new ManualClock();
    const limits = { receiptDelayMs: 0, deferredWriteMs: 0 };
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { clock, limits, program: () => {} });
    await circle.say('alice', 'bob');
    await circle.atRest();
    let done = 0;
    for (let round = 0; round < 40; round += 1) {
      await clock.advance(3 * hour);
      for (const { at, from, node, message } of circle.turns.slice(done)) {
        const again = node.api.send({ to: from, text: 'later', causedBy: message.id }, { signal });
        if ((await codeOfRejection(again)) === 'no error') expect(at).not.toBe(from);
        done += 1;
      }
      await circle.atRest();
    }
    expect(circle.turns.length).toBeGreaterThan(4);
    expect(circle.turns.length).toBe(done);
    expect(circle.turns.length).toBeLessThanOrEqual(8);
  });
});

describe('what is not stopped:', () => {
  test('a person who writes a hundred times, and whose peer answers each time', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: ({ at, message }) => (at === 'bob' ? `echo of ${message.payload.body}` : undefined),
    });
    const alice = circle.named('alice');
    let replyTo: string | undefined;
    for (let round = 0; round < 100; round += 1) {
      const said = {
        to: 'bob',
        text: `round ${round}`,
        root: true as const,
        timeoutMs: hour,
        ...(replyTo && { replyTo }),
      };
      const { answer } = await alice.api.ask(said, { signal });
      expect(answer.body).toBe(`echo of round ${round}`);
      replyTo = answer.id;
    }
    expect(circle.turns).toHaveLength(100);
  });

  test('a person, while the program of the same agent has nothing left', async () => {
    let codes: readonly string[] = [];
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at, node }) => {
        if (at !== 'bob' || codes.length > 0) return;
        const send = (root?: true) => codeOfRejection(node.api.send({ to: 'alice', text: 'hm', root }, { signal }));
        codes = [await send(), await send(true)];
      },
    });
    await circle.say('alice', 'bob', { turns: 1 });
    await circle.atRest();
    expect(codes).toEqual(['BUDGET_EXHAUSTED', 'no error']);
  });
});

describe('a program of this process', () => {
  test('spends what its handler sends, and begins anew with what it sends beside that', async () => {
    const gate = Promise.withResolvers<void>();
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at }) => {
        if (at !== 'bob') return;
        await gate.promise;
        await circle.say('bob', 'alice');
      },
    });
    await circle.say('alice', 'bob', { turns: 9 });
    await until(() => circle.turns.length === 1);
    await circle.say('bob', 'alice');
    gate.resolve();
    await circle.atRest();
    const [beside, handled] = circle.turns.filter(({ at }) => at === 'alice').map(({ message }) => message.budget);
    expect(beside).toBeUndefined();
    expect(handled).toEqual({ turns: 4, hops: 7 });
  });
});

describe('a program outside', () => {
  test('spends the least of what it is busy with, unless it says why it writes', async () => {
    const gate = Promise.withResolvers<void>();
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const bob = circle.named('bob');
    await bob.down();
    const types = ['notification'] as const;
    const handle = async () => {
      await gate.promise;
      return undefined;
    };
    bob.runtime = { kind: 'command', types, concurrency: 2, handle };
    // Both wait for it, so that it gets them together.
    await circle.say('alice', 'bob', { turns: 20 });
    await circle.say('alice', 'bob', { turns: 5 });
    await bob.up();
    await until(() => bob.host.runner.atWork.causes.length === 2);
    await circle.say('bob', 'alice');
    await until(() => circle.turns.length === 1);
    expect(circle.turns[0]?.message.budget).toEqual({ turns: 2, hops: 7 });
    gate.resolve();
    await circle.atRest();
  });
});

describe('a message from which nothing may follow', () => {
  test('is delivered, starts no turn, and waits for a person, who may have it offered again', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const { id } = await alice.api.send({ to: 'bob', text: 'for a person', turns: 0 }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await circle.atRest();
    expect(circle.turns).toEqual([]);
    const { messages } = await bob.api.inbox({ unread: true }, { signal });
    expect(messages).toMatchObject([{ id, state: 'dead', budget: { turns: 0 } }]);
    await bob.api.replayDead({ ids: [id] }, { signal });
    await until(() => circle.turns.length === 1);
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ left: { turns: rootTurns - 1 } });
  });

  test('is refused when it is a request, so that who waits for an answer is told', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => 'never said' });
    const asking = circle.named('alice').api.ask({ to: 'bob', text: 'well?', timeoutMs: hour, turns: 0 }, { signal });
    expect(await codeOfRejection(asking)).toBe('BUDGET_EXHAUSTED');
    expect(circle.turns).toEqual([]);
  });

  test('is an answer that brings nothing back, and is read by whoever waits for it all the same', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => 'yes' });
    const alice = circle.named('alice');
    const { answer } = await alice.api.ask({ to: 'bob', text: 'well?', timeoutMs: hour, turns: 1 }, { signal });
    expect(answer).toMatchObject({ body: 'yes', budget: { turns: 0 } });
  });
});

describe('the ledger', () => {
  test('gives a peer that claims a thousand million turns no more than the receiver allows', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const greedy = { turns: 1e9, hops: 1e9 };
    alice.host.desk.ports.rootBudget = () => greedy;
    Object.assign(alice.host.desk.ports, { limits: { ...alice.limits, maxTurnsPerMessage: 1e9, maxHops: 1e9 } });
    const { id } = await alice.api.send({ to: 'bob', text: 'do what you want' }, { signal });
    await until(() => circle.turns.length === 1);
    expect(circle.turns[0]?.message.budget).toEqual(greedy);
    const say = (turnsAsked: number) =>
      codeOfRejection(bob.api.send({ to: 'alice', text: 'x', causedBy: id, turns: turnsAsked }, { signal }));
    const { maxTurnsPerMessage } = defaultLimits;
    expect([await say(maxTurnsPerMessage), await say(maxTurnsPerMessage - 1), await say(1)]).toEqual([
      'BUDGET_EXHAUSTED',
      'no error',
      'BUDGET_EXHAUSTED',
    ]);
  });

  test('takes nothing twice and loses nothing when the process ends in mid-turn', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at, node, attempt, message }) => {
        if (at !== 'bob') return;
        const key = { idempotencyKey: `${message.id}/1`, turns: 3 };
        await node.api.send({ to: 'alice', text: 'first', ...key }, { signal });
        if (attempt === 1) node.crash();
        await node.api.send({ to: 'alice', text: 'second', turns: 4 }, { signal });
      },
    });
    const bob = circle.named('bob');
    const { id } = await circle.named('alice').api.send({ to: 'bob', text: 'go', turns: 10 }, { signal });
    await until(() => !bob.isUp);
    await bob.up();
    await until(() => circle.turns.filter(({ at }) => at === 'alice').length === 2);
    await circle.atRest();
    expect(circle.turns.filter(({ at }) => at === 'bob').map(({ attempt }) => attempt)).toEqual([1, 2]);
    // Of nine that were left three and four are gone.
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ left: { turns: 2 } });
  });

  test('is changed with the message that it pays for, or not at all', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const { id } = await alice.api.send({ to: 'bob', text: 'go', turns: 10 }, { signal });
    await circle.atRest();
    const say = () => codeOfRejection(bob.api.send({ to: 'alice', text: 'x', causedBy: id, turns: 9 }, { signal }));
    void bob.store.refuse(writing('budgets.setLeft'), { code: 'STORE_FULL', times: 1 });
    expect(await say()).toBe('STORE_FULL');
    expect(await say()).toBe('no error');
    expect(await say()).toBe('BUDGET_EXHAUSTED');
    const paid = bob.store.committed.filter((writes) => writes.some((write) => write.startsWith('budgets.setLeft')));
    expect(paid).toHaveLength(1);
    expect(paid[0]?.some((write) => write.startsWith('outbox.insert msg_'))).toBe(true);
  });

  test('gives messages that are sent at once no more than there is', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], { program: () => {} });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const { id } = await alice.api.send({ to: 'bob', text: 'go', turns: 10 }, { signal });
    await circle.atRest();
    const codes = await Promise.all(
      Array.from({ length: 5 }, () =>
        codeOfRejection(bob.api.send({ to: 'alice', text: 'x', causedBy: id, turns: 2 }, { signal })),
      ),
    );
    expect(codes.filter((code) => code === 'no error')).toHaveLength(4);
    await circle.atRest();
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ left: { turns: 1 } });
  });

  test('counts once what an answer brings back', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob', 'carol'], {
      program: async ({ at, node, message }) => {
        if (at === 'carol') return 'mine';
        if (at !== 'bob') return undefined;
        await node.api.ask(
          { to: 'carol', text: 'yours?', timeoutMs: hour, causedBy: message.id, turns: 5 },
          { signal },
        );
        return undefined;
      },
    });
    const bob = circle.named('bob');
    const { id } = await circle.named('alice').api.send({ to: 'bob', text: 'go', turns: 10 }, { signal });
    await circle.atRest();
    await turns();
    // Ten, less its own turn and the one of carol.
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ left: { turns: 8 } });
  });

  test('counts an answer of a node that knows no budgets as one that brings back all but the turn it took', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: async ({ at, node, message }) => {
        if (at !== 'bob') return undefined;
        const asked = { to: 'carol', text: 'yours?', timeoutMs: hour, causedBy: message.id, turns: 5 };
        await node.api.ask(asked, { signal });
        return undefined;
      },
    });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const carol = await story.start('carol');
    await pair(bob, carol);
    const { id } = await alice.api.send({ to: 'bob', text: 'go', turns: 10 }, { signal });
    const [asked] = await eventually([bob, carol], async () => {
      const { messages } = await carol.api.inbox({}, { signal });
      return messages.length > 0 && messages;
    });
    const row = asked && carol.store.read.inbox.message('carol', asked.id as MessageId);
    if (row === undefined) throw new Error('nothing was asked');
    const lane = carol.host.lane(bob.agentId);
    await sendMessage(lane, composeAnswer(lane, decodeMessage(row.body), { body: 'mine' }));
    await circle.atRest();
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ left: { turns: 8 } });
  });

  test('takes off what a turn used, before its answer goes and before anything else follows', async () => {
    const usage = { tokens: 900, costUsd: 0.5 };
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      program: ({ at }) => (at === 'bob' ? { body: 'done', usage } : undefined),
    });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const priced = { to: 'bob', text: 'think', tokens: 1000, costUsd: 2 };
    const { answer } = await alice.api.ask({ ...priced, timeoutMs: hour }, { signal });
    expect(answer.budget).toMatchObject({ tokens: 100, costUsd: 1.5 });
    const say = async (tokens: number) => {
      const { id } = await alice.api.send({ ...priced, tokens }, { signal });
      await circle.atRest();
      return codeOfRejection(bob.api.send({ to: 'alice', text: 'more', causedBy: id }, { signal }));
    };
    expect([await say(1000), await say(900)]).toEqual(['no error', 'BUDGET_EXHAUSTED']);
  });
});
