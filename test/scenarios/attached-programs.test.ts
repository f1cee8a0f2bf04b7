import { afterEach, describe, expect, test } from 'vitest';
import type { TurnEvent } from '#api';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory, numbered, quiet, sendAll } from '../support/memory-story.ts';
import { codeOfRejection, reaches, send } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';

let story = new MemoryStory();
const ends: AbortController[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) end.abort();
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

/** A program at the local API of the node, that reads one event when it is asked to. */
function program(node: MemoryNode, concurrency = 1) {
  const gone = new AbortController();
  ends.push(gone);
  const events = node.api.attach({ program: 'p', concurrency }, { signal: gone.signal })[Symbol.asyncIterator]();
  const next = async (): Promise<TurnEvent> => {
    const result = await events.next();
    if (result.done === true) throw new Error('The program hears nothing more');
    return result.value;
  };
  const message = async () => {
    const event = await next();
    if (event.type !== 'message') throw new Error(`${event.type} instead of a message`);
    return { id: event.message.id, body: event.message.body, attempt: event.attempt };
  };
  return { next, message, gone };
}

const ask = (from: MemoryNode, text: string) =>
  from.api.ask({ to: 'bob', text, timeoutMs: 60_000 }, { signal }).then(({ answer }) => answer.body);

describe('a program that is attached to an agent', () => {
  test('takes what waited and what comes, and its answers arrive', async () => {
    const [alice, bob] = await story.friends();
    const first = ask(alice, 'before');
    await quiet(alice, bob);
    const { next, message } = program(bob);
    expect(await next()).toMatchObject({ type: 'attached', agent: 'bob' });
    expect((await bob.api.agents({}, { signal })).agents).toMatchObject([{ runtime: 'attached' }]);
    // What went to and fro before: nobody waits for answers to it.
    const hello = await message();
    await bob.api.complete({ id: hello.id }, { signal });
    const before = await message();
    await bob.api.complete({ id: before.id, text: 'one', metadata: { n: 1 } }, { signal });
    expect(await first).toBe('one');
    const second = ask(alice, 'after');
    const after = await message();
    expect(after).toMatchObject({ body: 'after', attempt: 1 });
    await bob.api.complete({ id: after.id, text: 'two' }, { signal });
    expect(await second).toBe('two');
  });

  test('has as many at once as it wants, and a slow one keeps nobody waiting', async () => {
    const [alice, bob] = await story.friends();
    const { next, message } = program(bob, 2);
    await next();
    await bob.api.complete({ id: (await message()).id }, { signal });
    const [slow] = await sendAll(alice, 'bob', ['slow']);
    expect((await message()).id).toBe(slow);
    const ids = await sendAll(alice, 'bob', numbered('m', 3));
    for (const id of ids) {
      expect((await message()).id).toBe(id);
      await bob.api.complete({ id }, { signal });
    }
    await bob.api.complete({ id: slow ?? '' }, { signal });
    await quiet(alice, bob);
    expect((await bob.api.message({ id: slow ?? '' }, { signal })).state).toBe('handled');
  });

  test('loses nothing when it goes away in the middle: the message comes again, at its first attempt', async () => {
    const [alice, bob] = await story.friends();
    const first = program(bob);
    await first.next();
    await bob.api.complete({ id: (await first.message()).id }, { signal });
    const id = await send(alice, 'bob', 'once');
    expect((await first.message()).id).toBe(id);
    first.gone.abort();
    const second = program(bob);
    await second.next();
    expect(await second.message()).toEqual({ id, body: 'once', attempt: 1 });
    await bob.api.complete({ id }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    expect(await codeOfRejection(bob.api.complete({ id }, { signal }))).toBe('WRONG_STATE');
  });

  test('hears at once of an answer that no message can carry, and may still give another', async () => {
    const [alice, bob] = await story.friends();
    const { next, message } = program(bob);
    await next();
    await bob.api.complete({ id: (await message()).id }, { signal });
    const asked = ask(alice, 'long?');
    const { id } = await message();
    const tooLong = bob.api.complete({ id, text: 'x'.repeat(100_000) }, { signal });
    expect(await codeOfRejection(tooLong)).toBe('MESSAGE_TOO_LARGE');
    await bob.api.complete({ id, text: 'short' }, { signal });
    expect(await asked).toBe('short');
  });

  test('is refused where a runtime has the messages', async () => {
    const runtime = { kind: 'in-process', types: [], concurrency: 1, handle: async () => undefined } as const;
    const [, bob] = await story.friends({ bob: { runtime } });
    const events = bob.api.attach({ program: 'p' }, { signal })[Symbol.asyncIterator]();
    expect(await codeOfRejection(events.next())).toBe('WRONG_STATE');
  });
});
