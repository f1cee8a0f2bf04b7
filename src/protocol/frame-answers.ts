import { defaultLimits, encodeCbor, type ErrorCode, type Limits, MeshError } from '#kernel';
import { type AgentId, agentIdOf, type KeyPair, publicKeyOf, sign, verify } from '#identity';
import { FieldReader, type Form } from './field-reader.ts';
import { isMap } from './fields.ts';
import type { FrameId } from './frame.ts';
import { decodeStrictCbor } from './strict-cbor.ts';
import { checkVersion } from './wire-version.ts';

/**
 * The last word on a frame that came by a mailbox: what a link would have said of it (spec §6.6, §6.10). `code` and `retryAfterMs` as there.
 */
export type MailAnswer =
  | { readonly frameId: FrameId; readonly kind: 'delivered'; readonly code?: ErrorCode; readonly retryAfterMs?: number }
  | { readonly frameId: FrameId; readonly kind: 'refused'; readonly code: ErrorCode; readonly retryAfterMs?: number };

/** Answers to frames that came by mailboxes (spec §13.3), signed by the root key of `from` in context `frame-answers`. */
export interface FrameAnswers {
  readonly v: 1;
  readonly from: AgentId;
  readonly to: AgentId;
  /** ms since 1970. */
  readonly at: number;
  readonly answers: readonly MailAnswer[];
  readonly signature: Uint8Array;
}

declare class Brand {
  readonly #verified: true;
}

/** Made only by `verifyFrameAnswers`. */
export type VerifiedFrameAnswers = Omit<FrameAnswers, 'signature'> & Brand;

export type FrameAnswersLimits = Pick<Limits, 'maxMailAnswers'>;

/** Encoded. Throws INVALID_ARGUMENT for a field that breaks a rule of spec §13.3. */
export function signFrameAnswers(input: Omit<FrameAnswers, 'v' | 'from' | 'signature'>, root: KeyPair): Uint8Array {
  const { to, at, answers } = input;
  const unsigned = { v: 1, from: agentIdOf(root.publicKey), to, at, answers };
  const signature = sign({ context: 'frame-answers', key: root, data: encodeCbor(unsigned) });
  return encodeFrameAnswers(readAnswers({ ...unsigned, signature }, defaultLimits, 'INVALID_ARGUMENT'));
}

export function encodeFrameAnswers(answers: FrameAnswers): Uint8Array {
  return encodeCbor(answers);
}

/** Only the form; `verifyFrameAnswers` decides whether it holds. Throws MALFORMED and UNSUPPORTED_VERSION. */
export function decodeFrameAnswers(bytes: Uint8Array, limits: FrameAnswersLimits = defaultLimits): FrameAnswers {
  const value = decodeStrictCbor(bytes);
  checkVersion(value);
  return readAnswers(value, limits, 'MALFORMED');
}

/** Throws MALFORMED, UNSUPPORTED_VERSION, WRONG_RECIPIENT (not `from` that peer to one of those) and SIGNATURE_INVALID. */
export function verifyFrameAnswers(
  bytes: Uint8Array,
  check: { readonly from: AgentId; readonly to: readonly AgentId[]; readonly limits: FrameAnswersLimits },
): VerifiedFrameAnswers {
  const { signature, ...unsigned } = decodeFrameAnswers(bytes, check.limits);
  const { from, to } = unsigned;
  if (from !== check.from || !check.to.includes(to)) {
    throw new MeshError('WRONG_RECIPIENT', `These answers are from ${from} to ${to}`);
  }
  const data = encodeCbor(unsigned);
  if (!verify({ context: 'frame-answers', publicKey: publicKeyOf(from), data, signature })) {
    throw new MeshError('SIGNATURE_INVALID', `The answers are not signed by the key of ${from}`);
  }
  return Object.freeze(unsigned) as VerifiedFrameAnswers;
}

const form: Form = { name: 'frame answers', required: ['v', 'from', 'to', 'at', 'answers', 'signature'] };

function readAnswers(value: unknown, limits: FrameAnswersLimits, code: ErrorCode): FrameAnswers {
  const fields = new FieldReader(value, form, code);
  const answers = fields.list('answers', limits.maxMailAnswers, (entry) => readAnswer(entry, code));
  if (answers.length === 0) throw fields.wrong('answers', 'must not be empty');
  return {
    v: 1,
    from: fields.agentId('from'),
    to: fields.agentId('to'),
    at: fields.count('at'),
    answers,
    signature: fields.bytes('signature', 64),
  };
}

const deliveredForm: Form = { name: 'answer', required: ['frameId', 'kind'], optional: ['code', 'retryAfterMs'] };
const refusedForm: Form = { name: 'answer', required: ['frameId', 'kind', 'code'], optional: ['retryAfterMs'] };

function readAnswer(value: unknown, code: ErrorCode): MailAnswer {
  const kind = isMap(value) ? value['kind'] : undefined;
  if (kind === 'refused') {
    const fields = new FieldReader(value, refusedForm, code);
    const retry = fields.has('retryAfterMs') ? { retryAfterMs: fields.count('retryAfterMs') } : {};
    return { frameId: fields.id('frameId', 'frm'), kind, code: fields.errorCode('code'), ...retry };
  }
  if (kind !== 'delivered') throw new MeshError(code, 'This is not an answer of a kind that is known');
  const fields = new FieldReader(value, deliveredForm, code);
  const frameId = fields.id('frameId', 'frm');
  if (fields.has('code') !== fields.has('retryAfterMs')) throw fields.wrong('code', 'must come with retryAfterMs');
  return fields.has('code')
    ? { frameId, kind, code: fields.errorCode('code'), retryAfterMs: fields.count('retryAfterMs') }
    : { frameId, kind };
}
