import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { concatBytes } from '#kernel';
import { Agent, type ReceivedFile } from '#node';
import { failure } from '../support/failure.ts';
import { contentOf } from '../support/file-story.ts';

let dir: string;
const agents: Agent[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-library-'));
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  rmSync(dir, { recursive: true, force: true });
});

async function pairOfAgents(): Promise<readonly [Agent, Agent]> {
  const open = async (name: string): Promise<Agent> => {
    const agent = await Agent.open({ name, stateDir: join(dir, name) });
    agents.push(agent);
    return agent;
  };
  const [alice, bob] = [await open('alice'), await open('bob')];
  const { invite } = await alice.invite({ tier: 'trusted' });
  await bob.join(invite, { tier: 'trusted' });
  return [alice, bob];
}

/** The files of the next message that Bob gets, as long as his handler runs. */
function received(bob: Agent, use: (files: readonly ReceivedFile[]) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    bob.onMessage(async ({ files }) => {
      if (files.length === 0) return;
      await use(files).then(resolve, reject);
    });
  });
}

async function bytesOf(file: ReceivedFile | undefined): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of file?.stream() ?? []) parts.push(part);
  return concatBytes(...parts);
}

const large = contentOf(2_500_000, 1);

describe('a program that uses the library', () => {
  test('sends files by path and as streams, small and large, and the other reads them in its handler', async () => {
    const [alice, bob] = await pairOfAgents();
    const path = join(dir, 'large.bin');
    writeFileSync(path, large);
    writeFileSync(join(dir, 'small.txt'), 'small');
    const seen: unknown[] = [];
    const done = received(bob, async (files) => {
      seen.push(...files.map(({ name, mediaType, size }) => [name, mediaType, size]));
      expect(Buffer.from(await bytesOf(files[0])).toString()).toBe('small');
      expect(Buffer.compare(await bytesOf(files[1]), large)).toBe(0);
      expect(Buffer.from(await bytesOf(files[2])).toString()).toBe('one two');
    });
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    };
    await alice.send('bob', {
      text: 'three files',
      files: [{ path: join(dir, 'small.txt'), mediaType: 'text/plain' }, { path }, { stream: stream(), name: 's' }],
    });
    // The node has its own copy.
    rmSync(path);
    await done;
    expect(seen).toEqual([
      ['small.txt', 'text/plain', 5],
      ['large.bin', 'application/octet-stream', large.length],
      ['s', 'application/octet-stream', 7],
    ]);
  });

  test('saves a file where it says, never over another, and nothing of one that is damaged', async () => {
    const [alice, bob] = await pairOfAgents();
    const done = received(bob, async ([file]) => {
      await file?.saveTo(join(dir, 'saved'));
      expect(Buffer.compare(readFileSync(join(dir, 'saved')), large)).toBe(0);
      expect((await failure(file?.saveTo(join(dir, 'saved')) ?? Promise.resolve())).code).toBe('INVALID_ARGUMENT');
      const [row] = (await bob.operations.files({}, { signal: new AbortController().signal })).files;
      expect(row).toMatchObject({ state: 'complete', size: large.length });
    });
    await alice.send('bob', { text: 'x', files: [{ stream: [large], name: '../../evil' }] });
    await done;
    expect(existsSync(join(dir, '..', '..', 'evil'))).toBe(false);
  });

  test('is told when a file cannot be read, and nothing of what was handed over before stays', async () => {
    const [alice] = await pairOfAgents();
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(100_000);
      throw new Error('the source broke');
    };
    const files = [
      { stream: [large], name: 'whole' },
      { stream: broken(), name: 'broken' },
    ];
    await expect(alice.send('bob', { text: 'x', files })).rejects.toThrow('the source broke');
    const nowhere = alice.send('bob', { text: 'x', files: [{ path: join(dir, 'nowhere') }] });
    expect((await failure(nowhere)).code).toBe('NOT_FOUND');
    const { kept, files: known } = await alice.operations.files({}, { signal: new AbortController().signal });
    expect([kept.out, known]).toEqual([0, []]);
  });
});
