import { afterEach, describe, expect, test } from 'vitest';
import type { Logger } from '#kernel';
import type { MemoryNode } from '../support/memory-node.ts';
import { leave, MemoryStory, turns } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, stateOf, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const secret = `ghp_${'aB3dE6gH9'.repeat(4)}`;
const text = `the token is ${secret}`;

const all = (action: 'label' | 'review' | 'block') => ({
  owner: action,
  trusted: action,
  bounded: action,
  notify: action,
});
const outbound = (action: 'label' | 'review' | 'block') => ({ config: { guard: { outbound: all(action) } } });

function listening(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const note = (event: string, fields?: object): void => void lines.push(`${event} ${JSON.stringify(fields ?? {})}`);
  return { lines, logger: { debug: note, info: note, warn: note, error: note } };
}

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
const say = (node: MemoryNode, more: object = {}) => node.api.send({ to: 'bob', text, ...more }, { signal });
const reviewsOf = (node: MemoryNode) => node.api.reviews({}, { signal }).then(({ reviews }) => reviews);

describe('a message with a secret', () => {
  test('does not leave under block, and neither error nor log has the secret', async () => {
    const { logger, lines } = listening();
    const [alice, bob] = await story.friends({ alice: { ...outbound('block'), logger } });
    const error = await failureOf(say(alice));
    expect(error).toMatchObject({ code: 'GUARD_BLOCKED', data: { rules: ['github-token', 'assigned-secret'] } });
    expect(JSON.stringify(error) + String(error)).not.toContain(secret.slice(0, 12));
    expect((await alice.api.outbox({}, { signal })).messages).toHaveLength(1);
    const next = await alice.api.send({ to: 'bob', text: 'no secret here' }, { signal });
    await reaches([alice, bob], { from: alice, id: next.id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'no secret here']);
    expect(lines.join('\n')).not.toContain(secret.slice(0, 12));
  });

  test('waits under review, is no work for the link, and leaves when it is approved, also after a restart', async () => {
    const [alice, bob] = await story.friends({ alice: outbound('review') });
    const { id, state } = await say(alice);
    expect(state).toBe('review');
    const other = await alice.api.send({ to: 'bob', text: 'after it' }, { signal });
    await reaches([alice, bob], { from: alice, id: other.id, state: 'delivered' });
    await alice.down();
    await alice.up();
    await turns();
    expect(await stateOf(alice, id)).toBe('review');
    expect(await inboxTexts(bob)).toEqual(['hello', 'after it']);
    expect((await alice.api.track({ id }, { signal })).waits?.code).toBe('REVIEW_PENDING');
    const [review] = await reviewsOf(alice);
    expect(review?.guard.map(({ rule }) => rule)).toEqual(['github-token', 'assigned-secret']);
    await alice.api.approveReview({ id, digest: review?.digest ?? '' }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'after it', text]);
    expect((await bob.api.message({ id }, { signal })).guard).toBeUndefined();
  });

  test('never leaves when it is denied', async () => {
    const [alice, bob] = await story.friends({ alice: outbound('review') });
    const { id } = await say(alice);
    await alice.api.denyReview({ id }, { signal });
    expect(await alice.api.track({ id }, { signal })).toMatchObject({ state: 'cancelled', reason: 'GUARD_BLOCKED' });
    await turns();
    expect(await inboxTexts(bob)).toEqual(['hello']);
    expect(await reviewsOf(alice)).toEqual([]);
  });

  test('is the same message when it is said again under its key, and can be taken back', async () => {
    const [alice] = await story.friends({ alice: outbound('review') });
    const first = await say(alice, { idempotencyKey: 'k' });
    const again = await say(alice, { idempotencyKey: 'k' });
    expect(again).toMatchObject({ id: first.id, duplicate: true, state: 'review' });
    expect(await alice.api.cancel({ id: first.id }, { signal })).toMatchObject({ state: 'cancelled' });
    expect(await reviewsOf(alice)).toEqual([]);
  });

  test('does not count as waiting for a peer that is away', async () => {
    const [alice, bob] = await story.friends({ alice: outbound('review') });
    const { agentId } = bob;
    await leave(bob, alice);
    await say(alice);
    expect(alice.store.read.outbox.waitingFor('alice', agentId).messages).toBe(0);
    const { id } = await alice.api.send({ to: 'bob', text: 'waits for bob' }, { signal });
    const [review] = await reviewsOf(alice);
    await alice.api.approveReview({ id: review?.id ?? '', digest: review?.digest ?? '' }, { signal });
    expect(alice.store.read.outbox.waitingFor('alice', agentId).messages).toBe(2);
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
  });

  test('ends the wait of whoever asks with it at once', async () => {
    const [alice] = await story.friends({ alice: outbound('review') });
    const asked = alice.api.ask({ to: 'bob', text, timeoutMs: 60_000 }, { signal });
    expect(await codeOfRejection(asked)).toBe('REVIEW_PENDING');
  });

  test('leaves with a note where the policy says label', async () => {
    const [alice, bob] = await story.friends({ alice: outbound('label') });
    const { id } = await say(alice);
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect((await alice.api.track({ id }, { signal })).guard?.map(({ rule }) => rule)).toEqual([
      'github-token',
      'assigned-secret',
    ]);
  });
});

