import type { MsgHdrs } from '@nats-io/transport-node';
import { fromBase64url, toBase64url } from '#kernel';

/** By which JetStream and readers know the same write again. */
const idHeader = 'Nats-Msg-Id';
/** What is known of a message without its body. */
const metaHeader = 'Mesh';
/** The sign of a deleted key in JetStream's layout of key-value buckets. */
const operationHeader = 'KV-Operation';

/** A message as JetStream keeps it. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly id: string;
  readonly meta: Uint8Array;
  readonly data: Uint8Array;
  readonly isDeleted: boolean;
}

/** What goes with a body. */
export interface Marks {
  readonly meta?: Uint8Array;
  readonly isDeleted?: boolean;
}

interface RawMessage {
  readonly seq: number;
  readonly subject: string;
  readonly header: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

export function headersOf({ meta, isDeleted = false }: Marks, headers: MsgHdrs): MsgHdrs {
  if (meta !== undefined) headers.set(metaHeader, toBase64url(meta));
  if (isDeleted) headers.set(operationHeader, 'DEL');
  return headers;
}

export const idIn = (header: MsgHdrs | undefined): string => header?.get(idHeader) ?? '';

export function storedOf({ seq, subject, header, data }: RawMessage): Stored {
  return {
    seq,
    subject,
    id: idIn(header),
    meta: metaIn(header),
    // The client hands out Buffers, whose slices are no copies.
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    isDeleted: (header?.get(operationHeader) ?? '') !== '',
  };
}

/** Nothing where there is none, or something that no hub wrote. */
function metaIn(header: MsgHdrs | undefined): Uint8Array {
  try {
    return fromBase64url(header?.get(metaHeader) ?? '');
  } catch {
    return new Uint8Array();
  }
}
