import { afterEach, describe, expect, test } from 'vitest';
import type { InboundMessage } from '#runtime';
import {
  blobBytesFrom,
  contentOf,
  fileArrives,
  fileOf,
  fileReaches,
  handOver,
  readAll,
  sendFile,
  smallFiles,
  storedData,
} from '../support/file-story.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, send, stateOf, until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let handled: string[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  handled = [];
});

const noting = () => handledBy(({ message }: InboundMessage) => void handled.push(message.payload.body));

async function friends(config = {}): Promise<readonly [MemoryNode, MemoryNode]> {
  const pair = await story.friends({
    alice: { limits: smallFiles },
    bob: { limits: smallFiles, runtime: noting(), config },
  });
  handled = [];
  return pair;
}

describe('a file beside a message', () => {
  test.each([0, 1, 999, 1000, 1001, 20_500])(
    'of %i bytes arrives as it was, and is told at both ends',
    async (size) => {
      const [alice, bob] = await friends();
      const bytes = contentOf(size);
      const id = await sendFile(alice, 'bob', bytes, { name: 'data.bin' });
      await fileArrives(alice, bob, id);
      expect(await readAll(bob, id)).toEqual(bytes);
      expect(await fileOf(bob, id)).toMatchObject({
        direction: 'in',
        peer: 'alice',
        name: 'data.bin',
        size,
        have: size,
      });
      expect(await fileOf(alice, id)).toMatchObject({
        direction: 'out',
        peer: 'bob',
        name: 'data.bin',
        size,
        have: size,
      });
      await until(() => handled.length === 1);
      expect(handled).toEqual(['a file']);
    },
  );

  test('is not kept by its sender once the receiver has it, and lies sealed at the receiver', async () => {
    const [alice, bob] = await friends();
    const bytes = contentOf(5000).fill(65);
    const id = await sendFile(alice, 'bob', bytes);
    await fileArrives(alice, bob, id);
    await until(() => storedData(alice).length === 0);
    expect(storedData(bob)).toHaveLength(1);
    expect(blobBytesFrom(story.wire, 'alice')).toBe(5000 + 5 * 16);
    const seen = story.wire.passed.flatMap(({ operation }) => (operation.op === 'blob' ? [operation.bytes] : []));
    expect(Buffer.concat(seen).includes('AAAAAAAA')).toBe(false);
  });

  test('keeps its message from the program until it is there, and no other message', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    const later = await send(alice, 'bob', 'later');
    await reaches([alice, bob], { from: alice, id: later, state: 'seen' });
    expect(handled).toEqual(['later']);
    expect(await stateOf(alice, id)).toBe('delivered');
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ state: 'new', attachments: [{ kind: 'blob' }] });
    expect(await fileOf(bob, id)).toMatchObject({ state: 'waiting', have: 0 });
    expect(await codeOfRejection(bob.api.filePart({ id, index: 0, part: 0 }, { signal }))).toBe('FILE_INCOMPLETE');
    alice.blobs.releaseReads();
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    expect(handled).toEqual(['later', 'a file']);
  });

  test('does not keep its message back from a program that is configured so', async () => {
    const [alice, bob] = await friends({ agents: { bob: { runtime: 'inbox', waitForFiles: false } } });
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    expect(handled).toEqual(['a file']);
    alice.blobs.releaseReads();
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(contentOf(3000));
  });

  test('shows how far it is at both ends, and never more than is there', async () => {
    const [alice, bob] = await friends();
    const seen = { alice: new Set<number>(), bob: new Set<number>() };
    const noteAll = async (node: MemoryNode, into: Set<number>): Promise<void> => {
      for await (const event of node.node.events.subscribe())
        if (event.type === 'file') into.add((await fileOf(node, event.file.message))?.have ?? -1);
    };
    void noteAll(alice, seen.alice);
    void noteAll(bob, seen.bob);
    const id = await sendFile(alice, 'bob', contentOf(40_000));
    await fileArrives(alice, bob, id);
    for (const [name, { size }] of Object.entries(seen)) expect([name, size > 3]).toEqual([name, true]);
    for (const have of [...seen.alice, ...seen.bob]) expect(have % 1000).toBe(0);
  });

  test('may be one of several, beside one inside, and the message waits for all of them', async () => {
    const [alice, bob] = await friends();
    const files = [await handOver(alice, contentOf(2500, 1), 'one'), await handOver(alice, contentOf(30, 2), 'two')];
    const inside = { name: 'zero', mediaType: 'text/plain', base64: 'aGk=' };
    const { id } = await alice.api.send({ to: 'bob', text: 'all', attachments: [inside], files }, { signal });
    await eventually([alice, bob], async () => handled.length === 1);
    const { attachments } = await bob.api.message({ id }, { signal });
    expect(attachments.map(({ kind, name, file }) => [kind, name, file?.state])).toEqual([
      ['inline', 'zero', undefined],
      ['blob', 'one', 'complete'],
      ['blob', 'two', 'complete'],
    ]);
    expect(await readAll(bob, id, 1)).toEqual(contentOf(2500, 1));
    expect(await readAll(bob, id, 2)).toEqual(contentOf(30, 2));
  });

  test('goes with a request, whose answer comes when the program has it', async () => {
    const runtime = handledBy(({ message }: InboundMessage) => `got ${message.payload.attachments?.length}`);
    const [alice] = await story.friends({ alice: { limits: smallFiles }, bob: { limits: smallFiles, runtime } });
    const files = [await handOver(alice, contentOf(4000))];
    const { answer } = await alice.api.ask({ to: 'bob', text: 'look', files, timeoutMs: 30_000 }, { signal });
    expect(answer.body).toBe('got 1');
  });

  test('goes with a reply of a person, and whoever waits for the answer gets it at once', async () => {
    const [alice, bob] = await story.friends({ alice: { limits: smallFiles }, bob: { limits: smallFiles } });
    bob.blobs.holdReads();
    const asked = alice.api.ask({ to: 'bob', text: 'send it', timeoutMs: 30_000 }, { signal });
    const request = await eventually([alice, bob], async () =>
      (await bob.api.inbox({}, { signal })).messages.find(({ type }) => type === 'request'),
    );
    const files = [await handOver(bob, contentOf(3000))];
    await bob.api.reply({ id: request.id, text: 'here', files }, { signal });
    const { answer } = await asked;
    expect([answer.body, answer.attachments[0]?.file?.state]).toEqual(['here', 'waiting']);
    bob.blobs.releaseReads();
    await fileReaches([alice, bob], { at: alice, id: answer.id, state: 'complete' });
    expect(await readAll(alice, answer.id)).toEqual(contentOf(3000));
  });

  test('is sent once with an idempotency key, and what was handed over in vain does not stay', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(3000), { idempotencyKey: 'k' });
    const again = await sendFile(alice, 'bob', contentOf(3000, 2), { idempotencyKey: 'k' });
    expect(again).toBe(id);
    expect(storedData(alice)).toHaveLength(1);
    alice.blobs.releaseReads();
    await fileArrives(alice, bob, id);
    expect([await inboxTexts(bob), await readAll(bob, id)]).toEqual([['hello', 'a file'], contentOf(3000)]);
  });

  test('follows its sender to a new key in the middle', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(30_000));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await until(() => alice.blobs.readsHeld > 0);
    await alice.api.rotateKey({}, { signal });
    alice.blobs.releaseReads();
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(contentOf(30_000));
  });
});

