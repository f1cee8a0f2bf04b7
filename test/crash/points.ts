import type { Meant } from '../support/faulty-store.ts';

/** Where in a commit a process ends: in the transaction, on the way to the disk, or on the disk and nobody knows. */
export const stages = ['before-commit', 'before-sync', 'before-told'] as const;
export type Stage = (typeof stages)[number];

/** What has to be going on for a point to be reached. */
export type Need =
  /** The two cannot reach each other. */
  | 'no-link'
  /** This side comes back without its sessions, as from an old backup. */
  | 'lost-session'
  /** The other side does. */
  | 'peer-lost-session'
  /** The other side does, and says nothing until it hears what it cannot read. */
  | 'unknown-session'
  /** This side takes a new root key. */
  | 'rotation'
  | 'peer-rotation'
  /** This side starts. */
  | 'start';

export interface Point {
  /** `MOMENT.STAGE` of a commit, or where else: `link.frame-written`. */
  readonly name: string;
  readonly says: string;
  readonly needs?: Need;
}

interface Moment {
  readonly name: string;
  readonly says: string;
  readonly needs?: Need;
  readonly meant: Meant;
}

const writes =
  (all: readonly string[], none: readonly string[] = []): Meant =>
  (done) =>
    all.every((start) => done.some((write) => write.startsWith(start))) &&
    !none.some((start) => done.some((write) => write.startsWith(start)));

const times =
  (count: number, start: string): Meant =>
  (done) =>
    done.filter((write) => write.startsWith(start)).length >= count;

/** What is committed while messages flow. */
const trafficMoments: readonly Moment[] = [
  {
    name: 'accept',
    says: 'a message is accepted unsealed',
    needs: 'no-link',
    meant: writes(['outbox.insert '], ['outbox.insertFrame', 'inbox.complete']),
  },
  { name: 'seal', says: 'a frame with its messages', meant: writes(['outbox.insertFrame'], ['sessions.putSession']) },
  {
    name: 'rekey',
    says: 'a commit with fresh keys and what is sealed under them',
    meant: (done) => times(2, 'outbox.insertFrame')(done) && writes([], ['sessions.putSession'])(done),
  },
  {
    name: 'new-session',
    says: 'the key package of the peer is used up for a session',
    needs: 'lost-session',
    meant: writes(['sessions.putSession', 'sessions.deletePeerKeyPackage', 'outbox.insertFrame']),
  },
  {
    name: 'replace-session',
    says: 'a session is given up and its frames are unsealed',
    needs: 'unknown-session',
    meant: writes(['sessions.deleteSession ', 'outbox.unseal']),
  },
  {
    name: 'join-session',
    says: 'the own key package is used up for a session that the peer made',
    needs: 'peer-lost-session',
    meant: writes(['sessions.deleteOwnKeyPackage', 'sessions.putSession']),
  },
  { name: 'note-sent', says: 'that a frame was written', meant: writes(['outbox.markSent']) },
  { name: 'note-acknowledged', says: 'that the peer has a frame', meant: writes(['outbox.acknowledge']) },
  { name: 'receive', says: 'messages that came in', meant: writes(['inbox.insert', 'inbox.rememberFrame']) },
  {
    name: 'receive-and-lease',
    says: 'messages that came in and are leased at once',
    meant: writes(['inbox.insert', 'inbox.lease']),
  },
  {
    name: 'rekeyed',
    says: 'a commit of the peer is adopted',
    meant: writes(
      ['inbox.rememberFrame', 'sessions.saveState'],
      ['inbox.insert', 'outbox.applyReceipt', 'sessions.putPeerKeyPackage', 'outbox.queueReceipt'],
    ),
  },
  { name: 'receipts', says: 'receipts that came in', meant: writes(['outbox.applyReceipt']) },
  { name: 'lease', says: 'waiting messages are leased', meant: writes(['inbox.lease'], ['inbox.insert']) },
  { name: 'complete', says: 'a lease ends', meant: writes(['inbox.complete']) },
  { name: 'answer', says: 'an answer with the end of its lease', meant: writes(['inbox.complete', 'outbox.insert ']) },
  { name: 'release', says: 'the handler failed', meant: writes(['inbox.release ']) },
  { name: 'release-all', says: 'leases of the last life end', needs: 'start', meant: writes(['inbox.releaseAll']) },
  {
    name: 'rotate',
    says: 'sessions of the own old key end',
    needs: 'rotation',
    meant: writes(['sessions.deleteSessionsOf'], ['contacts.rename']),
  },
  {
    name: 'follow-rotation',
    says: 'a contact moves to its new key',
    needs: 'peer-rotation',
    meant: writes(['contacts.rename', 'sessions.deleteSessionsOf']),
  },
];

