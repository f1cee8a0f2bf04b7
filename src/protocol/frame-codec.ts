import { defaultLimits, encodeCbor, type Limits, MeshError } from '#kernel';
import { FieldReader, type Form } from './field-reader.ts';
import { type Frame, type FrameKind, frameKinds } from './frame.ts';
import { priorities } from './message.ts';
import { decodeStrictCbor } from './strict-cbor.ts';
import { checkVersion } from './wire-version.ts';

export type FrameLimits = Pick<Limits, 'maxFrameBytes' | 'maxHandshakeFrameBytes' | 'maxTtlSeconds'>;

const form: Form = {
  name: 'frame',
  required: ['v', 'id', 'kind', 'from', 'to', 'createdAt', 'expiresAt', 'priority', 'bytes'],
};

/** Those that begin something carry keys and are larger than the others may be (spec §2.5). */
const handshakeKinds: ReadonlySet<FrameKind> = new Set(['welcome', 'commit', 'request', 'accept']);

/** CBOR map (spec §2.4). Throws FRAME_TOO_LARGE. */
export function encodeFrame(frame: Frame, limits: FrameLimits = defaultLimits): Uint8Array {
  const bytes = encodeCbor(frame);
  checkSize(bytes, frame.kind, limits);
  return bytes;
}

/** Throws FRAME_TOO_LARGE, UNSUPPORTED_VERSION or MALFORMED. Whether the frame has expired is for the reader to say. */
export function decodeFrame(bytes: Uint8Array, limits: FrameLimits = defaultLimits): Frame {
  if (bytes.length > limits.maxHandshakeFrameBytes) throw tooLarge(bytes.length, limits.maxHandshakeFrameBytes);
  const value = decodeStrictCbor(bytes);
  checkVersion(value);
  const fields = new FieldReader(value, form);
  const kind = fields.oneOf('kind', frameKinds);
  checkSize(bytes, kind, limits);
  const createdAt = fields.count('createdAt');
  return {
    v: 1,
    id: fields.id('id', 'frm'),
    kind,
    from: fields.agentId('from'),
    to: fields.agentId('to'),
    createdAt,
    expiresAt: fields.count('expiresAt', { min: createdAt + 1, max: createdAt + limits.maxTtlSeconds * 1000 }),
    priority: fields.oneOf('priority', priorities),
    bytes: fields.bytesUpTo('bytes', bytes.length),
  };
}

function checkSize(bytes: Uint8Array, kind: FrameKind, limits: FrameLimits): void {
  const max = handshakeKinds.has(kind) ? limits.maxHandshakeFrameBytes : limits.maxFrameBytes;
  if (bytes.length > max) throw tooLarge(bytes.length, max);
}

const tooLarge = (size: number, max: number): MeshError =>
  new MeshError('FRAME_TOO_LARGE', `A frame of ${size} bytes exceeds the ${max} that its kind may have`);
