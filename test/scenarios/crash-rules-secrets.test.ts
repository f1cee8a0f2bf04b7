import { afterEach, describe, expect, test } from 'vitest';
import { codeOf } from '#kernel';
import type { SecureSession } from '#session';
import { writing } from '../support/faulty-store.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, turns } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, send, until } from '../support/story.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const sessionOf = (node: MemoryNode, peer: MemoryNode): SecureSession => {
  const { session } = node.host.lane(peer.agentId);
  if (session === undefined) throw new Error(`${node.name} has no session`);
  return session;
};

function isWiped(session: SecureSession): boolean {
  try {
    session.encode();
    return false;
  } catch (error) {
    return codeOf(error) === 'WRONG_STATE';
  }
}

const replacements = (...nodes: readonly MemoryNode[]): number =>
  nodes.flatMap(({ store }) => store.read.audit.entries({ kind: 'session.replaced', limit: 100 })).length;

const sealing = writing('outbox.insertFrame');
const storing = writing('inbox.insert');

describe('secrets that were used up are wiped only after the commit:', () => {
  test('those of a frame that is sealed', async () => {
    const [alice, bob] = await story.friends();
    const before = sessionOf(alice, bob);
    alice.store.hold();
    const sending = send(alice, 'bob', 'held');
    await until(() => alice.store.waiting > 0);
    await turns();
    expect(isWiped(before)).toBe(false);
    alice.store.release();
    await sending;
    expect(sessionOf(alice, bob)).not.toBe(before);
    expect(isWiped(before)).toBe(true);
  });

  test('those of a frame that is opened', async () => {
    const [alice, bob] = await story.friends();
    const before = sessionOf(bob, alice);
    bob.store.hold();
    const id = await send(alice, 'bob', 'held');
    await until(() => bob.store.waiting > 0);
    await turns();
    expect(isWiped(before)).toBe(false);
    bob.store.release();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(isWiped(before)).toBe(true);
  });
});

describe('a failed commit leaves a session that goes on, with no generation used twice:', () => {
  test('of the sender, which was told', async () => {
    const [alice, bob] = await story.friends();
    const before = sessionOf(alice, bob);
    void alice.store.refuse(sealing, { times: 3 });
    for (const text of numbered('lost', 3)) expect(await codeOfRejection(send(alice, 'bob', text))).toBe('STORE_FULL');
    expect(story.wire.framesOf('alice')).toEqual([]);
    expect(sessionOf(alice, bob)).toBe(before);
    const ids: string[] = [];
    for (const text of numbered('kept', 5)) ids.push(await send(alice, 'bob', text));
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('kept', 5)]);
    expect(replacements(alice, bob)).toBe(0);
  });

  test('of the receiver, which opens the repeated frame', async () => {
    const [alice, bob] = await story.friends();
    const before = sessionOf(bob, alice);
    const refused = bob.store.refuse(storing, { times: 3 });
    const id = await send(alice, 'bob', 'again and again');
    await refused;
    expect(isWiped(before)).toBe(false);
    await allReach([alice, bob], { from: alice, ids: [id] });
    const back = await send(bob, 'alice', 'got it');
    await allReach([alice, bob], { from: bob, ids: [back] });
    expect(replacements(alice, bob)).toBe(0);
  });

  test('of both, at every third commit, in both directions and across rekeys', async () => {
    const limits = { rekeyFrames: 3 };
    const [alice, bob] = await story.friends({ alice: { limits }, bob: { limits } });
    const kept = new Map([
      [alice, [] as string[]],
      [bob, [] as string[]],
    ]);
    for (const text of numbered('m', 40)) {
      for (const [from, to] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        if (Number(text.slice(1)) % 3 === 0) void from.store.refuse(sealing);
        if (Number(text.slice(1)) % 5 === 0) void from.store.refuse(storing);
        const sent = await send(from, to.name, text).then(
          () => true,
          () => false,
        );
        if (sent) kept.get(from)?.push(text);
      }
    }
    for (const node of [alice, bob]) {
      node.store.heal();
      node.host.lane((node === alice ? bob : alice).agentId).flushSoon();
    }
    await quiet(alice, bob);
    expect(await inboxTexts(bob)).toEqual(['hello', ...(kept.get(alice) ?? [])]);
    expect(await inboxTexts(alice)).toEqual(['hello', ...(kept.get(bob) ?? [])]);
    expect(kept.get(alice)?.length).toBeGreaterThan(20);
    expect(sessionOf(alice, bob).epoch).toBeGreaterThan(3);
    expect(replacements(alice, bob)).toBe(0);
  });
});
