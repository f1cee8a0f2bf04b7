import { concatBytes, encodeCbor, toHex } from '#kernel';
import {
  type Batch,
  decodeBatch,
  decodeReceipt,
  encodeBatch,
  encodeMessage,
  encodeReceipt,
  type Receipt,
} from '#protocol';
import { type NamedCase, now, type VectorFile } from './seeds.ts';
import {
  cborCase,
  counting,
  frameId,
  hexCase,
  inHex,
  messageId,
  plainMessage,
  refusedWith,
  wrongEncodings,
} from './wire-values.ts';

const delivered: Receipt = { kind: 'delivered', frameId: frameId(1), at: now };
const receipts: readonly Receipt[] = [
  delivered,
  { kind: 'seen', messageIds: [messageId(1), messageId(2)], at: now + 1 },
  { kind: 'answered', messageId: messageId(1), answerId: messageId(3), at: now + 2 },
  { kind: 'refused', messageId: messageId(4), code: 'NOT_PERMITTED', at: now + 3 },
  { kind: 'files', messageId: messageId(5), at: now + 4 },
];

function validReceipt(receipt: Receipt): NamedCase {
  const encoded = encodeReceipt(receipt);
  decodeReceipt(encoded);
  return { name: receipt.kind, encoded: toHex(encoded), receipt };
}

const [, seen, answered, refused] = receipts;
const changed = (name: string, receipt: object | undefined, change: object): NamedCase =>
  cborCase(name, { ...receipt, ...change });

export const receiptVectors: VectorFile = {
  spec: 'spec/03-messages.md 3.9, spec/07-errors.md 7.2',
  description: 'Receipts in CBOR.',
  valid: [
    ...receipts.map(validReceipt),
    {
      ...changed('a code that is not known reads as INTERNAL', refused, { code: 'NOT_INVENTED_YET' }),
      receipt: { ...refused, code: 'INTERNAL' },
      oneWay: true,
    },
  ],
  invalid: refusedWith('MALFORMED', [
    ...wrongEncodings(toHex(encodeCbor(delivered))),
    changed('another kind', delivered, { kind: 'read' }),
    changed('no kind', delivered, { kind: null }),
    changed('a key that is not known', delivered, { by: 'bob' }),
    changed('files of a frame', receipts[4], { messageId: frameId(1) }),
    changed('a key of another kind', answered, { frameId: frameId(1) }),
    changed('an id of a message for that of a frame', delivered, { frameId: messageId(1) }),
    changed('an id with a path', answered, { answerId: 'msg_../x' }),
    changed('seen nothing', seen, { messageIds: [] }),
    changed('seen 257 messages', seen, { messageIds: Array.from({ length: 257 }, () => messageId(1)) }),
    changed('a code that is a sentence', refused, { code: 'no, thanks' }),
    changed('a negative time', delivered, { at: -1 }),
  ]),
};

const empty: Batch = { messages: [], receipts: [], keyPackages: [] };

function validBatch(name: string, batch: Batch): NamedCase {
  const plaintext = encodeBatch(batch);
  decodeBatch(plaintext);
  return { name, encoded: toHex(plaintext), batch: inHex(batch) };
}

/** Length, content, zeros up to `size`. */
function padded(content: Uint8Array, size: number): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, content.length);
  return concatBytes(length, content, new Uint8Array(size - 4 - content.length));
}

const plaintextCase = (name: string, batch: object, size = 256): NamedCase =>
  hexCase(name, toHex(padded(encodeCbor(batch), size)));
const plain = encodeBatch({ ...empty, receipts: [delivered] });
const withByte = (index: number, byte: number): string => toHex(plain.map((old, at) => (at === index ? byte : old)));
const lastByte = 2 * encodeCbor({ ...empty, receipts: [delivered] }).length + 8;

export const batchVectors: VectorFile = {
  spec: 'spec/03-messages.md 3.8',
  description: 'Padded batches: what is sealed in one frame. Larger buckets than 1024 bytes are left out here.',
  valid: [
    validBatch('nothing', empty),
    validBatch('every kind of receipt and a key package', { ...empty, receipts, keyPackages: [counting(100)] }),
    validBatch('two messages', {
      ...empty,
      messages: [encodeMessage(plainMessage), encodeMessage({ ...plainMessage, id: messageId(2) })],
    }),
  ],
  invalid: refusedWith('MALFORMED', [
    hexCase('empty', ''),
    hexCase('three bytes', '000000'),
    hexCase('not padded', toHex(plain).slice(0, lastByte)),
    hexCase('a byte of padding missing', toHex(plain).slice(0, -2)),
    hexCase('a byte of padding too many', `${toHex(plain)}00`),
    hexCase('padded to the next but one bucket', toHex(padded(encodeCbor(empty), 1024))),
    hexCase('last byte of the padding not zero', withByte(255, 1)),
    hexCase('first byte of the padding not zero', withByte(lastByte / 2, 1)),
    hexCase('a length beyond the end', withByte(0, 0x7f)),
    hexCase('a length that cuts the content', withByte(3, (plain[3] ?? 0) - 1)),
    hexCase('only zeros', '00'.repeat(256)),
    plaintextCase('a key is missing', { messages: [], receipts: [] }),
    plaintextCase('a key that is not known', { ...empty, note: 'hi' }),
    plaintextCase('a message that is text', { ...empty, messages: ['hi'] }),
    plaintextCase('an empty message', { ...empty, messages: [new Uint8Array()] }),
    plaintextCase('a receipt that is bytes', { ...empty, receipts: [encodeReceipt(delivered)] }),
    plaintextCase('a receipt of another kind', { ...empty, receipts: [{ ...delivered, kind: 'read' }] }),
    plaintextCase('five key packages', { ...empty, keyPackages: Array.from({ length: 5 }, () => counting(2)) }),
  ]),
};
