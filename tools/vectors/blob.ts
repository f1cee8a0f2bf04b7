import { concatBytes, toHex } from '#kernel';
import { BlobIdMaker, blobShape, chunkIdOf, chunkKeyOf, openChunk, sealChunk } from '#protocol';
import type { NamedCase, VectorFile } from './seeds.ts';
import { counting, refusedWith } from './wire-values.ts';

/** The only chunk size of the protocol is 1 MiB; the vectors are short, the rules the same. */
const chunkBytes = 16;
const blobKey = counting(32);
const key = chunkKeyOf(blobKey);

function valid(name: string, plain: Uint8Array): NamedCase {
  const { chunks, sealedBytes } = blobShape(plain.length, chunkBytes);
  const id = new BlobIdMaker();
  const sealed = Array.from({ length: chunks }, (_, no) => {
    const parts = sealChunk(
      key,
      { no, isLast: no === chunks - 1 },
      plain.subarray(no * chunkBytes, (no + 1) * chunkBytes),
    );
    const chunkId = chunkIdOf(parts);
    id.add(chunkId);
    return { bytes: concatBytes(...parts), chunkId };
  });
  return {
    name,
    chunkBytes,
    key: toHex(blobKey),
    chunkKey: toHex(key),
    plain: toHex(plain),
    sealed: sealed.map(({ bytes }) => toHex(bytes)),
    sealedBytes,
    chunkIds: sealed.map(({ chunkId }) => toHex(chunkId)),
    blob: toHex(id.end()),
  };
}

const [first, last] = [
  concatBytes(...sealChunk(key, { no: 0, isLast: false }, counting(chunkBytes))),
  concatBytes(...sealChunk(key, { no: 1, isLast: true }, counting(5))),
];

const chunk = (name: string, which: { no: number; isLast: boolean; key?: string }, sealed: Uint8Array): NamedCase => ({
  name,
  key: toHex(blobKey),
  ...which,
  sealed: toHex(sealed),
});

openChunk(key, { no: 0, isLast: false }, first);

export const blobVectors: VectorFile = {
  spec: 'spec/10-files.md 10.2, 10.3',
  description: 'Files as sealed chunks with their ids and addresses; then chunks that must not open.',
  valid: [
    valid('an empty file', counting(0)),
    valid('one byte', counting(1)),
    valid('exactly one chunk', counting(16)),
    valid('one byte more', counting(17)),
    valid('three chunks', counting(40)),
  ],
  invalid: refusedWith('FILE_DAMAGED', [
    chunk('the first chunk as the last: the file was cut', { no: 0, isLast: true }, first),
    chunk('the last chunk as another: something was added', { no: 1, isLast: false }, last),
    chunk('chunks exchanged', { no: 0, isLast: false }, last),
    chunk('the place of another chunk', { no: 2, isLast: true }, last),
    chunk('the key of another blob', { no: 0, isLast: false, key: toHex(counting(33).subarray(1)) }, first),
    chunk(
      'a byte changed',
      { no: 0, isLast: false },
      first.map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
    ),
    chunk(
      'the tag changed',
      { no: 0, isLast: false },
      first.map((byte, at) => (at === 31 ? byte ^ 1 : byte)),
    ),
    chunk('a byte missing', { no: 0, isLast: false }, first.subarray(0, -1)),
    chunk('a byte too many', { no: 0, isLast: false }, concatBytes(first, Uint8Array.of(0))),
    chunk('shorter than a tag', { no: 0, isLast: false }, first.subarray(0, 15)),
    chunk('empty', { no: 0, isLast: false }, first.subarray(0, 0)),
  ]),
};