describe('handing a file over', () => {
  test('takes parts in order, and the same part twice when its answer was lost', async () => {
    const [alice, bob] = await friends();
    const { upload } = await alice.api.upload({}, { signal });
    const part = (offset: number, bytes: Uint8Array) => alice.api.uploadPart({ upload, offset, bytes }, { signal });
    expect(await part(0, contentOf(1500))).toEqual({ size: 1500 });
    expect(await part(0, contentOf(1500))).toEqual({ size: 1500 });
    expect(await codeOfRejection(part(1499, contentOf(5)))).toBe('INVALID_ARGUMENT');
    expect(await codeOfRejection(part(1600, contentOf(5)))).toBe('INVALID_ARGUMENT');
    expect(await part(1500, contentOf(2, 9))).toEqual({ size: 1502 });
    const file = { upload, name: 'f', mediaType: 'a/b' };
    const { id } = await alice.api.send({ to: 'bob', text: 'x', files: [file] }, { signal });
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(Uint8Array.from([...contentOf(1500), ...contentOf(2, 9)]));
    const twice = alice.api.send({ to: 'bob', text: 'x', files: [file] }, { signal });
    expect(await codeOfRejection(twice)).toBe('NOT_FOUND');
  });

  test('keeps nothing of what is dropped, of what is refused, and of what is not sent in time', async () => {
    const [alice] = await friends();
    const dropped = await handOver(alice, contentOf(3000));
    await alice.api.dropUpload({ upload: dropped.upload }, { signal });
    await alice.api.dropUpload({ upload: dropped.upload }, { signal });
    const refused = alice.api.send(
      { to: 'bob', text: 'x', subject: 'y'.repeat(201), files: [await handOver(alice, contentOf(3000))] },
      { signal },
    );
    expect(await codeOfRejection(refused)).toBe('SUBJECT_TOO_LONG');
    await handOver(alice, contentOf(3000));
    expect(storedData(alice)).toHaveLength(1);
    await alice.down();
    await alice.up();
    expect(storedData(alice)).toEqual([]);
  });

  test('is bounded: so many at once', async () => {
    const [alice] = await friends();
    for (let n = 0; n < alice.limits.maxUploads; n += 1) await alice.api.upload({}, { signal });
    expect(await codeOfRejection(alice.api.upload({}, { signal }))).toBe('RATE_LIMITED');
  });

  test('is checked before by a dry run, which needs only the sizes', async () => {
    const [alice] = await friends();
    const dry = (size: number) =>
      alice.api.send(
        { to: 'bob', text: 'x', dryRun: true, files: [{ name: 'f', mediaType: 'a/b', size }] },
        { signal },
      );
    expect((await dry(3000)).wouldSend).toMatchObject({ payload: { attachments: [{ kind: 'blob', size: 3000 }] } });
    expect(await codeOfRejection(dry(alice.limits.maxFileBytesPerPeer + 1))).toBe('FILES_FULL');
    const real = alice.api.send(
      { to: 'bob', text: 'x', files: [{ name: 'f', mediaType: 'a/b', size: 1 }] },
      { signal },
    );
    expect(await codeOfRejection(real)).toBe('INVALID_ARGUMENT');
  });
});
