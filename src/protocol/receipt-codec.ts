import { defaultLimits, encodeCbor, isId, type Limits, MeshError } from '#kernel';
import { FieldReader, type Form } from './field-reader.ts';
import { isMap } from './fields.ts';
import type { MessageId } from './message.ts';
import type { Receipt } from './receipt.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

export type ReceiptLimits = Pick<Limits, 'maxMessagesPerReceipt'>;

type ReceiptOf<K extends Receipt['kind']> = Extract<Receipt, { readonly kind: K }>;

/** CBOR map (spec §3.9). */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeCbor(receipt);
}

/** Throws MALFORMED. */
export function decodeReceipt(bytes: Uint8Array, limits: ReceiptLimits = defaultLimits): Receipt {
  return readReceipt(decodeStrictCbor(bytes), limits);
}

/** A receipt as it lies decoded inside a batch. Throws MALFORMED. */
export function readReceipt(value: unknown, limits: ReceiptLimits): Receipt {
  const kind = isMap(value) ? value['kind'] : undefined;
  switch (kind) {
    case 'delivered': {
      const fields = new FieldReader(value, deliveredForm);
      return { kind, frameId: fields.id('frameId', 'frm'), at: fields.count('at') };
    }
    case 'seen':
      return readSeen(new FieldReader(value, seenForm), limits);
    case 'answered': {
      const fields = new FieldReader(value, answeredForm);
      return {
        kind,
        messageId: fields.id('messageId', 'msg'),
        answerId: fields.id('answerId', 'msg'),
        at: fields.count('at'),
      };
    }
    case 'refused': {
      const fields = new FieldReader(value, refusedForm);
      return {
        kind,
        messageId: fields.id('messageId', 'msg'),
        code: fields.errorCode('code'),
        at: fields.count('at'),
      };
    }
    case 'files': {
      const fields = new FieldReader(value, filesForm);
      return { kind, messageId: fields.id('messageId', 'msg'), at: fields.count('at') };
    }
    default:
      throw new MeshError('MALFORMED', 'This is not a receipt of a kind that is known');
  }
}

const deliveredForm: Form = { name: 'receipt', required: ['kind', 'frameId', 'at'] };
const seenForm: Form = { name: 'receipt', required: ['kind', 'messageIds', 'at'] };
const answeredForm: Form = { name: 'receipt', required: ['kind', 'messageId', 'answerId', 'at'] };
const refusedForm: Form = { name: 'receipt', required: ['kind', 'messageId', 'code', 'at'] };
const filesForm: Form = { name: 'receipt', required: ['kind', 'messageId', 'at'] };

function readSeen(fields: FieldReader, limits: ReceiptLimits): ReceiptOf<'seen'> {
  const messageIds = fields.list('messageIds', limits.maxMessagesPerReceipt, (entry): MessageId => {
    if (isId('msg', entry)) return entry;
    throw fields.wrong('messageIds', 'must hold ids msg_<uuidv7>');
  });
  if (messageIds.length === 0) throw fields.wrong('messageIds', 'must not be empty');
  return { kind: 'seen', messageIds, at: fields.count('at') };
}
