import { afterEach, describe, expect, test } from 'vitest';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, forgetSessions, MemoryStory, numbered, quiet, sendAll, turns } from '../support/memory-story.ts';
import { until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

interface Talk {
  readonly alice: MemoryNode;
  readonly bob: MemoryNode;
  /** Texts that the handler of each was given, in order. */
  readonly handled: Readonly<Record<'alice' | 'bob', string[]>>;
}

/** Both have a program that answers requests a few turns later. */
async function talk(): Promise<Talk> {
  const handled = { alice: [] as string[], bob: [] as string[] };
  const answering = (name: 'alice' | 'bob') =>
    handledBy(async ({ message }) => {
      await turns(3);
      if (message.type === 'response') return undefined;
      handled[name].push(message.payload.body);
      return `re ${message.payload.body}`;
    });
  const [alice, bob] = await story.friends({
    alice: { runtime: answering('alice') },
    bob: { runtime: answering('bob') },
  });
  for (const list of Object.values(handled)) list.length = 0;
  return { alice, bob, handled };
}

const ask = (from: MemoryNode, to: string, texts: readonly string[]): Promise<readonly string[]> =>
  Promise.all(texts.map(async (text) => (await from.api.send({ to, text, type: 'request' }, { signal })).id));

/** How many answers came to each of the requests. */
async function answersTo(node: MemoryNode, ids: readonly string[]): Promise<readonly number[]> {
  const { messages } = await node.api.inbox({ limit: 1000 }, { signal });
  return ids.map((id) => messages.filter(({ correlationId }) => correlationId === id).length);
}

describe('a new key in the middle of a conversation:', () => {
  test('what is under way, what is accepted meanwhile and what is being answered all arrive once, in order', async () => {
    const { alice, bob, handled } = await talk();
    const [said, asked] = [
      { alice: [] as string[], bob: [] as string[] },
      { alice: [] as string[], bob: [] as string[] },
    ];
    for (let round = 0; round < 6; round += 1) {
      const rotating = round % 2 === 0 ? bob : alice;
      const rotation = rotating.api.rotateKey({}, { signal });
      for (let part = 0; part < 8; part += 1) {
        const texts = numbered(`${round}.${part}.`, 5);
        said.alice.push(...(await sendAll(alice, 'bob', texts)));
        said.bob.push(...(await sendAll(bob, 'alice', texts)));
        asked.alice.push(...(await ask(alice, 'bob', [`${round}.${part}?`])));
        asked.bob.push(...(await ask(bob, 'alice', [`${round}.${part}?`])));
        await turns(2);
      }
      await rotation;
    }
    await allReach([alice, bob], { from: alice, ids: [...said.alice, ...asked.alice] });
    await allReach([alice, bob], { from: bob, ids: [...said.bob, ...asked.bob] });
    const expected = Array.from({ length: 48 }, (_, n) => {
      const part = `${Math.floor(n / 8)}.${n % 8}`;
      return [...numbered(`${part}.`, 5), `${part}?`];
    }).flat();
    // What is delivered may still be in line at its program.
    await eventually([alice, bob], async () =>
      Object.values(handled).every((texts) => texts.length >= expected.length),
    );
    await quiet(alice, bob);
    expect(handled.bob).toEqual(expected);
    expect(handled.alice).toEqual(expected);
    await quiet(alice, bob);
    expect(await answersTo(alice, asked.alice)).toEqual(asked.alice.map(() => 1));
    expect(await answersTo(bob, asked.bob)).toEqual(asked.bob.map(() => 1));
  });

  test('what was sealed in a session that is lost goes before what comes after the new key', async () => {
    const { alice, bob, handled } = await talk();
    story.wire.pause('alice');
    const early = await sendAll(alice, 'bob', numbered('early', 3));
    await until(() => alice.host.lane(bob.agentId).courier.inFlight > 0);
    await forgetSessions(alice, bob);
    await alice.api.rotateKey({}, { signal });
    const late = await sendAll(alice, 'bob', numbered('late', 3));
    story.wire.resume('alice');
    await allReach([alice, bob], { from: alice, ids: [...early, ...late] });
    await quiet(alice, bob);
    expect(handled.bob).toEqual([...numbered('early', 3), ...numbered('late', 3)]);
  });
});
