import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '#kernel';
import {
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
import { leave, MemoryStory } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, stillTalk, until } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const friends = (options: { alice?: Partial<Limits>; bob?: Partial<Limits> } = {}) =>
  story.friends({
    alice: { limits: { ...smallFiles, ...options.alice } },
    bob: { limits: { ...smallFiles, ...options.bob } },
  });

/** The message ends as refused at its sender, with the code, and nobody keeps anything of its file. */
async function isRefused(alice: MemoryNode, bob: MemoryNode, id: string, code: string): Promise<void> {
  await reaches([alice, bob], { from: alice, id, state: 'refused' });
  expect(await alice.api.track({ id }, { signal })).toMatchObject({ reason: code });
  await fileReaches([alice], { at: alice, id, state: 'failed' });
  expect(await fileOf(alice, id)).toMatchObject({ reason: code });
  await until(() => storedData(alice).length === 0);
  expect(storedData(bob)).toEqual([]);
}

describe('the room that a receiver has for files', () => {
  test('of one peer is not exceeded: the message is refused, which both ends see', async () => {
    const [alice, bob] = await friends({ bob: { maxFileBytesPerPeer: 5000 } });
    const refusals: unknown[] = [];
    const note = async (): Promise<void> => {
      for await (const event of bob.node.events.subscribe()) if (event.type === 'files-refused') refusals.push(event);
    };
    void note();
    const first = await sendFile(alice, 'bob', contentOf(3000));
    await fileArrives(alice, bob, first);
    const second = await sendFile(alice, 'bob', contentOf(2001));
    await isRefusedButFirst(alice, bob, second);
    expect(await inboxTexts(bob)).toEqual(['hello', 'a file']);
    expect(refusals).toMatchObject([{ message: second, bytes: 2001, reason: 'FILES_FULL' }]);
    const third = await sendFile(alice, 'bob', contentOf(2000));
    await fileArrives(alice, bob, third);
  });

  async function isRefusedButFirst(alice: MemoryNode, bob: MemoryNode, id: string): Promise<void> {
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    const { reason, steps } = await alice.api.track({ id }, { signal });
    expect([reason, steps.map(({ state }) => state)]).toEqual(['FILES_FULL', ['queued', 'sealed', 'sent', 'refused']]);
    await until(() => storedData(alice).length === 0);
    expect(storedData(bob)).toHaveLength(1);
  }

  test('of all together is not exceeded, and promised room counts before a byte is there', async () => {
    const [alice, bob] = await friends({ bob: { maxFileBytes: 5000 } });
    alice.blobs.holdReads();
    const first = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id: first, state: 'delivered' });
    const second = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id: second, state: 'refused' });
    alice.blobs.releaseReads();
    await fileArrives(alice, bob, first);
    expect(await readAll(bob, first)).toEqual(contentOf(3000));
  });

  test('is free again when its owner removes a file, and the message stays', async () => {
    const [alice, bob] = await friends({ bob: { maxFileBytes: 5000 } });
    const first = await sendFile(alice, 'bob', contentOf(5000));
    await fileArrives(alice, bob, first);
    expect((await bob.api.status({}, { signal })).warnings.map(({ code }) => code)).toContain('FILES_FULL');
    expect(await bob.api.removeFile({ id: first, index: 0 }, { signal })).toMatchObject({ state: 'removed' });
    expect(storedData(bob)).toEqual([]);
    expect((await bob.api.status({}, { signal })).warnings.map(({ code }) => code)).not.toContain('FILES_FULL');
    expect(await codeOfRejection(readAll(bob, first))).toBe('FILE_GONE');
    expect(await bob.api.message({ id: first }, { signal })).toMatchObject({ body: 'a file' });
    const second = await sendFile(alice, 'bob', contentOf(5000));
    await fileArrives(alice, bob, second);
  });

  test('is not freed by a file that is still on its way', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(5000));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await codeOfRejection(bob.api.removeFile({ id, index: 0 }, { signal }))).toBe('WRONG_STATE');
    alice.blobs.releaseReads();
    await fileArrives(alice, bob, id);
  });
});

