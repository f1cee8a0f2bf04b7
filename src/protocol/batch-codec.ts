import { defaultLimits, encodeCbor, equalBytes, type Limits, MeshError } from '#kernel';
import type { Batch } from './batch.ts';
import { FieldReader, type Form } from './field-reader.ts';
import { readReceipt } from './receipt-codec.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

export type BatchLimits = Pick<
  Limits,
  'maxFrameBytes' | 'maxReceiptsPerFrame' | 'maxMessagesPerReceipt' | 'maxKeyPackageBytes'
>;

/** Room for the session's and the frame's own bytes around a batch (spec §3.8). */
const overheadBytes = 1024;
const lengthBytes = 4;
const maxKeyPackages = 4;
const buckets = [256, 1024, 4096, 16_384, 65_536];

const form: Form = { name: 'batch', required: ['messages', 'receipts', 'keyPackages'] };

/** The largest padded batch whose sealed frame keeps to `maxFrameBytes`. */
export const maxBatchPlaintextBytes = (limits: Pick<Limits, 'maxFrameBytes'>): number =>
  limits.maxFrameBytes - overheadBytes;

/**
 * Length, CBOR map, zeros up to the next bucket (spec §3.8): the size tells little about the text. Throws
 * FRAME_TOO_LARGE.
 */
export function encodeBatch(batch: Batch, limits: BatchLimits = defaultLimits): Uint8Array {
  const { messages, receipts, keyPackages } = batch;
  const content = encodeCbor({ messages, receipts, keyPackages });
  const padded = new Uint8Array(paddedSize(lengthBytes + content.length, limits));
  new DataView(padded.buffer).setUint32(0, content.length);
  padded.set(content, lengthBytes);
  return padded;
}

function paddedSize(size: number, limits: BatchLimits): number {
  const max = maxBatchPlaintextBytes(limits);
  const bucket = buckets.find((bytes) => size <= bytes && bytes <= max) ?? max;
  if (size <= bucket) return bucket;
  throw new MeshError('FRAME_TOO_LARGE', `A batch of ${size} bytes exceeds the ${max} that fit in one frame`);
}

/** Throws FRAME_TOO_LARGE and MALFORMED. The messages inside are for `decodeMessage`. */
export function decodeBatch(plaintext: Uint8Array, limits: BatchLimits = defaultLimits): Batch {
  const max = maxBatchPlaintextBytes(limits);
  if (plaintext.length > max) {
    throw new MeshError(
      'FRAME_TOO_LARGE',
      `A batch of ${plaintext.length} bytes exceeds the ${max} that fit in one frame`,
    );
  }
  const fields = new FieldReader(decodeStrictCbor(contentOf(plaintext, limits)), form);
  return {
    messages: fields.bytesList('messages', { max, maxBytes: max }),
    receipts: fields.list('receipts', limits.maxReceiptsPerFrame, (entry) => readReceipt(entry, limits)),
    keyPackages: fields.bytesList('keyPackages', { max: maxKeyPackages, maxBytes: limits.maxKeyPackageBytes }),
  };
}

function contentOf(plaintext: Uint8Array, limits: BatchLimits): Uint8Array {
  if (plaintext.length < lengthBytes) throw new MeshError('MALFORMED', 'The batch is cut off');
  const length = new DataView(plaintext.buffer, plaintext.byteOffset, lengthBytes).getUint32(0);
  const end = lengthBytes + length;
  if (end > plaintext.length) throw new MeshError('MALFORMED', 'The batch is cut off');
  if (plaintext.length !== paddedSize(end, limits)) {
    throw new MeshError('MALFORMED', `A batch of ${end} bytes is not padded to ${plaintext.length}`);
  }
  // Anything hidden in the padding would be sealed and delivered, yet seen by nobody.
  const padding = plaintext.subarray(end);
  if (!equalBytes(padding, new Uint8Array(padding.length))) {
    throw new MeshError('MALFORMED', 'The padding of the batch is not zero');
  }
  return plaintext.subarray(lengthBytes, end);
}