const putsContact = writes(['contacts.put '], ['contacts.useNonce']);

/** What is committed while two become peers. */
const contactMoments: readonly Moment[] = [
  { name: 'invite', says: 'an invite', meant: writes(['contacts.putInvite'], ['contacts.useNonce']) },
  { name: 'ask', says: 'a contact is asked', meant: putsContact },
  { name: 'request', says: 'the key package of a request', meant: writes(['sessions.putOwnKeyPackage']) },
  { name: 'redeem', says: 'a request shows an invite', meant: writes(['contacts.useNonce', 'contacts.putInvite']) },
  { name: 'asked', says: 'a request came in', meant: writes(['contacts.useNonce', 'contacts.put ']) },
  { name: 'approve', says: 'a person approves', meant: putsContact },
  { name: 'acceptance', says: 'the key package of an acceptance', meant: writes(['sessions.putOwnKeyPackage']) },
  { name: 'accepted', says: 'an acceptance came in', meant: writes(['contacts.useNonce', 'contacts.put ']) },
  { name: 'settle', says: 'the exchange is through', meant: putsContact },
];

const stageWords = {
  'before-commit': 'is about to be committed',
  'before-sync': 'is committed and not on the disk',
  'before-told': 'is on the disk and nobody knows',
} as const;

const pointsOf = (moments: readonly Moment[]): readonly Point[] =>
  moments.flatMap(({ name, says, needs }) =>
    stages.map((stage) => ({
      name: `${name}.${stage}`,
      says: `${says} ${stageWords[stage]}`,
      ...(needs === undefined ? {} : { needs }),
    })),
  );

export const linkPoints: readonly Point[] = [
  { name: 'link.frame-half-written', says: 'half of a frame is on the wire' },
  { name: 'link.frame-written', says: 'a frame is on the wire and nothing notes it' },
  { name: 'link.commit-written', says: 'a commit with fresh keys is on the wire' },
  { name: 'link.welcome-written', says: 'a welcome is on the wire', needs: 'lost-session' },
  { name: 'link.answer-unwritten', says: 'a frame is stored and not acknowledged' },
  { name: 'link.answer-written', says: 'an acknowledgement is on the wire' },
];

export const filePoints: readonly Point[] = [
  { name: 'private_key.pem.unnamed', says: 'the new key is in a file without its name', needs: 'rotation' },
  { name: 'private_key.pem.named', says: 'the new key has its name, the card is the old one', needs: 'rotation' },
  { name: 'identity.json.unnamed', says: 'the new card is in a file without its name', needs: 'rotation' },
  { name: 'identity.json.named', says: 'key and card are new, the sessions are old', needs: 'rotation' },
];

export const handlerPoints: readonly Point[] = [
  { name: 'handler.begun', says: 'the handler is at work' },
  { name: 'handler.ended', says: 'the handler is done and nothing notes it' },
];

export const trafficPoints: readonly Point[] = [
  ...pointsOf(trafficMoments),
  ...linkPoints,
  ...filePoints,
  ...handlerPoints,
];

export const contactPoints: readonly Point[] = pointsOf(contactMoments);

export const allPoints: readonly Point[] = [...trafficPoints, ...contactPoints];

/** Which transactions a point is about; undefined when it is not about a commit. */
export function momentOf(point: string): { readonly stage: Stage; readonly meant: Meant } | undefined {
  for (const { name, meant } of [...trafficMoments, ...contactMoments]) {
    const stage = stages.find((one) => point === `${name}.${one}`);
    if (stage !== undefined) return { stage, meant };
  }
  return undefined;
}

export function pointNamed(name: string): Point {
  const found = allPoints.find((point) => point.name === name);
  if (found === undefined) throw new Error(`There is no point ${name}`);
  return found;
}
