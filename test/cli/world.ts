import type {
  ContactView,
  DeadLetterView,
  FileView,
  Input,
  MessageView,
  OperationName,
  OutboxView,
  Output,
  RequestView,
} from '#api';
import { reviewWorld } from './review-world.ts';

/** Noon of 31 January 2026, UTC: when all transcripts happen. */
export const now = Date.UTC(2026, 0, 31, 12);

/** What the fake node answers to one operation: a value, or a function of the input, which may throw a MeshError. */
export type World = {
  readonly [N in OperationName]?: AnswerOf<N> | ((input: Input<N>) => AnswerOf<N>);
};

/** A stream operation answers with all its lines. */
type AnswerOf<N extends OperationName> = N extends 'scan' | 'scanLan' ? readonly Output<N>[] : Output<N>;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const number = '01234 56789 11111 22222 33333 44444 55555 66666 77777 88888 99999 00000';
const alphabet = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTU';

/** An id of the right form and length that begins with the letters given. */
export const agentId = (start: string): string => `did:key:z6Mk${(start + alphabet).slice(0, 44)}`;

const fingerprint = (digit: string): string => Array.from({ length: 8 }, () => digit.repeat(4)).join(' ');

export function contact(petname: string, facts: Partial<ContactView> = {}): ContactView {
  return {
    petname,
    agentId: agentId(petname),
    name: petname,
    state: 'trusted',
    tier: 'bounded',
    fingerprint: fingerprint('b'),
    safetyNumber: number,
    endpoints: [`http://${petname}.example:8787`],
    permissions: {},
    createdAt: now - 3 * day,
    updatedAt: now - hour,
    link: 'down',
    breaker: 'closed',
    waiting: 0,
    inFlight: 0,
    ...facts,
  };
}

export const bob = contact('bob', {
  displayName: 'Bob of Builds',
  link: 'up',
  route: 'direct http://bob.example:8787',
  latencyMs: 2.4,
  lastHeardAt: now - 3000,
  verifiedAt: now - day,
  session: { groupId: 'g1', epoch: 4, confirmed: true, createdAt: now - day },
});

export const carol = contact('carol', {
  breaker: 'open',
  retryAt: now + 40_000,
  lastError: { code: 'UNREACHABLE', message: 'connection refused', at: now - minute },
  waiting: 3,
  inFlight: 1,
});

export const dora = contact('dora', {
  state: 'changed',
  candidate: { agentId: agentId('NEW'), fingerprint: fingerprint('c'), seenAt: now - 2 * hour },
});

export const erin: RequestView = {
  id: 'req_019bf000-1111-7222-8333-444444444444',
  direction: 'in',
  state: 'requested-in',
  petname: 'erin',
  agentId: agentId('erin'),
  displayName: 'Erin',
  fingerprint: fingerprint('e'),
  safetyNumber: number,
  purpose: 'shared build alerts',
  endpoints: ['http://erin.example:8787'],
  at: now - 5 * minute,
};

export const frank: RequestView = {
  id: 'req_019bf000-2222-7222-8333-444444444444',
  direction: 'out',
  state: 'requested-out',
  petname: 'frank',
  agentId: agentId('frank'),
  fingerprint: fingerprint('f'),
  safetyNumber: number,
  endpoints: ['http://frank.example:8787'],
  at: now - hour,
  delivered: true,
  exchange: { step: 'request', state: 'delivered', until: now - hour + 7 * day },
};

const askedBy = (name: string) =>
  `Ask it for trust: mesh request http://${name}.example:8787, or give it up: mesh remove ${name}`;

