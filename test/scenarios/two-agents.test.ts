import { afterEach, describe, expect, test } from 'vitest';
import type { MeshError } from '#kernel';
import { eventually, handledBy, pair, signal, TestNode, type TestNodeOptions } from '../support/test-agents.ts';

const nodes: TestNode[] = [];

async function start(options: TestNodeOptions): Promise<TestNode> {
  const node = await TestNode.start(options);
  nodes.push(node);
  return node;
}

afterEach(async () => {
  for (const node of nodes.splice(0)) await node[Symbol.asyncDispose]();
});

const stateOf = async (node: TestNode, id: string): Promise<string> => (await node.api.track({ id }, { signal })).state;

const delivered = (from: TestNode, to: TestNode, ids: readonly string[]): Promise<boolean> =>
  eventually([from, to], async () => {
    const states = await Promise.all(ids.map((id) => stateOf(from, id)));
    return states.every((state) => state !== 'queued' && state !== 'sent');
  });

const inboxTexts = async (node: TestNode): Promise<readonly string[]> =>
  (await node.api.inbox({ limit: 1000 }, { signal })).messages.map(({ body }) => body).reverse();

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: MeshError) => error.code,
  );
}

describe('two agents', () => {
  test('become peers by invite and exchange a message that both ends know the truth about', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    const { id } = await alice.api.send({ to: 'bob', text: 'Hello Bob', subject: 'greeting' }, { signal });
    await delivered(alice, bob, [id]);
    const [message] = (await bob.api.inbox({}, { signal })).messages;
    expect(message).toMatchObject({ id, peer: 'alice', body: 'Hello Bob', subject: 'greeting', state: 'new' });
    expect(await stateOf(alice, id)).toBe('delivered');
    await bob.api.read({ id }, { signal });
    await eventually([alice, bob], async () => (await stateOf(alice, id)) === 'seen');
    const { steps } = await alice.api.track({ id }, { signal });
    expect(steps.map(({ state, by }) => `${state} by ${by}`)).toEqual([
      'queued by this node',
      'sealed by this node',
      'sent by this node',
      'delivered by peer',
      'seen by peer',
    ]);
  });

  test('become peers by request and approval, and only then may write', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await alice.api.request({ target: bob.endpoint, purpose: 'to compare notes' }, { signal });
    const request = await eventually([alice, bob], async () => (await bob.api.requests({}, { signal })).requests[0]);
    expect(request).toMatchObject({ direction: 'in', petname: 'alice', purpose: 'to compare notes' });
    expect(await codeOf(bob.api.send({ to: 'alice', text: 'too early' }, { signal }))).toBe('NOT_TRUSTED');
    await bob.api.approve({ id: request.id }, { signal });
    await eventually(
      [alice, bob],
      async () => (await alice.api.contact({ contact: 'bob' }, { signal })).state === 'trusted',
    );
    const there = await alice.api.send({ to: 'bob', text: 'there' }, { signal });
    const back = await bob.api.send({ to: 'alice', text: 'back' }, { signal });
    await delivered(alice, bob, [there.id]);
    await delivered(bob, alice, [back.id]);
    expect(await inboxTexts(bob)).toEqual(['there']);
    expect(await inboxTexts(alice)).toEqual(['back']);
    const [a, b] = [
      await alice.api.contact({ contact: 'bob' }, { signal }),
      await bob.api.contact({ contact: 'alice' }, { signal }),
    ];
    expect(a.safetyNumber).toBe(b.safetyNumber);
  });

  test('leave nothing behind when a request is rejected', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await alice.api.request({ target: bob.endpoint }, { signal });
    const request = await eventually([alice, bob], async () => (await bob.api.requests({}, { signal })).requests[0]);
    await bob.api.reject({ id: request.id }, { signal });
    expect((await bob.api.contacts({}, { signal })).contacts).toEqual([]);
    expect(await codeOf(alice.api.send({ to: 'bob', text: 'please' }, { signal }))).toBe('NOT_TRUSTED');
  });

  test('answer a request by a handler, once, with the reply context untouched', async () => {
    const handled: string[] = [];
    const runtime = handledBy(({ message }) => {
      handled.push(message.id);
      return `${message.payload.body.length} letters`;
    });
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob', runtime });
    await pair(alice, bob);
    const asked = await alice.api.ask(
      { to: 'bob', text: 'count me', replyContext: { thread: 7 }, timeoutMs: 20_000 },
      { signal },
    );
    expect(asked.answer).toMatchObject({ body: '8 letters', correlationId: asked.request, type: 'response' });
    expect(handled).toEqual([asked.request]);
    await eventually([alice, bob], async () => (await stateOf(alice, asked.request)) === 'answered');
  });

  test('keep what is written while the peer is down, and deliver all of it once and in order when it is back', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    await bob.down();
    const ids: string[] = [];
    for (let n = 0; n < 25; n += 1) ids.push((await alice.api.send({ to: 'bob', text: `m${n}` }, { signal })).id);
    expect(await stateOf(alice, ids[0] ?? '')).toBe('queued');
    await bob.up();
    await delivered(alice, bob, ids);
    expect(await inboxTexts(bob)).toEqual(ids.map((_, n) => `m${n}`));
  });

  test('start their first session while the peer was offline since the approval', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    await bob.down();
    await alice.down();
    await alice.up();
    const { id } = await alice.api.send({ to: 'bob', text: 'first contact' }, { signal });
    await bob.up();
    await delivered(alice, bob, [id]);
    expect(await inboxTexts(bob)).toEqual(['first contact']);
  });

  test('go on after the sender was restarted with messages queued', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    const first = await alice.api.send({ to: 'bob', text: 'one' }, { signal });
    await delivered(alice, bob, [first.id]);
    await bob.down();
    const second = await alice.api.send({ to: 'bob', text: 'two' }, { signal });
    await alice.down();
    await alice.up();
    await bob.up();
    await delivered(alice, bob, [second.id]);
    expect(await inboxTexts(bob)).toEqual(['one', 'two']);
  });

  test('replace a session that one side lost, without losing or doubling a message', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    const first = await alice.api.send({ to: 'bob', text: 'one' }, { signal });
    await delivered(alice, bob, [first.id]);
    const { store } = bob.node.parts;
    await bob.down();
    expect(store).toBeDefined();
    await bob.up();
    const agentId = alice.host.agent.agentId;
    await bob.node.parts.store.transact((tx) => tx.sessions.deleteSessionsOf('bob', agentId));
    bob.host.lane(agentId).session = undefined;
    const second = await alice.api.send({ to: 'bob', text: 'two' }, { signal });
    await delivered(alice, bob, [second.id]);
    expect(await inboxTexts(bob)).toEqual(['one', 'two']);
    const back = await bob.api.send({ to: 'alice', text: 'three' }, { signal });
    await delivered(bob, alice, [back.id]);
    expect(await inboxTexts(alice)).toEqual(['three']);
  });

  test('write at the same moment right after they met, and both first sessions come to one', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    const sends = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        Promise.all([
          alice.api.send({ to: 'bob', text: `a${n}` }, { signal }),
          bob.api.send({ to: 'alice', text: `b${n}` }, { signal }),
        ]),
      ),
    );
    await delivered(
      alice,
      bob,
      sends.map(([a]) => a.id),
    );
    await delivered(
      bob,
      alice,
      sends.map(([, b]) => b.id),
    );
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    expect(await inboxTexts(bob)).toEqual(numbers.map((n) => `a${n}`));
    expect(await inboxTexts(alice)).toEqual(numbers.map((n) => `b${n}`));
  });

  test('follow a rotated key without a word from their owners, and lose nothing', async () => {
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob' });
    await pair(alice, bob);
    const first = await alice.api.send({ to: 'bob', text: 'before' }, { signal });
    await delivered(alice, bob, [first.id]);
    const { to } = await bob.api.rotateKey({}, { signal });
    const second = await alice.api.send({ to: 'bob', text: 'after' }, { signal });
    await delivered(alice, bob, [second.id]);
    expect((await alice.api.contact({ contact: 'bob' }, { signal })).agentId).toBe(to);
    expect(await inboxTexts(bob)).toEqual(['before', 'after']);
    const back = await bob.api.send({ to: 'alice', text: 'mine too' }, { signal });
    await delivered(bob, alice, [back.id]);
    expect(await inboxTexts(alice)).toEqual(['mine too']);
  });

  test('give the first answer again when a request is repeated with its idempotency key', async () => {
    let turns = 0;
    const runtime = handledBy(() => `turn ${(turns += 1)}`);
    const alice = await start({ name: 'alice' });
    const bob = await start({ name: 'bob', runtime });
    await pair(alice, bob);
    const ask = () =>
      alice.api.ask({ to: 'bob', text: 'pay once', idempotencyKey: 'invoice-1', timeoutMs: 20_000 }, { signal });
    const [first, again] = [await ask(), await ask()];
    expect(again.answer.body).toBe('turn 1');
    expect(again.request).toBe(first.request);
    expect(turns).toBe(1);
  });
});
