import { type Inputs, type OperationContext, type OperationName, operationNames, type Operations, routeOf } from '#api';

interface StubCall extends OperationContext {
  readonly name: OperationName;
  readonly input: unknown;
}

/** Operations that remember what they were called with; those that are not given answer `{ name }`, or its bytes. */
export function stubOperations(given: Partial<Operations> = {}): { operations: Operations; calls: StubCall[] } {
  const calls: StubCall[] = [];
  const stubs = operationNames.map((name) => [name, stubOf(name, calls)] as const);
  return { operations: { ...Object.fromEntries(stubs), ...given } as unknown as Operations, calls };
}

function stubOf(name: OperationName, calls: StubCall[]) {
  // Bytes are there during the call only.
  const remember = (input: unknown, { signal }: OperationContext): void =>
    void calls.push({ name, input: structuredClone(input), signal });
  if (routeOf(name).stream === true) {
    return async function* (input: unknown, context: OperationContext) {
      remember(input, context);
      yield { name };
      yield { type: 'done' };
    };
  }
  const answer = routeOf(name).gives === 'bytes' ? new TextEncoder().encode(JSON.stringify({ name })) : { name };
  return async (input: unknown, context: OperationContext) => {
    remember(input, context);
    return answer;
  };
}

const agent = 'alice';
const contact = 'bob/../%2e did:key:z6Mk';
const id = 'msg_0192f0c1-3c4d-7e5f-8a9b-0c1d2e3f4a5b';
const file = { name: '../a.txt', mediaType: 'text/plain', base64: 'aGk=' };

/** One input for every operation, with all of its fields. */
export const sampleInputs: Inputs = {
  status: { agent },
  pause: { agent, reason: 'a loop' },
  resume: { agent },
  doctor: { agent },
  reviews: { agent, limit: 5 },
  review: { agent, id },
  approveReview: { agent, id, digest: '0123456789ab' },
  denyReview: { agent, id, digest: '0123456789ab' },
  shutdown: { agent },
  agents: { agent },
  addAgent: { agent, name: 'carol', displayName: 'Carol' },
  card: { agent },
  verifyCard: { agent, card: { v: 1, devices: [] } },
  rotateKey: { agent },
  scan: { agent, targets: ['http://127.0.0.1:8787'], timeoutMs: 100 },
  scanLan: { agent, timeoutMs: 100 },
  contacts: { agent, state: 'trusted' },
  contact: { agent, contact },
  rename: { agent, contact, name: 'bobby' },
  setTier: { agent, contact, tier: 'notify', messageTypes: ['alert'], maxAttachmentBytes: 0 },
  block: { agent, contact },
  remove: { agent, contact },
  markVerified: { agent, contact, safetyNumber: '12345 12345' },
  approveChange: { agent, contact, keepKey: true },
  hubs: { agent },
  joinHub: { agent, target: 'http://127.0.0.1:7700', invite: 'mesh-hub:abc' },
  leaveHub: { agent, hub: 'teamhub' },
  directory: { agent, hub: 'teamhub', search: 'bob', capability: 'code.review', limit: 5 },
  routes: { agent, contact },
  probe: { agent, contact },
  request: { agent, target: { v: 1 }, purpose: 'to talk', petname: 'dave', targetAgent: 'david' },
  requests: { agent },
  approve: { agent, id: 'req_1', petname: 'eve', tier: 'bounded' },
  reject: { agent, id: 'req_1', block: false },
  invite: { agent, expiresInMs: 1000, tier: 'trusted' },
  invites: { agent },
  join: { agent, invite: 'mesh:abc', petname: 'frank', tier: 'owner', waitMs: 0 },
  send: {
    agent,
    to: contact,
    text: 'Grüße\n\0',
    type: 'alert',
    subject: 's',
    priority: 'high',
    ttlSeconds: 60,
    metadata: { a: [1, { b: null }] },
    attachments: [file],
    files: [{ name: 'b.iso', mediaType: 'text/plain', upload: 'upl_1', size: 9 }],
    idempotencyKey: 'k',
    replyTo: id,
    replyContext: ['any', { json: true }],
    dryRun: true,
  },
  ask: { agent, to: contact, text: '?', timeoutMs: 1000 },
  inbox: { agent, unread: false, peer: contact, limit: 5, afterSeq: 0 },
  message: { agent, id },
  read: { agent, id },
  attachment: { agent, id, index: 0 },
  reply: { agent, id, text: 'yes', subject: 's', metadata: {}, attachments: [] },
  attach: { agent, program: 'p', types: ['request'], concurrency: 2, timeoutMs: 1000 },
  complete: { agent, id, text: 'yes', subject: 's', metadata: { a: 1 } },
  release: { agent, id, error: 'no', counts: true },
  files: { agent, peer: contact, limit: 7, open: true },
  upload: { agent },
  uploadPart: { agent, upload: 'upl_1', offset: 4096, bytes: Uint8Array.of(0, 255, 10, 13) },
  dropUpload: { agent, upload: 'upl_1' },
  filePart: { agent, id, index: 1, part: 0 },
  removeFile: { agent, id, index: 1 },
  outbox: { agent, peer: contact, state: 'dead', limit: 1 },
  track: { agent, id },
  cancel: { agent, id },
  deadLetters: { agent, box: 'outbox', peer: contact, reason: 'EXPIRED', before: 7, limit: 3 },
  deadLetter: { agent, id },
  replayDead: { agent, ids: [id], all: true, box: 'inbox', peer: contact, reason: 'HANDLER_FAILED', before: 7 },
  purgeDead: { agent, ids: [id], all: true, box: 'inbox', peer: contact, reason: 'HANDLER_FAILED', before: 7 },
  audit: { agent, kind: 'contact.trusted', since: 1, until: 2, limit: 3, afterSeq: 4 },
  auditVerify: { agent },
};
