import { describe, expect, it } from 'vitest';
import { MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';
import { bob, carol, contact, erin, file, greeting, question, sentMessage, type World, world } from './world.ts';

/**
 * A title for the terminal, a red colour in both spellings, a cursor movement, a bell, a reversed name, a hidden
 * character, new lines.
 */
const hostile =
  'x\u001b]0;owned\u0007\u001b[31m\u009b2J\u202eevil\u2066\u200b\r\nerror[INTERNAL]: fake\u0000\u007f\u{e0041}';
const unsafe =
  // oxlint-disable-next-line no-control-regex -- this is what must not come out
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0041}]/u;

const evil = contact('bob', {
  petname: hostile,
  name: hostile,
  displayName: hostile,
  purpose: hostile,
  route: hostile,
  endpoints: [hostile],
  link: 'up',
  lastError: { code: hostile, message: hostile, at: 0 },
});
const evilMessage = {
  ...question,
  peer: hostile,
  subject: hostile,
  body: hostile,
  error: hostile,
  metadata: { [hostile]: hostile },
  attachments: [
    { kind: 'inline' as const, name: hostile, mediaType: hostile, size: 3 },
    { kind: 'url' as const, name: hostile, url: hostile },
    {
      kind: 'blob' as const,
      name: hostile,
      mediaType: hostile,
      size: 3,
      file: { state: 'failed' as const, have: 0, reason: hostile },
    },
  ],
};
const evilRequest = {
  ...erin,
  petname: hostile,
  displayName: hostile,
  purpose: hostile,
  endpoints: [hostile],
  sameNameAs: hostile,
};
const evilSent = sentMessage('msg_019bf003-0001-7000-8000-000000000001', {
  peer: hostile,
  subject: hostile,
  body: hostile,
  route: hostile,
});

const evilWorld: World = {
  contacts: { contacts: [evil] },
  contact: evil,
  requests: { requests: [evilRequest] },
  request: { ...evilRequest, direction: 'out' },
  approve: evil,
  join: evil,
  rename: evil,
  setTier: evil,
  block: evil,
  markVerified: evil,
  remove: { removed: hostile, cancelled: 1 },
  inbox: { messages: [evilMessage], lastSeq: 1 },
  message: evilMessage,
  read: evilMessage,
  files: {
    files: [file(hostile, { peer: hostile, mediaType: hostile, state: 'failed', reason: hostile })],
    kept: { in: 1, out: 1, max: 1, maxPerPeer: 1 },
  },
  removeFile: file(hostile),
  outbox: { messages: [evilSent] },
  track: {
    ...evilSent,
    steps: [{ at: 0, state: hostile, by: 'peer', proof: 'receipt', note: hostile, route: hostile }],
  },
  send: () => ({ ...accepted(), peer: hostile }),
  reply: () => ({ ...accepted(), peer: hostile }),
  ask: { request: 'msg_1', elapsedMs: 1, answer: evilMessage },
  scan: [
    {
      type: 'found',
      url: hostile,
      agents: [{ agentId: bob.agentId, name: hostile, displayName: hostile, fingerprint: hostile }],
    },
    { type: 'done', total: 1, found: 1 },
  ],
  scanLan: [
    {
      type: 'found',
      url: hostile,
      agents: [{ agentId: bob.agentId, name: hostile, displayName: hostile, fingerprint: hostile }],
    },
    { type: 'done', total: 1, found: 1, unasked: 3, ignored: 2, isFull: true },
  ],
  verifyCard: {
    valid: true,
    fingerprint: '',
    safetyNumber: carol.safetyNumber,
    card: {
      v: 1,
      agentId: bob.agentId,
      name: hostile,
      displayName: hostile,
      publicKey: '',
      devices: [],
      endpoints: [hostile],
      mailboxes: [],
      capabilities: [],
      suites: [],
      seq: 1,
      createdAt: 0,
      expiresAt: 0,
      signature: '',
    },
  },
  audit: ({ afterSeq = 0 }) => ({
    entries:
      afterSeq > 0
        ? []
        : [{ seq: 1, at: 0, agent: hostile, kind: hostile, data: { note: hostile }, previous: '', hash: '' }],
  }),
  auditVerify: { ok: false, entries: 1, checkpoints: 0, problem: hostile },
};

function accepted() {
  const { send } = world;
  if (typeof send !== 'function') throw new Error('The world answers send by a function');
  return send({ to: 'bob', text: '' });
}

const commands = [
  'peers',
  'contact bob',
  'requests',
  'approve erin-of-ops',
  'join mesh:a',
  'request http://x.example',
  'rename bob b',
  'tier bob notify',
  'block bob',
  'verify bob',
  'verify bob --yes',
  'remove bob',
  'inbox',
  'read msg_019bf002',
  'outbox',
  'track msg_019bf003',
  'files',
  'files remove msg_019bf002',
  'send bob hi',
  'reply msg_019bf002 hi',
  'ask bob hi',
  'scan 10.0.0.7',
  'scan --lan',
  'card verify -',
  'audit',
  'audit export',
  'audit export --format json',
  'audit verify',
  'status',
];

describe('text that others wrote', () => {
  it.each(commands)('mesh %s never lets it drive the terminal', async (command) => {
    const status = typeof world.status === 'object' ? { ...world.status, peers: [evil] } : undefined;
    const answers = { ...evilWorld, ...(status === undefined ? {} : { status }) };
    const run = await mesh([...command.split(' '), '--no-color'], { world: answers, stdin: '{}', terminal: 200 });
    // What the program itself sends: the erasure of its progress line, and the line ends of CSV.
    const text = (run.stdout + run.stderr).replaceAll('\r\u001b[2K', '').replaceAll('\r\n', '\n');
    expect(text).not.toMatch(unsafe);
    expect(text).not.toMatch(/^error\[INTERNAL\]/m);
  });

  it('would be found by this test if it came out raw', () => {
    expect(hostile).toMatch(unsafe);
    expect(hostile).toMatch(/^error\[INTERNAL\]/m);
  });

  it('is shown as escapes, so that a person sees that something is there', async () => {
    const { stdout } = await mesh(['contact', 'bob'], { world: evilWorld });
    expect(stdout).toContain(
      String.raw`x\x1b]0;owned\x07\x1b[31m\x9b2J\u{202e}evil\u{2066}\u{200b}\r\nerror[INTERNAL]: fake\x00\x7f\u{e0041}`,
    );
  });

  it('keeps the lines of a message, indented so that they cannot pass for words of this program', async () => {
    const body = 'first\r\n\terror[INTERNAL]: fake\nlast';
    const { stdout } = await mesh(['read', greeting.id], { world: { read: { ...greeting, body } } });
    expect(stdout).toContain('\n  first\n      error[INTERNAL]: fake\n  last\n');
  });

  it('is escaped in errors too', async () => {
    const fail = (): never => {
      throw new MeshError('NOT_FOUND', hostile, { hint: hostile });
    };
    const { stderr } = await mesh(['contact', 'bob'], { world: { contact: fail } });
    expect(stderr.replaceAll('\n', '')).not.toMatch(unsafe);
    expect(stderr.split('\n')).toHaveLength(3);
  });
});
