import { afterEach, describe, expect, test } from 'vitest';
import type { Answer, InboundMessage } from '#runtime';
import { writing } from '../support/faulty-store.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory, numbered, quiet, turns } from '../support/memory-story.ts';
import { inboxTexts, reaches, stateOf, until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let offers: { readonly id: string; readonly attempt: number }[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  offers = [];
});

const answering = (
  answer: (inbound: InboundMessage) => Answer | string | undefined = ({ attempt }) => `answer ${attempt}`,
) =>
  handledBy((inbound) => {
    if (inbound.message.type === 'request') offers.push({ id: inbound.message.id, attempt: inbound.attempt });
    return answer(inbound);
  });

async function request(from: MemoryNode, text = 'question'): Promise<string> {
  return (await from.api.send({ to: 'bob', text, type: 'request' }, { signal })).id;
}

const answersTo = async (node: MemoryNode, id: string): Promise<readonly string[]> => {
  const { messages } = await node.api.inbox({ limit: 1000 }, { signal });
  return messages.filter(({ correlationId }) => correlationId === id).map(({ body }) => body);
};

const completing = writing('inbox.complete', 'outbox.insert');

describe('an answer, its receipt and the end of the lease are one transaction:', () => {
  test('they are committed together', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: answering() } });
    const id = await request(alice);
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    const [together, ...others] = bob.store.committed.filter((writes) =>
      writes.some((write) => write.startsWith(`inbox.complete bob ${id}`)),
    );
    expect(others).toEqual([]);
    const [complete, insert, receipt] = together ?? [];
    expect(complete).toMatch(/^inbox.complete bob msg_/);
    expect(insert).toMatch(/^outbox.insert msg_/);
    expect(receipt).toMatch(/^outbox.queueReceipt .*answered$/);
  });

  test('a process that ends between handler and commit offers the message again, with attempt 2, and answers once', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: answering() } });
    const crashed = bob.store.crashBefore(completing);
    const id = await request(alice);
    await crashed;
    await turns();
    expect(await stateOf(alice, id)).not.toBe('answered');
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    expect(offers).toEqual([
      { id, attempt: 1 },
      { id, attempt: 2 },
    ]);
    expect(await answersTo(alice, id)).toEqual(['answer 2']);
  });

  test('a process that ends right after the commit does not ask the handler again, and answers once', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: answering() } });
    const crashed = bob.store.crashAfter(completing);
    const id = await request(alice);
    await crashed;
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    expect(offers).toEqual([{ id, attempt: 1 }]);
    expect(await answersTo(alice, id)).toEqual(['answer 1']);
  });

  test('a process that ends while the handler works offers the message again', async () => {
    const stuck = Promise.withResolvers<string>();
    const runtime = handledBy((inbound) => {
      if (inbound.message.type !== 'request') return undefined;
      offers.push({ id: inbound.message.id, attempt: inbound.attempt });
      return inbound.attempt === 1 ? stuck.promise : 'at last';
    });
    const [alice, bob] = await story.friends({ bob: { runtime } });
    const id = await request(alice);
    await until(() => offers.length === 1);
    bob.crash();
    stuck.resolve('too late');
    await turns();
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    expect(offers).toEqual([
      { id, attempt: 1 },
      { id, attempt: 2 },
    ]);
    expect(await answersTo(alice, id)).toEqual(['at last']);
  });

  test('a commit that fails is tried again with the answer that the handler gave, without asking it again', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: answering() } });
    const refused = bob.store.refuse(completing, { times: 2 });
    const id = await request(alice);
    await refused;
    await eventually([alice, bob], async () => {
      // As the sweeper does now and then.
      bob.host.runner.wake();
      return (await stateOf(alice, id)) === 'answered';
    });
    await quiet(alice, bob);
    expect(offers).toEqual([{ id, attempt: 1 }]);
    expect(await answersTo(alice, id)).toEqual(['answer 1']);
  });

  test('a commit that fails while the next handler works neither ends the process nor loses that one', async () => {
    const gate = Promise.withResolvers<string>();
    const runtime = handledBy(({ message }) => {
      if (message.type !== 'request') return undefined;
      offers.push({ id: message.id, attempt: 1 });
      return message.payload.body === 'slow' ? gate.promise : 'fast';
    });
    const [alice, bob] = await story.friends({ bob: { runtime } });
    const refused = bob.store.refuse(completing);
    story.wire.pause('alice');
    const [fast, slow] = [await request(alice, 'fast'), await request(alice, 'slow')];
    story.wire.resume('alice');
    await refused;
    await turns();
    gate.resolve('slow');
    for (const id of [fast, slow]) await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect(offers.map(({ id }) => id)).toEqual([fast, slow]);
    expect(await answersTo(alice, fast)).toEqual(['fast']);
    expect(await answersTo(alice, slow)).toEqual(['slow']);
  });

  test('over many crashes every request is answered once', async () => {
    const [alice, bob] = await story.friends({
      bob: { runtime: answering(({ message }) => `re: ${message.payload.body}`) },
    });
    const ids: string[] = [];
    for (const text of numbered('q', 20)) {
      ids.push(await request(alice, text));
      if (ids.length % 4 !== 0) continue;
      bob.crash();
      await bob.up();
    }
    for (const id of ids) await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    await eventually([alice, bob], async () => (await inboxTexts(alice)).length === 1 + ids.length);
    for (const [n, id] of ids.entries()) expect(await answersTo(alice, id)).toEqual([`re: q${n}`]);
  });
});
