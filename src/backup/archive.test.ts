import { describe, expect, it } from 'vitest';
import { codeOf, concatBytes, encodeCbor, toUtf8 } from '#kernel';
import { agentIdOf, keyPairFromSeed } from '#identity';
import { collect, pieces } from '../../test/support/byte-streams.ts';
import { type BackupFile, type BackupManifest, packArchive, unpackArchive } from './index.ts';

const agentId = agentIdOf(keyPairFromSeed(new Uint8Array(32).fill(1)).publicKey);
const manifest: BackupManifest = { v: 1, createdAt: 5, software: 'agent-mesh/1', agents: [{ name: 'alice', agentId }] };

const file = (name: string, text: string, size = toUtf8(text).length): BackupFile => ({
  name,
  size,
  async *content() {
    const bytes = toUtf8(text);
    for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
  },
});

const inPieces = (bytes: Uint8Array): AsyncGenerator<Uint8Array> => pieces(bytes, 5);

const record = (value: unknown): Uint8Array => {
  const bytes = encodeCbor(value);
  return concatBytes(Uint8Array.of(0, 0, 0, bytes.length), bytes);
};

async function unpack(bytes: Uint8Array): Promise<{ manifest: BackupManifest; files: Record<string, string> }> {
  const files: Record<string, string> = {};
  const read = await unpackArchive(inPieces(bytes), async ({ name }, content) => {
    files[name] = Buffer.from(await collect(content)).toString();
  });
  return { manifest: read, files };
}

const codeOfUnpacking = (...parts: readonly Uint8Array[]): Promise<string> =>
  unpack(concatBytes(...parts)).then(() => 'read', codeOf);

const start = record(manifest);
const end = (files: number): Uint8Array => record({ end: true, files });

describe('the contents of a backup', () => {
  it('come out as they went in, an empty file included', async () => {
    const packed = await collect(
      packArchive(manifest, [file('mesh.db', 'rows'), file('agents/bob/identity.json', '')]),
    );
    expect(await unpack(packed)).toEqual({ manifest, files: { 'mesh.db': 'rows', 'agents/bob/identity.json': '' } });
  });

  it('can be looked at without reading every file', async () => {
    const packed = await collect(packArchive(manifest, [file('a', 'a long text'), file('b', 'x'), file('c', 'y')]));
    const names: string[] = [];
    await unpackArchive(inPieces(packed), async ({ name }, content) => {
      names.push(name);
      for await (const _part of content) if (name === 'a') break;
    });
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('are not made of a file that grows or shrinks meanwhile', async () => {
    for (const size of [3, 5]) {
      const packing = collect(packArchive(manifest, [file('mesh.toml', 'four', size)]));
      await expect(packing).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('changed') });
    }
  });

  it.each([
    '../up',
    '/etc/passwd',
    'a//b',
    'a/../b',
    '.hidden',
    'C:\\x',
    'a\\b',
    'nul\0',
    '',
    'a/',
    'a.',
    'x'.repeat(200),
    `${'a/'.repeat(8)}a`,
  ])('name no place outside the folder: %j', async (name) => {
    expect(await codeOfUnpacking(start, record({ name, size: 0 }), end(1))).toBe('BACKUP_DAMAGED');
  });

  it('are refused unless they are whole', async () => {
    const one = concatBytes(record({ name: 'a', size: 2 }), toUtf8('hi'));
    expect(await codeOfUnpacking(start, one, end(1))).toBe('read');
    for (const parts of [
      [start],
      [start, one],
      [start, one, end(0)],
      [start, one, end(2)],
      [start, one, one, end(2)],
      [start, one, end(1), Uint8Array.of(0)],
      [start, record({ name: 'a', size: 9 }), toUtf8('hi'), end(1)],
      [start, record({ name: 'a', size: -1 }), end(1)],
      [start, record({ name: 'a' }), end(1)],
      [start, record([]), end(1)],
      [start, Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
      [start, Uint8Array.of(0, 0, 0, 1, 0xff)],
      [one, end(1)],
      [record({ ...manifest, agents: [] }), end(0)],
      [record({ ...manifest, agents: [{ name: '../x', agentId }] }), end(0)],
      [record({ ...manifest, createdAt: 'today' }), end(0)],
    ]) {
      expect(await codeOfUnpacking(...parts)).toBe('BACKUP_DAMAGED');
    }
  });

  it('of a newer program are told from damaged ones, and its further facts are no harm', async () => {
    expect(await codeOfUnpacking(record({ ...manifest, v: 2 }), end(0))).toBe('UNSUPPORTED_VERSION');
    const { manifest: read } = await unpack(concatBytes(record({ ...manifest, host: 'laptop' }), end(0)));
    expect(read).toEqual(manifest);
  });
});
