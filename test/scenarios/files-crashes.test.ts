import { afterEach, describe, expect, test } from 'vitest';
import type { InboundMessage } from '#runtime';
import { writing } from '../support/faulty-store.ts';
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
import { MemoryStory, quiet } from '../support/memory-story.ts';
import { codeOfRejection, reaches, stillTalk, until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let handled: string[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  handled = [];
});

const size = 30_000;
const sealedSize = size + 30 * 16;
const content = contentOf(size);

async function friends(): Promise<readonly [MemoryNode, MemoryNode]> {
  const runtime = handledBy(({ message }: InboundMessage) => void handled.push(message.id));
  const pair = await story.friends({ alice: { limits: smallFiles }, bob: { limits: smallFiles, runtime } });
  handled = [];
  return pair;
}

/** The file came whole, its program got it once, and nobody keeps what is not needed. */
async function checkEnd(alice: MemoryNode, bob: MemoryNode, id: string): Promise<void> {
  await fileArrives(alice, bob, id);
  await reaches([alice, bob], { from: alice, id, state: 'seen' });
  expect(handled.filter((one) => one === id)).toEqual([id]);
  expect(await readAll(bob, id)).toEqual(content);
  await until(() => storedData(alice).length === 0);
  expect(storedData(bob)).toHaveLength(1);
  await quiet(alice, bob);
}

describe('a receiver that is killed', () => {
  test.each([
    ['before the message is stored', 'before', ['inbox.insert']],
    ['when the message is stored', 'after', ['inbox.insert', 'files.insert', 'inbox.hold']],
    ['before the first chunks are counted', 'before', ['files.putChunks']],
    ['when the first chunks are counted', 'after', ['files.putChunks']],
    ['before the whole file is noted', 'before', ['files.finish']],
    [
      'when the whole file is noted, and the receipt queued',
      'after',
      ['files.finish', 'inbox.unhold', 'outbox.queueReceipt'],
    ],
  ] as const)('%s goes on with what it has', async (_when, side, writes) => {
    const [alice, bob] = await friends();
    const meant = writing(...writes);
    const crashed = side === 'before' ? bob.store.crashBefore(meant) : bob.store.crashAfter(meant);
    const id = await sendFile(alice, 'bob', content);
    await crashed;
    await until(() => !bob.isUp);
    await bob.up();
    await checkEnd(alice, bob, id);
    // What was on its way when it ended may come again: at most a window, and the chunk that was not whole.
    expect(blobBytesFrom(story.wire, 'alice')).toBeLessThanOrEqual(
      sealedSize + smallFiles.maxBlobWindowBytes + 2 * 1016,
    );
  });

  test('again and again still gets every byte, most of them once', async () => {
    const [alice, bob] = await friends();
    const id = await sendFile(alice, 'bob', content);
    for (let n = 0; n < 4; n += 1) {
      const crashed =
        n % 2 === 0
          ? bob.store.crashAfter(writing('files.putChunks'))
          : bob.store.crashBefore(writing('files.putChunks'));
      await crashed;
      await until(() => !bob.isUp);
      await bob.up();
    }
    await checkEnd(alice, bob, id);
    expect(blobBytesFrom(story.wire, 'alice')).toBeLessThanOrEqual(
      sealedSize + 5 * (smallFiles.maxBlobWindowBytes + 2 * 1016),
    );
  });
});

describe('a sender that is killed', () => {
  test('while a file is handed over accepted nothing, and keeps nothing', async () => {
    const [alice, bob] = await friends();
    await handOver(alice, content);
    expect(storedData(alice)).toHaveLength(1);
    alice.crash();
    await alice.up();
    await until(() => storedData(alice).length === 0);
    await stillTalk(alice, bob);
  });

  test.each([
    ['before its files are known', 'before', ['files.insert']],
    ['when its files are known', 'after', ['files.insert']],
    ['before it is accepted', 'before', ['outbox.insert ']],
  ] as const)('before a message is accepted, %s, has neither message nor file', async (_when, side, writes) => {
    const [alice, bob] = await friends();
    const files = [await handOver(alice, content)];
    const meant = writing(...writes);
    const crashed = side === 'before' ? alice.store.crashBefore(meant) : alice.store.crashAfter(meant);
    void alice.api.send({ to: 'bob', text: 'x', files }, { signal });
    await crashed;
    await until(() => !alice.isUp);
    await alice.up();
    await until(() => storedData(alice).length === 0);
    expect((await alice.api.files({}, { signal })).files).toEqual([]);
    await stillTalk(alice, bob);
  });

  test('when the message is accepted sends it, and its file', async () => {
    const [alice, bob] = await friends();
    const files = [await handOver(alice, content)];
    const crashed = alice.store.crashAfter(writing('outbox.insert '));
    void alice.api.send({ to: 'bob', text: 'x', files }, { signal });
    await crashed;
    await until(() => !alice.isUp);
    await alice.up();
    const { id } = await eventually([alice, bob], async () => (await bob.api.files({}, { signal })).files[0]);
    await checkEnd(alice, bob, id);
  });

  test('in the middle of the transfer goes on, and sends nothing that is there', async () => {
    const [alice, bob] = await friends();
    story.wire.fate = () => (blobBytesFrom(story.wire, 'alice') > 12_000 ? 'cut' : 'pass');
    const id = await sendFile(alice, 'bob', content);
    await until(() => blobBytesFrom(story.wire, 'alice') > 12_000);
    alice.crash();
    story.wire.fate = () => 'pass';
    await alice.up();
    await checkEnd(alice, bob, id);
    expect(blobBytesFrom(story.wire, 'alice')).toBeLessThanOrEqual(sealedSize + smallFiles.maxBlobWindowBytes + 1016);
  });

  test('before the receipt for the files is stored learns it again', async () => {
    const [alice, bob] = await friends();
    const crashed = alice.store.crashBefore(writing('files.finish'));
    const id = await sendFile(alice, 'bob', content);
    await crashed;
    await until(() => !alice.isUp);
    await alice.up();
    await checkEnd(alice, bob, id);
  });
});

