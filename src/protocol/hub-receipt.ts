import { encodeCbor, MeshError } from '#kernel';
import { type AgentId, agentIdOf, type KeyPair, publicKeyOf, sign, verify } from '#identity';
import { FieldReader, type Form } from './field-reader.ts';
import type { FrameId } from './frame.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

/** A hub says that it keeps a frame for an agent since `at` (ms since 1970; spec §12.4). */
export interface HubReceipt {
  readonly v: 1;
  readonly hub: AgentId;
  readonly frameId: FrameId;
  readonly to: AgentId;
  readonly at: number;
  readonly signature: Uint8Array;
}

export type HubReceiptFields = Pick<HubReceipt, 'frameId' | 'to' | 'at'>;

const form: Form = { name: 'hub receipt', required: ['v', 'hub', 'frameId', 'to', 'at', 'signature'] };
const context = 'hub-receipt';

/** The encoded receipt. The same facts always give the same bytes. */
export function signHubReceipt({ frameId, to, at }: HubReceiptFields, key: KeyPair): Uint8Array {
  const fields = { v: 1, hub: agentIdOf(key.publicKey), frameId, to, at } as const;
  return encodeCbor({ ...fields, signature: sign({ context, key, data: encodeCbor(fields) }) });
}

/** Only the form is checked. Throws MALFORMED. */
export function decodeHubReceipt(bytes: Uint8Array): HubReceipt {
  const fields = new FieldReader(decodeStrictCbor(bytes), form);
  fields.count('v', { min: 1, max: 1 });
  return {
    v: 1,
    hub: fields.agentId('hub'),
    frameId: fields.id('frameId', 'frm'),
    to: fields.agentId('to'),
    at: fields.count('at'),
    signature: fields.bytes('signature', 64),
  };
}

export interface HubReceiptCheck {
  /** The hub that must have signed. */
  readonly hub: AgentId;
  readonly frameId: FrameId;
  readonly to: AgentId;
}

/** The receipt of that hub for that frame. Throws MALFORMED, and SIGNATURE_INVALID for any other hub, frame or agent. */
export function verifyHubReceipt(bytes: Uint8Array, check: HubReceiptCheck): HubReceipt {
  const receipt = decodeHubReceipt(bytes);
  const { signature, ...fields } = receipt;
  if (receipt.hub !== check.hub || receipt.frameId !== check.frameId || receipt.to !== check.to)
    throw new MeshError('SIGNATURE_INVALID', 'The receipt is that of another hub, frame or agent');
  if (!verify({ context, publicKey: publicKeyOf(receipt.hub), data: encodeCbor(fields), signature }))
    throw new MeshError('SIGNATURE_INVALID', `The receipt is not signed by the hub ${receipt.hub}`);
  return receipt;
}
