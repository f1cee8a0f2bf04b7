import { agentIdOf } from '#identity';
import { concatBytes, encodeCbor, toHex, toUtf8 } from '#kernel';
import { type BackupFile, type BackupManifest, packArchive, PassphraseKeys, sealStream } from '#backup';
import { alice, now, type VectorFile } from './seeds.ts';
import { counting, refusedWith } from './wire-values.ts';

const passphrase = 'correct horse battery staple';
const salt = counting(16);
const keys = new PassphraseKeys(passphrase);
const { payload } = await keys.forSalt(salt);
const random = { bytes: () => salt, fraction: () => 0 };

const manifest: BackupManifest = {
  v: 1,
  createdAt: now,
  software: 'agent-mesh/0.1.0',
  agents: [{ name: 'alice', agentId: agentIdOf(alice.publicKey) }],
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return concatBytes(...parts);
}

const fileOf = (name: string, bytes: Uint8Array): BackupFile => ({
  name,
  size: bytes.length,
  content: () => once(bytes),
});
const seal = (contents: Uint8Array): Promise<Uint8Array> => collect(sealStream(once(contents), { keys, random }));

const files = [
  fileOf('identity.json', toUtf8('{}\n')),
  fileOf('agents/bob/private_key.pem', counting(40)),
  fileOf('empty', toUtf8('')),
];
const contents = await collect(packArchive(manifest, files));
const sealed = await seal(contents);
const headerBytes = 35;

const record = (value: object): Uint8Array => {
  const bytes = encodeCbor(value);
  return concatBytes(Uint8Array.of(0, 0, 0, bytes.length), bytes);
};
const made = async (name: string, ...parts: readonly Uint8Array[]) => ({
  name,
  passphrase,
  encoded: toHex(await seal(concatBytes(...parts))),
});
const bent = (name: string, encoded: Uint8Array) => ({ name, passphrase, encoded: toHex(encoded) });
const changed = (at: number): Uint8Array => sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));

const start = record(manifest);
const end = (count: number): Uint8Array => record({ end: true, files: count });
const hello = concatBytes(record({ name: 'a', size: 2 }), toUtf8('hi'));

export const backupVectors: VectorFile = {
  spec: 'spec/09-backups.md 9.2, 9.3',
  description: 'Whole backup files with their passphrase; `contents` is what the chunks hold, `payloadKey` seals them.',
  valid: [
    {
      ...bent('an agent with three files', sealed),
      salt: toHex(salt),
      payloadKey: toHex(payload),
      contents: toHex(contents),
      manifest,
      files: { 'identity.json': toHex(toUtf8('{}\n')), 'agents/bob/private_key.pem': toHex(counting(40)), empty: '' },
    },
    {
      ...(await made('a manifest that tells more', record({ ...manifest, host: 'laptop' }), end(0))),
      manifest,
      files: {},
    },
  ],
  invalid: [
    ...refusedWith('PASSPHRASE_WRONG', [
      { ...bent('another passphrase', sealed), passphrase: 'correct horse battery stapl' },
      bent('another salt', changed(20)),
      bent('another check', changed(headerBytes)),
    ]),
    ...refusedWith('UNSUPPORTED_VERSION', [
      bent(
        'version 2',
        sealed.map((byte, index) => (index === 18 ? 2 : byte)),
      ),
      await made('contents of version 2', record({ ...manifest, v: 2 }), end(0)),
    ]),
    ...refusedWith('BACKUP_DAMAGED', [
      bent('empty', new Uint8Array()),
      bent('another beginning', changed(0)),
      bent('cut off in the header', sealed.subarray(0, 60)),
      bent('nothing behind the header', sealed.subarray(0, 67)),
      bent('cut off by one byte', sealed.subarray(0, -1)),
      bent('one byte too many', concatBytes(sealed, Uint8Array.of(0))),
      bent('one bit of the contents changed', changed(100)),
      bent('one bit of the tag changed', changed(sealed.length - 1)),
      await made('no end', start, hello),
      await made('an end that counts wrongly', start, hello, end(2)),
      await made('something behind the end', start, end(0), Uint8Array.of(0)),
      await made('a file that is shorter than it says', start, record({ name: 'a', size: 9 }), toUtf8('hi')),
      await made('a name that leads out of the folder', start, record({ name: '../a', size: 0 }), end(1)),
      await made('an absolute name', start, record({ name: '/etc/passwd', size: 0 }), end(1)),
      await made('a hidden name', start, record({ name: '.ssh/config', size: 0 }), end(1)),
      await made('a name twice', start, record({ name: 'a', size: 0 }), record({ name: 'A', size: 0 }), end(2)),
      await made('no agent', record({ ...manifest, agents: [] }), end(0)),
      await made('no manifest', hello, end(1)),
    ]),
  ],
};
