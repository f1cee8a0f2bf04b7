import { afterEach, describe, expect, test } from 'vitest';
import { writing } from '../support/faulty-store.ts';
import { MemoryStory, quiet } from '../support/memory-story.ts';
import { inboxTexts, reaches, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

describe('a request that somebody answers by hand', () => {
  test('is not over while the program that was given it in the same moment is at work', async () => {
    const gate = Promise.withResolvers<string>();
    const asked: string[] = [];
    const runtime = handledBy(({ message }) => {
      if (message.type !== 'request') return undefined;
      asked.push(message.id);
      return gate.promise;
    });
    const [alice, bob] = await story.friends({ alice: { runtime } });
    await alice.api.setTier({ contact: 'bob', tier: 'notify' }, { signal });
    const { id } = await bob.api.send({ to: 'alice', text: 'well?', type: 'request' }, { signal });
    await reaches([alice, bob], { from: bob, id, state: 'delivered' });
    await quiet(alice, bob);

    // The lease waits to be stored, and the reply behind it does not know of it.
    const isContact = writing('contacts.');
    alice.store.onCommit = (writes) => {
      if (isContact(writes)) alice.store.hold();
    };
    await alice.api.setTier({ contact: 'bob', tier: 'trusted' }, { signal });
    alice.store.onCommit = () => {};
    await until(() => alice.store.waiting > 0);
    const before = alice.store.waiting;
    const replied = alice.api.reply({ id, text: 'by hand' }, { signal });
    await until(() => alice.store.waiting > before);
    alice.store.release();
    await replied;
    await until(() => asked.length === 1);
    const row = alice.store.read.inbox.list({ agent: 'alice', limit: 10 }).find((one) => one.id === asked[0]);
    gate.resolve('by the program');
    expect(row?.state).toBe('leased');
    await reaches([alice, bob], { from: bob, id, state: 'answered' });
    await quiet(alice, bob);
    expect(asked).toEqual([id]);
    expect(await inboxTexts(bob)).toEqual(['hello', 'by hand', 'by the program']);
  });
});