describe('both killed', () => {
  test('in the middle of the transfer go on together', async () => {
    const [alice, bob] = await friends();
    const id = await sendFile(alice, 'bob', content);
    await bob.store.crashAfter(writing('files.putChunks'));
    await until(() => !bob.isUp);
    alice.crash();
    await bob.up();
    await alice.up();
    await checkEnd(alice, bob, id);
  });
});

describe('a full disk', () => {
  test('of the receiver makes the file wait, shown as that, and it goes on when there is room', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', content);
    await until(() => alice.blobs.readsHeld > 0);
    bob.blobs.isFull = true;
    alice.blobs.releaseReads();
    await eventually([bob], async () => (await fileOf(bob, id))?.reason === 'STORE_FULL');
    const { warnings } = await bob.api.status({}, { signal });
    expect(warnings.find(({ code }) => code === 'STORE_FULL')?.message).toBe('A file waits for room on the disk');
    expect(await codeOfRejection(readAll(bob, id))).toBe('FILE_INCOMPLETE');
    // Messages do not wait for the disk of files.
    await stillTalk(alice, bob);
    bob.blobs.isFull = false;
    await checkEnd(alice, bob, id);
  });

  test('that is full but for what is left to messages takes no files', async () => {
    const [alice, bob] = await story.friends({
      alice: { limits: smallFiles },
      bob: { limits: { ...smallFiles, keepFreeDiskBytes: 1000 } },
    });
    bob.blobs.free = 999;
    const id = await sendFile(alice, 'bob', content);
    await eventually([bob], async () => (await fileOf(bob, id))?.reason === 'STORE_FULL');
    expect(storedData(bob)).toEqual([]);
    bob.blobs.free = 1000;
    await fileArrives(alice, bob, id);
  });

  test('of the database of the receiver makes it wait too', async () => {
    const [alice, bob] = await friends();
    const refused = bob.store.refuse(writing('files.putChunks'), { times: 3 });
    const id = await sendFile(alice, 'bob', content);
    await refused;
    await checkEnd(alice, bob, id);
  });

  test('when the end of the file is to be stored delays that end', async () => {
    const [alice, bob] = await friends();
    const refused = bob.store.refuse(writing('files.finish'), { times: 2 });
    const id = await sendFile(alice, 'bob', content);
    await refused;
    await checkEnd(alice, bob, id);
  });

  test('of the sender refuses what is handed over, and nothing of it stays', async () => {
    const [alice, bob] = await friends();
    const { upload } = await alice.api.upload({}, { signal });
    await alice.api.uploadPart({ upload, offset: 0, bytes: contentOf(900) }, { signal });
    alice.blobs.isFull = true;
    const parts = async (): Promise<void> => {
      for (let offset = 900; offset < 9000; offset += 900)
        await alice.api.uploadPart({ upload, offset, bytes: contentOf(900) }, { signal });
    };
    expect(await codeOfRejection(parts())).toBe('STORE_FULL');
    expect(storedData(alice)).toEqual([]);
    expect(await codeOfRejection(alice.api.uploadPart({ upload, offset: 0, bytes: contentOf(1) }, { signal }))).toBe(
      'NOT_FOUND',
    );
    alice.blobs.isFull = false;
    const id = await sendFile(alice, 'bob', content);
    await fileReaches([alice, bob], { at: bob, id, state: 'complete' });
  });

  test('of the database of the sender keeps a message with a file from being accepted', async () => {
    const [alice, bob] = await friends();
    const files = [await handOver(alice, content)];
    void alice.store.refuse(writing('files.insert'));
    expect(await codeOfRejection(alice.api.send({ to: 'bob', text: 'x', files }, { signal }))).toBe('STORE_FULL');
    expect([storedData(alice), (await alice.api.files({}, { signal })).files]).toEqual([[], []]);
    await stillTalk(alice, bob);
  });
});