describe('the room that a sender has for files', () => {
  test('is not exceeded by what is handed over', async () => {
    const [alice] = await friends({ alice: { maxFileBytes: 5000 } });
    const { upload } = await alice.api.upload({}, { signal });
    const part = (offset: number, size: number) =>
      alice.api.uploadPart({ upload, offset, bytes: contentOf(size) }, { signal });
    await part(0, 4999);
    expect(await codeOfRejection(part(4999, 2))).toBe('FILES_FULL');
    expect(storedData(alice)).toEqual([]);
  });

  test('is not exceeded by several files that were handed over before any of them was sent', async () => {
    const [alice] = await friends({ alice: { maxFileBytes: 5000 } });
    const files = [await handOver(alice, contentOf(3000)), await handOver(alice, contentOf(3000))];
    expect(await codeOfRejection(alice.api.send({ to: 'bob', text: 'x', files }, { signal }))).toBe('FILES_FULL');
    expect(storedData(alice)).toEqual([]);
  });

  test('for one peer is not exceeded by what waits for it', async () => {
    const [alice, bob] = await friends({ alice: { maxFileBytesPerPeer: 5000 } });
    await leave(bob, alice);
    const first = await sendFile(alice, 'bob', contentOf(3000));
    const files = [await handOver(alice, contentOf(3000))];
    const second = alice.api.send({ to: 'bob', text: 'x', files }, { signal });
    expect(await codeOfRejection(second)).toBe('FILES_FULL');
    expect(storedData(alice)).toHaveLength(1);
    await bob.up();
    await fileArrives(alice, bob, first);
  });
});

describe('what a receiver permits', () => {
  test('bounds the files of a peer by their size; smaller ones pass', async () => {
    const [alice, bob] = await friends();
    await bob.api.setTier({ contact: 'alice', tier: 'trusted', maxAttachmentBytes: 3000 }, { signal });
    const large = await sendFile(alice, 'bob', contentOf(3001));
    await isRefused(alice, bob, large, 'ATTACHMENT_TOO_LARGE');
    const small = await sendFile(alice, 'bob', contentOf(3000));
    await fileArrives(alice, bob, small);
    expect(await readAll(bob, small)).toEqual(contentOf(3000));
  });

  test('is asked also when it is less than an inline attachment could have', async () => {
    const [alice, bob] = await friends();
    await bob.api.setTier({ contact: 'alice', tier: 'trusted', maxAttachmentBytes: 10 }, { signal });
    const inside = { name: 'i', mediaType: 'a/b', base64: Buffer.from('123456').toString('base64') };
    const files = [await handOver(alice, contentOf(5))];
    const { id } = await alice.api.send({ to: 'bob', text: 'x', attachments: [inside], files }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect(await alice.api.track({ id }, { signal })).toMatchObject({ reason: 'ATTACHMENT_TOO_LARGE' });
  });
});

describe('a peer with older software', () => {
  const older = () => story.friends({ alice: { limits: smallFiles }, bob: { limits: smallFiles, linkVersions: [1] } });

  test('gets no message with a file: its sender is told at once, and the others pass', async () => {
    const [alice, bob] = await older();
    const files = [await handOver(alice, contentOf(3000))];
    const sending = alice.api.send({ to: 'bob', text: 'x', files }, { signal });
    expect(await codeOfRejection(sending)).toBe('PEER_TOO_OLD');
    expect(storedData(alice)).toEqual([]);
    const dry = alice.api.send(
      { to: 'bob', text: 'x', dryRun: true, files: [{ name: 'f', mediaType: 'a/b', size: 1 }] },
      { signal },
    );
    expect(await codeOfRejection(dry)).toBe('PEER_TOO_OLD');
    await stillTalk(alice, bob);
  });

  test('that was away when the message was accepted makes it refused, and what waits beside it passes', async () => {
    const [alice, bob] = await older();
    await leave(bob, alice);
    const id = await sendFile(alice, 'bob', contentOf(3000));
    const { id: other } = await alice.api.send({ to: 'bob', text: 'plain' }, { signal });
    await bob.up();
    await reaches([alice, bob], { from: alice, id: other, state: 'delivered' });
    await isRefused(alice, bob, id, 'PEER_TOO_OLD');
    expect(await inboxTexts(bob)).toEqual(['hello', 'plain']);
  });

  test('that is the sender of files of an earlier time is waited for', async () => {
    const alice = await story.start('alice', { limits: smallFiles });
    const bob = await story.start('bob', { limits: smallFiles });
    const { invite } = await alice.api.invite({ tier: 'trusted' }, { signal });
    await bob.api.join({ invite, tier: 'trusted' }, { signal });
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    alice.crash();
    alice.linkVersions = [1];
    await alice.up();
    await eventually([alice, bob], async () => (await fileOf(bob, id))?.reason === 'PEER_TOO_OLD');
    await alice.down();
    alice.linkVersions = undefined;
    await alice.up();
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(contentOf(3000));
  });
});
