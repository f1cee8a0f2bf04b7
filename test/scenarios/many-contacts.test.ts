import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { agentIdOf, keyPairFromSeed } from '#identity';
import { MemoryStory } from '../support/memory-story.ts';
import { signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

test('a node goes on working while it shows many contacts', async () => {
  const [alice] = await story.friends();
  const [bob] = alice.store.read.contacts.list({ agent: 'alice' });
  if (bob === undefined) throw new Error('There is no contact');
  const strangers = Array.from({ length: 50 }, () => agentIdOf(keyPairFromSeed(randomBytes(32)).publicKey));
  await alice.store.transact((tx) => {
    for (const agentId of strangers) tx.contacts.put({ ...bob, agentId, petname: `friend-${agentId.slice(-8)}` });
  });
  for (const list of [() => alice.api.contacts({}, { signal }), () => alice.api.status({}, { signal })]) {
    let isShown = false;
    const shown = list().finally(() => {
      isShown = true;
    });
    let turns = 0;
    for (; !isShown; turns += 1) await new Promise(setImmediate);
    await shown;
    expect(turns).toBeGreaterThan(strangers.length);
  }
});
