import { encodeCbor, toHex } from '#kernel';
import { type MailAnswer, signFrameAnswers } from '#protocol';
import { alice, bob, type NamedCase, now, seedHex, signAs, signedHex, type VectorFile } from './seeds.ts';
import { aliceId, bobId, cborCase, frameId, inHex, refusedWith, wrongEncodings } from './wire-values.ts';

const delivered = { frameId: frameId(1), kind: 'delivered' } as const;
const answers: readonly MailAnswer[] = [
  delivered,
  { frameId: frameId(2), kind: 'delivered', code: 'INBOX_FULL', retryAfterMs: 5000 },
  { frameId: frameId(3), kind: 'refused', code: 'SESSION_BROKEN' },
  { frameId: frameId(4), kind: 'refused', code: 'RATE_LIMITED', retryAfterMs: 1000 },
];
const unsigned = { v: 1, from: bobId, to: aliceId, at: now, answers };
const context = 'frame-answers';
/** Read by alice, as from bob. */
const judged = { from: bobId, to: [aliceId] };

const valid = (name: string, some: readonly MailAnswer[]): NamedCase => ({
  name,
  encoded: toHex(signFrameAnswers({ to: aliceId, at: now, answers: some }, bob)),
  judged,
  seed: seedHex(bob),
  statement: inHex({ ...unsigned, answers: some }),
  signedBytes: signedHex(context, encodeCbor({ ...unsigned, answers: some })),
});

/** Breaks a rule although the key of bob signed exactly this. */
function signed(name: string, change: object, wanted: object = {}): NamedCase {
  const fields = { ...unsigned, ...change };
  const whole = { ...fields, signature: signAs(bob, context, encodeCbor(fields)) };
  return { ...cborCase(name, whole), judged: { ...judged, ...wanted } };
}

const signedBy = (name: string, signature: Uint8Array): NamedCase => ({
  ...cborCase(name, { ...unsigned, signature }),
  judged,
});

const plain = signFrameAnswers({ to: aliceId, at: now, answers }, bob);
const one = (answer: object): object => ({ answers: [answer] });

export const frameAnswersVectors: VectorFile = {
  spec: 'spec/13-mailboxes.md 13.3',
  description:
    'Answers of bob to frames of alice that came by a mailbox, in CBOR; `judged` is whom the reader expects.',
  valid: [valid('to one frame', [delivered]), valid('of every kind', answers)],
  invalid: [
    ...refusedWith('MALFORMED', [
      ...wrongEncodings(toHex(plain)).map((entry) => ({ ...entry, judged })),
      signed('to no frame', { answers: [] }),
      signed('to 65 frames', {
        answers: Array.from({ length: 65 }, (_, n) => ({ ...delivered, frameId: frameId(n) })),
      }),
      signed('of a kind that is not known', one({ ...delivered, kind: 'seen' })),
      signed('with a code and no time', one({ ...delivered, code: 'INBOX_FULL' })),
      signed('refused without a code', one({ frameId: frameId(1), kind: 'refused' })),
      signed('with a key that is not known', { by: 'hub' }),
      signed('to something that is no frame', one({ ...delivered, frameId: 'frm_1' })),
    ]),
    ...refusedWith('UNSUPPORTED_VERSION', [signed('another version', { v: 2 })]),
    ...refusedWith('WRONG_RECIPIENT', [
      signed('for another agent', {}, { to: [bobId] }),
      signed('of another agent', {}, { from: aliceId }),
    ]),
    ...refusedWith('SIGNATURE_INVALID', [
      signedBy('signed by the reader', signAs(alice, context, encodeCbor(unsigned))),
      signedBy('signed for another purpose', signAs(bob, 'card', encodeCbor(unsigned))),
      signedBy('with another time', signAs(bob, context, encodeCbor({ ...unsigned, at: now + 1 }))),
    ]),
  ],
};