/** Contacts with whom something of the exchange is open, or was refused: those of the agent `robot`. */
const open = [
  // Approved, and its node is away.
  contact('grace', {
    exchange: { step: 'accept', state: 'under-way', until: now + 6 * day },
    lastError: { code: 'UNREACHABLE', message: 'connection refused', at: now - minute },
  }),
  contact('heidi', { exchange: { step: 'accept', state: 'expired', until: now - day } }),
  contact('ivan', {
    exchange: { step: 'accept', state: 'refused' },
    refusal: {
      of: 'accept',
      code: 'NOT_TRUSTED',
      message: 'ivan does not wait for an answer any more: it withdrew its request',
      hint: askedBy('ivan'),
      at: now - hour,
    },
  }),
  contact('judy', {
    link: 'up',
    refusal: {
      of: 'message',
      code: 'NOT_TRUSTED',
      message: 'judy does not trust this agent: it refused a message',
      hint: askedBy('judy'),
      at: now - hour,
    },
  }),
  contact('kim', { exchange: { step: 'request', state: 'delivered', until: now + 5 * day }, link: 'up' }),
  contact('leo', { state: 'requested-out', exchange: { step: 'request', state: 'under-way', until: now + 7 * day } }),
  contact('mia', {
    state: 'requested-out',
    exchange: { step: 'request', state: 'under-way', until: now + 7 * day },
    refusal: {
      of: 'request',
      code: 'TIMESTAMP_STALE',
      message: 'The clock here is more than 300 s behind that of mia',
      hint: 'Set the clocks of both machines right. The request is kept and goes on by itself.',
      at: now - minute,
    },
  }),
  contact('nina', {
    state: 'requested-out',
    exchange: { step: 'request', state: 'refused' },
    refusal: {
      of: 'request',
      code: 'INVITE_USED',
      message: 'nina says that the invite was used already',
      hint: 'Ask its owner for a new one and run: mesh join INVITE, or give it up: mesh remove nina',
      at: now - hour,
    },
  }),
  contact('oscar', { state: 'requested-out', exchange: { step: 'request', state: 'expired', until: now - day } }),
  contact('pat', {
    state: 'requested-out',
    exchange: { step: 'request', state: 'under-way', until: now + 7 * day, byInvite: true },
  }),
] as const;

const openNamed = (name: string): ContactView => open.find(({ petname }) => petname === name) ?? contact(name);

