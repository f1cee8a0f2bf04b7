import { afterEach, describe, expect, test } from 'vitest';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered, sendAll } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, send } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const cancel = (node: MemoryNode, id: string) => node.api.cancel({ id }, { signal });
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a message that waits', () => {
  test('can be taken back: it never leaves, its neighbours do, and the books say so', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const ids = [...(await sendAll(alice, 'bob', numbered('m', 3)))];
    const [first, second, third] = ids;
    if (!first || !second || !third) throw new Error('three messages');
    expect(await cancel(alice, second)).toMatchObject({ id: second, state: 'cancelled', attempts: 0 });
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [first, third] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'm0', 'm2']);
    const { steps } = await alice.api.track({ id: second }, { signal });
    expect(steps.map(({ state, by }) => [state, by])).toEqual([
      ['queued', 'this node'],
      ['cancelled', 'this node'],
    ]);
    const { entries } = await alice.api.audit({ kind: 'message.cancelled' }, { signal });
    expect(entries.map(({ data }) => data)).toEqual([{ peer: bob.agentId, messages: [second] }]);
    // It is an end that somebody wanted, and no dead letter.
    expect((await alice.api.deadLetters({}, { signal })).letters).toEqual([]);
    expect((await alice.api.outbox({ state: 'cancelled' }, { signal })).messages.map(({ id }) => id)).toEqual([second]);
  });

  test('stays taken back through a restart', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const id = await send(alice, 'bob', 'never mind');
    await cancel(alice, id);
    await alice.down();
    await alice.up();
    await bob.up();
    const next = await send(alice, 'bob', 'this one');
    await allReach([alice, bob], { from: alice, ids: [next] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'this one']);
  });

  test('frees its idempotency key: the next one with it is sent', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const say = (text: string) => alice.api.send({ to: 'bob', text, idempotencyKey: 'k' }, { signal });
    const { id } = await say('wrong');
    await cancel(alice, id);
    const next = await say('right');
    expect(next).toMatchObject({ duplicate: false });
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [next.id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'right']);
  });

  test('that somebody waits for ends the waiting', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const asking = codeOfRejection(alice.api.ask({ to: 'bob', text: 'well?', timeoutMs: 3_600_000 }, { signal }));
    const id = await eventually([alice], async () => {
      const [message] = (await alice.api.outbox({ state: 'queued' }, { signal })).messages;
      return message?.id;
    });
    await cancel(alice, id);
    expect(await asking).toBe('CANCELLED');
  });
});

describe('an answer that waits', () => {
  test('can be taken back: whoever asked hears that there is none', async () => {
    const answered = Promise.withResolvers<void>();
    const runtime = handledBy(async ({ message }) => {
      if (message.type !== 'request') return undefined;
      await answered.promise;
      return { body: 'better not' };
    });
    const [alice, bob] = await story.friends({ bob: { runtime } });
    const { id } = await alice.api.send({ to: 'bob', text: 'well?', type: 'request' }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    await leave(alice, bob);
    answered.resolve();
    const answer = await eventually([bob], async () => {
      const { messages } = await bob.api.outbox({ state: 'queued' }, { signal });
      return messages.find(({ type }) => type === 'response')?.id;
    });
    await cancel(bob, answer);
    await alice.up();
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    const { steps } = await alice.api.track({ id }, { signal });
    expect(steps.at(-1)).toMatchObject({ state: 'refused', note: 'CANCELLED' });
    expect(await inboxTexts(alice)).toEqual(['hello']);
  });
});

describe('a message that may have left', () => {
  test('cannot be called back once it is encrypted, and arrives', async () => {
    const [alice, bob] = await story.friends();
    story.wire.pause('alice');
    const id = await send(alice, 'bob', 'too late');
    const error = await failureOf(cancel(alice, id));
    expect(error).toMatchObject({ code: 'WRONG_STATE', data: { state: expect.stringMatching(/queued|sent/) } });
    expect(String(error)).toMatch(/was encrypted at \S+ and may have left already/);
    story.wire.resume('alice');
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'too late']);
    expect(String(await failureOf(cancel(alice, id)))).toMatch(/it is delivered/);
  });

  test('cannot be called back when it waits to be encrypted anew', async () => {
    const [alice, bob] = await story.friends();
    story.wire.fate = ({ frame, from }) => (from === 'alice' && frame?.kind === 'app' ? 'drop' : 'pass');
    const id = await send(alice, 'bob', 'maybe there');
    await reaches([alice], { from: alice, id, state: 'sent' });
    await leave(bob, alice);
    await alice.host.onOwnKeyChanged();
    expect((await alice.api.track({ id }, { signal })).state).toBe('queued');
    expect(await codeOfRejection(cancel(alice, id))).toBe('WRONG_STATE');
    story.wire.fate = () => 'pass';
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
  });

  test('is either cancelled or sealed when both are tried at once, never both', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const ids = await sendAll(alice, 'bob', numbered('m', 40));
    await bob.up();
    const outcomes = await Promise.all(ids.map(async (id) => [id, await codeOfRejection(cancel(alice, id))] as const));
    const sent = outcomes.filter(([, code]) => code !== 'no error').map(([id]) => id);
    await allReach([alice, bob], { from: alice, ids: sent });
    const states = await Promise.all(ids.map(async (id) => (await alice.api.track({ id }, { signal })).state));
    expect(states.filter((state) => state === 'cancelled')).toHaveLength(ids.length - sent.length);
    const arrived = (await inboxTexts(bob)).slice(1);
    expect(arrived).toEqual(numbered('m', 40).filter((_, n) => states[n] !== 'cancelled'));
  });

  test('is told with what became of it when it has ended, and by its name when there is none', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const id = await send(alice, 'bob', 'once');
    await cancel(alice, id);
    expect(await failureOf(cancel(alice, id))).toMatchObject({
      code: 'WRONG_STATE',
      message: 'The message is cancelled already',
    });
    expect(await codeOfRejection(cancel(alice, 'msg_0192f0c1-3c4d-7e5f-8a9b-0c1d2e3f4a5b'))).toBe('NOT_FOUND');
  });

  test('stays as it is when the cancellation cannot be stored', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const id = await send(alice, 'bob', 'goes after all');
    void alice.store.refuse((writes) => writes.some((write) => write.startsWith('outbox.cancel ')));
    expect(await codeOfRejection(cancel(alice, id))).toBe('STORE_FULL');
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'goes after all']);
  });
});
