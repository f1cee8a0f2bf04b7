import { afterEach, describe, expect, test } from 'vitest';
import { composeMessage, sendMessage } from '#pipeline';
import type { MessageId } from '#protocol';
import { writing } from '../support/faulty-store.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, quiet, turns } from '../support/memory-story.ts';
import { codeOfRejection, reaches, until } from '../support/story.ts';
import { eventually, handledBy, pair, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const hour = 3_600_000;

interface Desk {
  readonly asked: MessageId[];
  readonly gate: PromiseWithResolvers<string>;
}

/** Bob answers requests when the gate opens. */
function desk(): Desk & { readonly runtime: ReturnType<typeof handledBy> } {
  const asked: MessageId[] = [];
  const gate = Promise.withResolvers<string>();
  const runtime = handledBy(({ message }) => {
    if (message.type !== 'request') return undefined;
    asked.push(message.id);
    return gate.promise;
  });
  return { asked, gate, runtime };
}

const responses = async (node: MemoryNode) =>
  (await node.api.inbox({}, { signal })).messages.filter(({ type }) => type === 'response');

describe('an answer that somebody waits for', () => {
  test('goes to them and starts no turn; who answered sees that it was seen', async () => {
    const turnsOfAlice: string[] = [];
    const runtime = handledBy(({ message }) => void turnsOfAlice.push(message.payload.body));
    const bobs = desk();
    const [alice, bob] = await story.friends({ alice: { runtime }, bob: { runtime: bobs.runtime } });
    bobs.gate.resolve('42');
    const { answer, request } = await alice.api.ask({ to: 'bob', text: 'well?', timeoutMs: hour }, { signal });
    expect(answer).toMatchObject({ body: '42', correlationId: request, state: 'handled' });
    await reaches([alice, bob], { from: bob, id: answer.id, state: 'seen' });
    await quiet(alice, bob);
    expect(turnsOfAlice).toEqual(['hello']);
    expect((await alice.api.inbox({ unread: true }, { signal })).messages).toEqual([]);
  });

  test('reaches all who asked the same thing with one key, and the handler works once', async () => {
    const bobs = desk();
    const [alice] = await story.friends({ bob: { runtime: bobs.runtime } });
    const ask = () => alice.api.ask({ to: 'bob', text: 'pay', idempotencyKey: 'k', timeoutMs: hour }, { signal });
    const [first, second] = [ask(), ask()];
    await until(() => bobs.asked.length === 1);
    const third = ask();
    await turns();
    bobs.gate.resolve('paid');
    const answers = await Promise.all([first, second, third]);
    expect(new Set(answers.map(({ answer }) => answer.id)).size).toBe(1);
    expect((await ask()).answer.body).toBe('paid');
    expect(bobs.asked).toHaveLength(1);
  });

  test('counts only from whom was asked', async () => {
    const bobs = desk();
    const [alice] = await story.friends({ bob: { runtime: bobs.runtime } });
    const carol = await story.start('carol');
    await pair(alice, carol);
    const asking = alice.api.ask({ to: 'bob', text: 'well?', timeoutMs: hour }, { signal });
    await until(() => bobs.asked.length === 1);
    const [correlationId] = bobs.asked;
    if (correlationId === undefined) throw new Error('nothing was asked');
    const lane = carol.host.lane(alice.agentId);
    const forged = await sendMessage(
      lane,
      composeMessage(lane, { type: 'response', body: 'believe me', correlationId }),
    );
    await allReach([alice, carol], { from: carol, ids: [forged.id] });
    bobs.gate.resolve('the truth');
    expect((await asking).answer).toMatchObject({ body: 'the truth', peer: 'bob' });
    expect(await responses(alice)).toMatchObject([{ body: 'the truth' }, { body: 'believe me', state: 'new' }]);
  });
});

describe('an answer that comes too late', () => {
  test('stays in the inbox until it is read', async () => {
    const bobs = desk();
    const [alice, bob] = await story.friends({ bob: { runtime: bobs.runtime } });
    const asking = codeOfRejection(alice.api.ask({ to: 'bob', text: 'quick!', timeoutMs: 1 }, { signal }));
    expect(await asking).toBe('ANSWER_TIMEOUT');
    bobs.gate.resolve('here it is');
    const [late] = await eventually([alice, bob], async () => {
      const found = await responses(alice);
      return found.length > 0 && found;
    });
    expect(late).toMatchObject({ body: 'here it is', state: 'new' });
    const unread = (await alice.api.inbox({ unread: true }, { signal })).messages.map(({ body }) => body);
    expect(unread).toEqual(['here it is', 'hello']);
    await reaches([alice, bob], { from: bob, id: late?.id ?? '', state: 'delivered' });
    await alice.api.read({ id: late?.id ?? '' }, { signal });
    await reaches([alice, bob], { from: bob, id: late?.id ?? '', state: 'seen' });
  });

  test('is not waited for longer than was said, also when the disk does not take the question', async () => {
    const [alice, bob] = await story.friends();
    alice.store.hold();
    const asking = codeOfRejection(alice.api.ask({ to: 'bob', text: 'hello?', timeoutMs: 1 }, { signal }));
    expect(await asking).toBe('ANSWER_TIMEOUT');
    alice.store.release();
    await eventually([alice, bob], async () => (await bob.api.inbox({}, { signal })).messages.length === 2);
  });

  test('or was refused by the disk leaves nobody waiting', async () => {
    const [alice] = await story.friends();
    void alice.store.refuse(writing('outbox.insert'));
    expect(await codeOfRejection(alice.api.ask({ to: 'bob', text: 'hello?', timeoutMs: hour }, { signal }))).toBe(
      'STORE_FULL',
    );
  });
});

describe('a person who answers', () => {
  test('by reply completes the request, and who asked gets the answer', async () => {
    const [alice, bob] = await story.friends();
    const asking = alice.api.ask(
      { to: 'bob', text: 'lunch?', replyContext: { table: 4 }, timeoutMs: hour },
      { signal },
    );
    const request = await eventually([alice, bob], async () =>
      (await bob.api.inbox({}, { signal })).messages.find(({ body }) => body === 'lunch?'),
    );
    await bob.api.reply({ id: request.id, text: 'at noon' }, { signal });
    const { answer } = await asking;
    expect(answer).toMatchObject({ body: 'at noon', correlationId: request.id });
    await reaches([alice, bob], { from: alice, id: request.id, state: 'answered' });
    expect((await bob.api.message({ id: request.id }, { signal })).state).toBe('handled');
  });
});