/** The request to somebody, as it is listed. */
function requestTo(name: string): RequestView {
  const { petname, agentId: id, state, exchange, refusal, endpoints } = openNamed(name);
  const shown = { petname, agentId: id, state, endpoints, fingerprint: fingerprint('f'), safetyNumber: number };
  return {
    ...shown,
    id,
    direction: 'out',
    at: now - hour,
    delivered: exchange?.state === 'delivered',
    ...(exchange === undefined ? {} : { exchange }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

export function message(id: string, facts: Partial<MessageView> = {}): MessageView {
  return {
    id,
    direction: 'in',
    peer: 'bob',
    peerId: bob.agentId,
    type: 'notification',
    priority: 'normal',
    body: 'build 142 is green',
    attachments: [],
    conversationId: 'conv_019bf001-0000-7000-8000-000000000001',
    timestamp: now - 10 * minute,
    receivedAt: now - 10 * minute,
    expiresAt: now + 7 * day,
    state: 'new',
    attempts: 0,
    ...facts,
  };
}

export const greeting = message('msg_019bf001-aaaa-7000-8000-000000000001');
export const question = message('msg_019bf002-bbbb-7000-8000-000000000001', {
  type: 'request',
  priority: 'high',
  subject: 'staging',
  body: 'Which port does staging use?\nThe old one does not answer.',
  receivedAt: now - 4 * minute,
  timestamp: now - 4 * minute,
  metadata: { build: 142 },
  budget: { turns: 16, hops: 7 },
  left: { turns: 11, hops: 6 },
  attachments: [{ kind: 'inline', name: 'trace.log', mediaType: 'text/plain', size: 1536 }],
});
export const handled = message('msg_019bf000-cccc-7000-8000-000000000001', {
  body: 'good morning',
  state: 'handled',
  readAt: now - 2 * hour,
  answerId: 'msg_019bf000-dddd-7000-8000-000000000001',
  receivedAt: now - 3 * hour,
});

export function sentMessage(id: string, facts: Partial<OutboxView> = {}): OutboxView {
  return {
    id,
    direction: 'out',
    peer: 'bob',
    peerId: bob.agentId,
    type: 'notification',
    priority: 'normal',
    body: 'hello',
    attachments: [],
    budget: { turns: 64, hops: 8 },
    conversationId: 'conv_019bf001-0000-7000-8000-000000000002',
    createdAt: now - 20 * minute,
    expiresAt: now + 7 * day,
    state: 'delivered',
    attempts: 1,
    route: 'direct http://bob.example:8787',
    ...facts,
  };
}

/** Each state of a file, one of them beside `filmed`. */
export function file(name: string, facts: Partial<FileView> = {}): FileView {
  return {
    id: filmed.id,
    index: 0,
    direction: 'in',
    peer: 'bob',
    peerId: bob.agentId,
    name,
    mediaType: 'application/octet-stream',
    size: 1024 ** 3,
    state: 'complete',
    have: 1024 ** 3,
    createdAt: now - 10 * minute,
    expiresAt: now + 7 * day,
    ...facts,
  };
}

const partly = 312 * 1024 * 1024;
const megabyte = 1024 * 1024;

/** A message with files of every kind. */
export const filmed = message('msg_019bf004-aaaa-7000-8000-000000000001', {
  body: 'the recordings',
  attachments: [
    { kind: 'inline', name: 'index.txt', mediaType: 'text/plain', size: 12 },
    {
      kind: 'blob',
      name: 'day-1.mp4',
      mediaType: 'video/mp4',
      size: 3 * megabyte,
      file: { state: 'complete', have: 3 * megabyte },
    },
    {
      kind: 'blob',
      name: 'day-2.mp4',
      mediaType: 'video/mp4',
      size: 1024 ** 3,
      file: { state: 'moving', have: partly },
    },
    { kind: 'url', name: 'more', url: 'https://example.org/' },
  ],
});

export const files: readonly FileView[] = [
  file('backup.tar', { direction: 'out', peer: 'carol', state: 'waiting', have: 0, id: greeting.id }),
  file('dump.sql', {
    direction: 'out',
    state: 'failed',
    reason: 'FILES_FULL',
    have: 0,
    id: question.id,
    size: 20 * 1024 ** 3,
  }),
  file('day-2.mp4', { state: 'moving', have: partly, index: 2 }),
  file('big.iso', { state: 'waiting', have: 0, reason: 'STORE_FULL', id: handled.id }),
  file('old.zip', { state: 'removed', size: 2000, have: 2000, id: handled.id, createdAt: now - 2 * day }),
];

const messageNamed = ({ id }: { readonly id: string }): MessageView =>
  id.startsWith('msg_019bf004') ? filmed : question;

const alice: Output<'agents'>['agents'][number] = {
  name: 'alice',
  agentId: agentId('alice'),
  fingerprint: fingerprint('a'),
  fingerprintFull: 'a'.repeat(64),
  endpoints: ['http://alice.example:8787'],
  cardSeq: 3,
  cardExpiresAt: now + 300 * day,
  deviceExpiresAt: now + 300 * day,
  runtime: 'inbox',
  unread: 2,
  isDefault: true,
};

const accepted: Output<'send'> = {
  id: 'msg_019bf003-0001-7000-8000-000000000001',
  conversationId: 'conv_019bf003-0001-7000-8000-000000000002',
  state: 'queued',
  duplicate: false,
  peer: 'bob',
  peerId: bob.agentId,
  createdAt: now,
  expiresAt: now + 7 * day,
  bytes: 312,
};

export const here = { by: 'this node', proof: 'local' } as const;
export const receipt = { by: 'peer', proof: 'receipt' } as const;

const deadLetter = (id: string, facts: Partial<DeadLetterView>): DeadLetterView => ({
  box: 'outbox',
  id,
  peer: 'bob',
  peerId: bob.agentId,
  type: 'notification',
  priority: 'normal',
  body: 'hello',
  attachments: [],
  reason: 'EXPIRED',
  at: now - hour,
  madeAt: now - 7 * day,
  expiresAt: now - hour,
  keptUntil: now + 30 * day,
  attempts: 0,
  replay: 'by hand',
  ...facts,
});

export const unheard = deadLetter('msg_019bed00-0001-7000-8000-000000000001', {
  peer: 'carol',
  peerId: agentId('carol'),
  reason: 'UNREACHABLE',
  at: now - day,
  madeAt: now - 4 * day,
  expiresAt: now + 3 * day,
  replay: 'by itself',
  body: 'are you back?',
});
export const tooLate = deadLetter('msg_019bec00-0001-7000-8000-000000000001', { priority: 'high' });
export const broken = deadLetter('msg_019bef00-0001-7000-8000-000000000001', {
  box: 'inbox',
  type: 'request',
  subject: 'staging',
  reason: 'HANDLER_FAILED',
  error: 'HANDLER_FAILED: The program ended with exit code 1\nno such file: data.csv',
  attempts: 5,
  at: now - 2 * hour,
  madeAt: now - 3 * hour,
});

/** A node with some of everything. */
export const world: World = {
  status: {
    version: '0.1.0',
    running: true,
    startedAt: now - 2 * hour,
    pid: 4242,
    listen: { host: '0.0.0.0', port: 8787 },
    api: { host: '127.0.0.1', port: 8788 },
    stateDir: '/home/alice/mesh',
    agents: [
      alice,
      { ...alice, name: 'robot', agentId: agentId('robot'), runtime: 'command', unread: 0, isDefault: false },
    ],
    peers: [bob, carol, dora],
    queue: { waiting: 3, inFlight: 1, unread: 2, deadOut: 0, deadIn: 0 },
    requests: 1,
    sessions: 1,
    warnings: [
      {
        code: 'CONTACT_CHANGED',
        message: 'dora shows another key than before; nothing is sent to it',
        hint: 'Compare fingerprints with its owner, then run: mesh approve dora',
      },
    ],
  },
  doctor: { findings: [] },
  shutdown: { stopping: true },
  pause: ({ agent, reason }) => ({
    pauses: [{ at: now, ...(agent === undefined ? {} : { agent }), ...(reason === undefined ? {} : { reason }) }],
    waiting: agent === undefined ? 3 : 0,
  }),
  resume: ({ agent }) =>
    agent === undefined
      ? { pauses: [], waiting: 3, ended: [{ at: now - hour }] }
      : { pauses: [{ at: now - hour, agent: 'alice' }], waiting: 0, ended: [] },
  agents: {
    agents: [alice, { ...alice, name: 'robot', agentId: agentId('robot'), runtime: 'command', isDefault: false }],
  },
  contacts: ({ agent }) => ({
    contacts: agent === 'robot' ? open : [dora, carol, bob, contact('gone', { state: 'removed' })],
  }),
  contact: ({ contact: name }) => [bob, carol, dora].find(({ petname }) => petname === name) ?? openNamed(name),
  requests: ({ agent }) => ({
    requests: agent === 'robot' ? ['leo', 'mia', 'nina', 'oscar'].map(requestTo) : [frank, erin],
  }),
  approve: ({ petname }) => openNamed(petname ?? 'erin'),
  approveChange: ({ keepKey }) =>
    keepKey === true
      ? contact('dora')
      : contact('dora', {
          state: 'requested-out',
          exchange: { step: 'request', state: 'under-way', until: now + 7 * day },
        }),
  reject: ({ id }) => ({ rejected: id }),
  invite: {
    invite: 'mesh:AbCdEfGhIjKlMnOpQrStUvWxYz',
    id: 'inv1',
    expiresAt: now + day,
    routes: ['http://alice.example:8787'],
    agentId: alice.agentId,
    fingerprint: alice.fingerprint,
  },
  invites: {
    invites: [
      { id: 'inv1', createdAt: now - hour, expiresAt: now + 23 * hour },
      { id: 'inv0', createdAt: now - 2 * day, expiresAt: now - day, usedAt: now - 47 * hour, usedBy: bob.agentId },
    ],
  },
  join: ({ petname }) => (petname === undefined ? contact('bob', { link: 'up', latencyMs: 3 }) : openNamed(petname)),
  request: ({ petname }) => (petname === undefined ? frank : requestTo(petname)),
  rename: ({ name }) => contact(name),
  setTier: ({ tier, messageTypes, maxAttachmentBytes }) =>
    contact('bob', { tier, permissions: { messageTypes, maxAttachmentBytes } }),
  block: contact('bob', { state: 'blocked', tier: 'blocked' }),
  remove: { removed: 'bob', cancelled: 2 },
  markVerified: { ...carol, verifiedAt: now },
  rotateKey: { from: agentId('alice'), to: agentId('ALICE'), fingerprint: fingerprint('d') },
  scan: [
    { type: 'progress', done: 1, total: 2 },
    {
      type: 'found',
      url: 'http://10.0.0.7:8787',
      agents: [
        {
          agentId: bob.agentId,
          name: 'bob',
          fingerprint: bob.fingerprint,
          contact: { petname: 'bob', state: 'trusted' },
        },
        { agentId: agentId('zoe'), name: 'zoe', displayName: 'Zoe', fingerprint: fingerprint('9') },
      ],
    },
    { type: 'done', total: 2, found: 1 },
  ],
  scanLan: [
    { type: 'heard', nodes: 2 },
    { type: 'progress', done: 2, total: 2 },
    {
      type: 'found',
      url: 'http://192.168.1.21:8787',
      agents: [{ agentId: agentId('zoe'), name: 'zoe', displayName: 'Zoe', fingerprint: fingerprint('9') }],
    },
    { type: 'done', total: 2, found: 1, unasked: 0, ignored: 1, isFull: false },
  ],
  send: ({ dryRun }) => (dryRun === true ? { ...accepted, wouldSend: {} } : accepted),
  ask: {
    request: accepted.id,
    elapsedMs: 1300,
    answer: message('msg_019bf003-0002-7000-8000-000000000001', { type: 'response', body: '42\n' }),
  },
  inbox: { messages: [question, greeting, handled], lastSeq: 3 },
  message: messageNamed,
  read: messageNamed,
  reply: { ...accepted, state: 'sent' },
  files: { files, kept: { in: 4 * 1024 ** 3, out: 1024 ** 3, max: 16 * 1024 ** 3, maxPerPeer: 4 * 1024 ** 3 } },
  upload: { upload: 'upl_1', partBytes: 4 },
  uploadPart: ({ offset, bytes }) => ({ size: offset + bytes.length }),
  dropUpload: ({ upload }) => ({ dropped: upload }),
  filePart: new TextEncoder().encode('abc'),
  removeFile: file('day-1.mp4', { state: 'removed', size: 3 * megabyte, have: 3 * megabyte }),
  outbox: {
    messages: [
      sentMessage('msg_019bf003-0001-7000-8000-000000000001', {
        peer: 'carol',
        state: 'queued',
        createdAt: now - 1000,
        body: 'are you there?',
      }),
      sentMessage('msg_019bf002-0001-7000-8000-000000000001', {
        state: 'refused',
        reason: 'NOT_PERMITTED',
        subject: 'log files',
      }),
      sentMessage('msg_019bf001-0001-7000-8000-000000000001', { state: 'answered' }),
    ],
  },
  track: {
    ...sentMessage('msg_019bf001-0001-7000-8000-000000000001', { state: 'answered', answerId: greeting.id }),
    steps: [
      { at: now - 20 * minute, state: 'queued', ...here },
      { at: now - 20 * minute, state: 'sent', ...here, route: 'direct http://bob.example:8787', attempt: 1 },
      { at: now - 19 * minute, state: 'sent again', ...here, route: 'direct http://10.0.0.7:8787', attempt: 3 },
      { at: now - 19 * minute, state: 'delivered', ...receipt, note: 'in the inbox of the peer' },
      { at: now - 10 * minute, state: 'answered', ...receipt, note: greeting.id },
    ],
  },
  cancel: ({ id }) => sentMessage(id, { peer: 'carol', state: 'cancelled', attempts: 0 }),
  deadLetters: {
    letters: [unheard, broken, tooLate],
    counts: [
      { box: 'outbox', peer: 'carol', peerId: agentId('carol'), reason: 'UNREACHABLE', count: 1 },
      { box: 'outbox', peer: 'bob', peerId: bob.agentId, reason: 'EXPIRED', count: 1 },
      { box: 'inbox', peer: 'bob', peerId: bob.agentId, reason: 'HANDLER_FAILED', count: 1 },
    ],
  },
  deadLetter: ({ id }) => {
    const letter = [unheard, broken, tooLate].find((one) => one.id.startsWith(id)) ?? unheard;
    return {
      ...letter,
      steps: [
        { at: letter.madeAt, state: letter.box === 'outbox' ? 'queued' : 'received', ...here },
        { at: letter.at, state: 'dead', ...here, note: letter.reason },
      ],
    };
  },
  replayDead: ({ ids }) => ({
    count: 2,
    replayed: [
      { box: 'outbox', id: tooLate.id, as: 'msg_019bf003-0009-7000-8000-000000000001' },
      { box: 'inbox', id: broken.id },
    ],
    skipped:
      ids === undefined
        ? []
        : [{ box: 'outbox', id: unheard.id, code: 'NOT_TRUSTED', message: 'The receiver is not a contact' }],
  }),
  purgeDead: { purged: 2, kept: 1 },
  ...reviewWorld({ now, bobId: bob.agentId, strangerId: agentId('mallory') }),
  audit: ({ afterSeq = 0 }) => ({
    entries: [
      {
        seq: 1,
        at: now - day,
        agent: 'node',
        kind: 'node.started',
        data: { version: '0.1.0' },
        previous: '00',
        hash: 'a1',
      },
      {
        seq: 2,
        at: now - hour,
        agent: 'alice',
        kind: 'contact.trusted',
        data: { agentId: bob.agentId, how: '=invite', ids: ['a', 'b,"c"'] },
        previous: 'a1',
        hash: 'a2',
      },
    ].filter(({ seq }) => seq > afterSeq),
  }),
  auditVerify: { ok: true, entries: 2, checkpoints: 1 },
};
