import { encodeCbor, toHex } from '#kernel';
import { decodeFrame, encodeFrame, type Frame, type FrameKind } from '#protocol';
import { day, type NamedCase, now, type VectorFile } from './seeds.ts';
import { aliceId, bobId, cborCase, counting, frameId, inHex, refusedWith, wrongEncodings } from './wire-values.ts';

const plain: Frame = {
  v: 1,
  id: frameId(1),
  kind: 'app',
  from: aliceId,
  to: bobId,
  createdAt: now,
  expiresAt: now + 7 * day,
  priority: 'normal',
  bytes: counting(32),
};

function valid(name: string, change: Partial<Frame>): NamedCase {
  const frame: Frame = { ...plain, ...change };
  const encoded = encodeFrame(frame);
  decodeFrame(encoded);
  return { name, encoded: toHex(encoded), frame: inHex(frame) };
}

const changed = (name: string, change: object): NamedCase => cborCase(name, { ...plain, ...change });
const kinds: readonly FrameKind[] = ['welcome', 'commit', 'request', 'accept', 'receipt', 'blob'];
const { kind: _kind, ...withoutKind } = plain;

export const frameVectors: VectorFile = {
  spec: 'spec/02-frames.md 2.1 to 2.6',
  description: 'Frames in CBOR.',
  valid: [
    valid('messages, sealed', {}),
    ...kinds.map((kind) => valid(`of kind ${kind}`, { kind })),
    valid('for the longest time, in a hurry', { priority: 'high', expiresAt: now + 30 * day }),
    valid('for one millisecond, from the beginning of time', { priority: 'low', createdAt: 0, expiresAt: 1 }),
  ],
  invalid: [
    ...refusedWith('UNSUPPORTED_VERSION', [
      changed('version 2', { v: 2 }),
      cborCase('version 2 with other keys', { v: 2, content: 1 }),
      changed('version 0', { v: 0 }),
    ]),
    ...refusedWith('MALFORMED', [
      ...wrongEncodings(toHex(encodeCbor(plain))),
      cborCase('a key is missing', withoutKind),
      changed('a key that is not known', { hops: 1 }),
      changed('a version that is text', { v: '1' }),
      changed('another kind', { kind: 'gossip' }),
      changed('an id with a path', { id: 'frm_../../x' }),
      changed('an id of a message', { id: plain.id.replace('frm', 'msg') }),
      changed('a sender that is no agent id', { from: 'alice' }),
      changed('a recipient that is a list', { to: [bobId] }),
      changed('ends when it begins', { expiresAt: now }),
      changed('ends before it begins', { expiresAt: now - 1 }),
      changed('a millisecond more than 30 days', { expiresAt: now + 30 * day + 1 }),
      changed('a time as text', { createdAt: String(now) }),
      changed('no content', { bytes: new Uint8Array() }),
      changed('content that is text', { bytes: 'sealed' }),
    ]),
  ],
};