describe('an answer of a program with a secret', () => {
  const answering = (action: 'review' | 'block') => {
    let calls = 0;
    const runtime = handledBy(() => {
      calls += 1;
      return { body: text };
    });
    return { options: { runtime, ...outbound(action) }, calls: () => calls };
  };

  test.each(['review', 'block'] as const)(
    'waits for the owner under %s: the turn runs once, and the answer arrives when it is approved',
    async (action) => {
      const { options, calls } = answering(action);
      const [alice, bob] = await story.friends({ bob: options });
      const { id } = await alice.api.send({ to: 'bob', text: 'what is it?', type: 'request' }, { signal });
      await until(() => bob.store.read.guards.heldCount('bob').out > 0);
      const [review] = await reviewsOf(bob);
      await reaches([alice, bob], { from: alice, id, state: 'seen' });
      const before = calls();
      await bob.api.approveReview({ id: review?.id ?? '', digest: review?.digest ?? '' }, { signal });
      await reaches([alice, bob], { from: alice, id, state: 'answered' });
      expect(await inboxTexts(alice)).toContain(text);
      expect(calls()).toBe(before);
    },
  );

  test('is refused to whoever asked when it is denied', async () => {
    const { options } = answering('review');
    const [alice, bob] = await story.friends({ bob: options });
    const asked = alice.api.ask({ to: 'bob', text: 'what is it?', timeoutMs: 600_000 }, { signal });
    const code = codeOfRejection(asked);
    await until(() => bob.store.read.guards.heldCount('bob').out > 0);
    const [review] = await reviewsOf(bob);
    await bob.api.denyReview({ id: review?.id ?? '' }, { signal });
    expect(await code).toBe('GUARD_BLOCKED');
    expect(await inboxTexts(alice)).not.toContain(text);
  });

  test('is refused to whoever asked when it is taken back', async () => {
    const { options } = answering('review');
    const [alice, bob] = await story.friends({ bob: options });
    const code = codeOfRejection(alice.api.ask({ to: 'bob', text: 'what is it?', timeoutMs: 600_000 }, { signal }));
    await until(() => bob.store.read.guards.heldCount('bob').out > 0);
    const [review] = await reviewsOf(bob);
    await bob.api.cancel({ id: review?.id ?? '' }, { signal });
    expect(await code).toBe('CANCELLED');
    expect(await reviewsOf(bob)).toEqual([]);
  });

  test('that was denied is refused again to whoever asks for another try', async () => {
    const { options, calls } = answering('review');
    const [alice, bob] = await story.friends({ bob: options });
    const { id } = await alice.api.send({ to: 'bob', text: 'what is it?', type: 'request' }, { signal });
    await until(() => bob.store.read.guards.heldCount('bob').out > 0);
    const [review] = await reviewsOf(bob);
    await bob.api.denyReview({ id: review?.id ?? '' }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    const before = calls();
    const { replayed } = await alice.api.replayDead({ ids: [id] }, { signal });
    await reaches([alice, bob], { from: alice, id: replayed[0]?.as ?? '', state: 'refused' });
    expect(calls()).toBe(before);
  });
});
