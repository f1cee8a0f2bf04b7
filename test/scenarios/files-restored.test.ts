import { appendFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkBackup, makeBackup } from '#node';
import { Backups } from '../support/backups.ts';
import { writing } from '../support/faulty-store.ts';
import {
  blobBytesFrom,
  contentOf,
  fileArrives,
  fileOf,
  fileReaches,
  readAll,
  sendFile,
  smallFiles,
  storedData,
} from '../support/file-story.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory } from '../support/memory-story.ts';
import { stillTalk, until } from '../support/story.ts';

let story = new MemoryStory();
let backups = new Backups();
let aside: string[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  backups[Symbol.dispose]();
  for (const path of aside) rmSync(path, { recursive: true, force: true });
  [story, backups, aside] = [new MemoryStory(), new Backups(), []];
});

const size = 30_000;
const sealedSize = size + 30 * 16;
const content = contentOf(size);

const friends = (): Promise<readonly [MemoryNode, MemoryNode]> =>
  story.friends({ alice: { limits: smallFiles }, bob: { limits: smallFiles } });

/** The machine is lost, and another one takes its place with what was backed up. */
async function comesBack(node: MemoryNode, file: string): Promise<void> {
  node.crash();
  const { setAside } = await backups.restore(file, node.dir);
  if (setAside !== undefined) aside.push(setAside);
  await node.up();
}

/** Bob has the beginning of the file, and his machine is down. */
async function halfWay(alice: MemoryNode, bob: MemoryNode): Promise<string> {
  const crashed = bob.store.crashAfter(writing('files.putChunks'));
  const id = await sendFile(alice, 'bob', content);
  await crashed;
  await until(() => !bob.isUp);
  return id;
}

describe('a receiver that is restored', () => {
  test('goes on with a file where the backup has it', async () => {
    const [alice, bob] = await friends();
    const id = await halfWay(alice, bob);
    await comesBack(bob, await backups.make(bob.dir));
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
    expect(blobBytesFrom(story.wire, 'alice')).toBeLessThanOrEqual(
      sealedSize + smallFiles.maxBlobWindowBytes + 2 * 1016,
    );
  });

  test('has the files that it had', async () => {
    const [alice, bob] = await friends();
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    await comesBack(bob, await backups.make(bob.dir));
    expect(await readAll(bob, id)).toEqual(content);
  });

  test('says plainly that a file is gone which the lost machine had whole, and the sender does not keep any more', async () => {
    const [alice, bob] = await friends();
    const id = await halfWay(alice, bob);
    const file = await backups.make(bob.dir);
    await bob.up();
    await fileArrives(alice, bob, id);
    await until(() => storedData(alice).length === 0);
    await comesBack(bob, file);
    await fileReaches([alice, bob], { at: bob, id, state: 'failed' });
    expect(await fileOf(bob, id)).toMatchObject({ reason: 'FILE_GONE' });
    await until(() => storedData(bob).length === 0);
    await stillTalk(alice, bob);
  });
});

describe('a sender that is restored', () => {
  test('gives a file that waits for its receiver, although the original is long gone', async () => {
    const [alice, bob] = await friends();
    await bob.down();
    const id = await sendFile(alice, 'bob', content);
    await comesBack(alice, await backups.make(alice.dir));
    await bob.up();
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
  });

  test('hears again that a file is there which it believes to be on its way, and drops its copy again', async () => {
    const [alice, bob] = await friends();
    await bob.down();
    const id = await sendFile(alice, 'bob', content);
    const file = await backups.make(alice.dir);
    await bob.up();
    await fileArrives(alice, bob, id);
    await comesBack(alice, file);
    expect(storedData(alice)).toHaveLength(1);
    await fileReaches([alice, bob], { at: alice, id, state: 'complete' });
    await until(() => storedData(alice).length === 0);
    expect(blobBytesFrom(story.wire, 'alice')).toBe(sealedSize);
  });
});

describe('a backup of a node at work', () => {
  const passphrase = 'a passphrase for tests';

  async function withFile(): Promise<{ alice: MemoryNode; path: string; name: string }> {
    const [alice, bob] = await friends();
    await bob.down();
    await sendFile(alice, 'bob', content);
    const folder = join(alice.dir, 'files', 'alice');
    const [stored = ''] = readdirSync(folder);
    return { alice, path: join(folder, stored), name: `files/alice/${stored}` };
  }

  async function backUp(alice: MemoryNode, meanwhile: () => void) {
    const file = join(alice.dir, 'alice.backup');
    let told = false;
    const made = await makeBackup({
      stateDir: alice.dir,
      file,
      passphrase,
      force: false,
      onProgress: () => {
        if (!told) meanwhile();
        told = true;
      },
    });
    const { files } = await checkBackup({ file, passphrase });
    expect(files.map((one) => one.name)).toEqual(made.files);
    return files;
  }

  test('leaves out a file that nobody needs any more meanwhile', async () => {
    const { alice, path, name } = await withFile();
    const files = await backUp(alice, () => rmSync(path));
    expect(files.map((one) => one.name)).not.toContain(name);
    expect(files.map((one) => one.name)).toContain('mesh.db');
  });

  test('holds a file that grows meanwhile, as it was when its turn came', async () => {
    const { alice, path, name } = await withFile();
    const files = await backUp(alice, () => appendFileSync(path, 'more'));
    expect(files.find((one) => one.name === name)?.size).toBe(sealedSize + 4);
  });
});
