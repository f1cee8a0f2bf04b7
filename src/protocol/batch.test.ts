import { describe, expect, it } from 'vitest';
import { defaultLimits, encodeCbor } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { messageTo, party } from '../../test/support/trust-fixtures.ts';
import {
  type Batch,
  checkMessage,
  decodeBatch,
  encodeBatch,
  encodeFrame,
  encodeMessage,
  type Frame,
  maxBatchPlaintextBytes,
  maxEncodedMessageBytes,
  type Receipt,
} from './index.ts';

const empty: Batch = { messages: [], receipts: [], keyPackages: [] };
const holding = (bytes: number): Batch => ({ ...empty, messages: [new Uint8Array(bytes)] });
const largest = maxBatchPlaintextBytes(defaultLimits);
const at = 1_767_225_600_000;
const delivered: Receipt = { kind: 'delivered', frameId: 'frm_01900000-0000-7000-8000-000000000001', at };

/** What a batch with one message of the size has beside the message. */
const overhead = 4 + encodeCbor(holding(100_000)).length - 100_000;

describe('the padding of a batch', () => {
  it.each([
    [0, 256],
    [100, 256],
    [300, 1024],
    [2000, 4096],
    [10_000, 16_384],
    [20_000, 65_536],
    [65_536, largest],
    [largest - overhead, largest],
  ])('takes one with %i bytes of message to %i', (size, padded) => {
    expect(encodeBatch(size === 0 ? empty : holding(size))).toHaveLength(padded);
  });

  it('is the same for every size within a bucket', () => {
    const sizes = Array.from({ length: 150 }, (_, size) => encodeBatch(holding(size + 1)).length);
    expect(new Set(sizes)).toEqual(new Set([256]));
  });

  it('must be zero and reach exactly to the bucket', () => {
    const padded = encodeBatch(holding(10));
    const last = Uint8Array.from(padded);
    last[255] = 1;
    expect(codeThrownBy(() => decodeBatch(last))).toBe('MALFORMED');
    expect(codeThrownBy(() => decodeBatch(padded.subarray(0, 255)))).toBe('MALFORMED');
    expect(codeThrownBy(() => decodeBatch(Uint8Array.of(...padded, 0)))).toBe('MALFORMED');
    expect(codeThrownBy(() => decodeBatch(Uint8Array.of(...padded, ...new Uint8Array(768))))).toBe('MALFORMED');
    expect(decodeBatch(padded).messages).toHaveLength(1);
  });

  it('hides no length that goes beyond the end', () => {
    const padded = encodeBatch(empty);
    padded.fill(0xff, 0, 4);
    expect(codeThrownBy(() => decodeBatch(padded))).toBe('MALFORMED');
  });
});

describe('the size of a batch', () => {
  it('leaves room for the frame around it', () => {
    const frame: Frame = {
      v: 1,
      id: delivered.frameId,
      kind: 'app',
      from: party(1).agentId,
      to: party(2).agentId,
      createdAt: at,
      expiresAt: at + 1000,
      priority: 'normal',
      // The session adds at most half of the room that is left for it and the frame.
      bytes: new Uint8Array(largest + 512),
    };
    expect(encodeFrame(frame).length).toBeLessThanOrEqual(defaultLimits.maxFrameBytes);
  });

  it('holds a message with a file of 64 KB', () => {
    const bytes = new Uint8Array(65_536).fill(7);
    const message = {
      ...messageTo(party(2).agentId, party(1).agentId),
      payload: { body: 'x'.repeat(4096), attachments: [{ kind: 'inline', name: 'a.bin', mediaType: 'a/b', bytes }] },
    } as const;
    const encoded = encodeMessage(checkMessage(message));
    expect(decodeBatch(encodeBatch({ ...empty, messages: [encoded] })).messages).toEqual([encoded]);
  });

  it('holds the largest message together with the largest key package and 64 receipts', () => {
    const batch: Batch = {
      messages: [new Uint8Array(maxEncodedMessageBytes(defaultLimits))],
      receipts: Array.from({ length: defaultLimits.maxReceiptsPerFrame }, () => delivered),
      keyPackages: [new Uint8Array(defaultLimits.maxKeyPackageBytes)],
    };
    expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
  });

  const { leaseBatch, maxBatchBytes, maxBatchBytesWithKeyPackage, maxKeyPackageBytes } = defaultLimits;
  const full = (bytes: number): readonly Uint8Array[] =>
    Array.from({ length: leaseBatch }, () => new Uint8Array(bytes / leaseBatch));
  const seen = (ids: number): Receipt => ({
    kind: 'seen',
    messageIds: Array.from({ length: ids }, () => messageTo(party(2).agentId, party(1).agentId).id),
    at,
  });
  const { maxReceiptsPerFrame: most, maxReceiptIdsPerFrame: mostIds } = defaultLimits;
  /** As many as a sender takes, with as many ids as they may have together. */
  const receipts: readonly Receipt[] = Array.from({ length: most }, () => seen(mostIds / most));

  it('is that of its padding when as many messages are in it as a sender takes', () => {
    expect(encodeBatch({ ...empty, messages: full(maxBatchBytes) })).toHaveLength(65_536);
  });

  it('holds as many messages as a sender takes together with as many receipts', () => {
    const batch = { ...empty, messages: full(maxBatchBytes), receipts };
    expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
  });

  it('holds as many messages as a sender takes beside a key package, with as many receipts', () => {
    const keyPackages = [new Uint8Array(maxKeyPackageBytes)];
    const batch = { messages: full(maxBatchBytesWithKeyPackage), receipts, keyPackages };
    expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
  });

  it('is refused beyond what fits in a frame, on both sides', () => {
    expect(codeThrownBy(() => encodeBatch(holding(largest - overhead + 1)))).toBe('FRAME_TOO_LARGE');
    expect(codeThrownBy(() => decodeBatch(new Uint8Array(largest + 1)))).toBe('FRAME_TOO_LARGE');
  });
});

describe('the content of a batch', () => {
  it.each<[string, object]>([
    ['65 receipts', { ...empty, receipts: Array.from({ length: 65 }, () => delivered) }],
    ['five key packages', { ...empty, keyPackages: Array.from({ length: 5 }, () => new Uint8Array(1)) }],
    ['a key package of more than 16 KB', { ...empty, keyPackages: [new Uint8Array(16_385)] }],
    ['an empty message', { ...empty, messages: [new Uint8Array()] }],
    ['a message that is not bytes', { ...empty, messages: ['x'] }],
    ['a receipt of another kind', { ...empty, receipts: [{ ...delivered, kind: 'read' }] }],
    ['a receipt for nothing', { ...empty, receipts: [{ kind: 'seen', messageIds: [], at }] }],
  ])('is refused with %s', (_what, content) => {
    expect(codeThrownBy(() => decodeBatch(encodeBatch(content as Batch)))).toBe('MALFORMED');
  });

  it('reads an error code of a newer peer as INTERNAL', () => {
    const messageId = 'msg_01900000-0000-7000-8000-000000000001';
    const refusal = { kind: 'refused', messageId, code: 'NOT_INVENTED_YET', at };
    const [receipt] = decodeBatch(encodeBatch({ ...empty, receipts: [refusal as never] })).receipts;
    expect(receipt).toEqual({ ...refusal, code: 'INTERNAL' });
  });
});
