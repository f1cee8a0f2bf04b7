import type { Operations } from '#api';
import { MeshError } from '#kernel';
import type { InboxMessage } from '#delivery';
import {
  type Cause,
  causeOf,
  composeAnswer,
  composeMessage,
  type Draft,
  type Lane,
  maySendWithFiles,
  type Outgoing,
  type Share,
  takeRest,
  takeShare,
} from '#pipeline';
import { type Attachment, decodeMessage, encodeMessage, type Message, type MessageId, toMessageJson } from '#protocol';
import { resolveContact } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { inboxRow } from './find.ts';
import { type HandedOver, imaginedFiles, withFiles } from './handed-over.ts';
import { attachmentsOf, type SendLike } from './send-input.ts';
import { shareFor, withShare } from './sharing.ts';
import { defined } from './defined.ts';
import { peerOf } from './peer-of.ts';
import { messageView } from './views.ts';

type MessageOperations = Pick<Operations, 'send' | 'ask' | 'reply' | 'inbox' | 'message' | 'read' | 'attachment'>;

const defaultPage = 50;

/** Saying something, and what came in. */
export function messageOperations(parts: NodeParts): MessageOperations {
  return {
    send: (input) => send(parts, input),
    ask: (input, { signal }) => ask(parts, input, signal),
    reply: (input) => reply(parts, input),

    async inbox(input) {
      const host = hostNamed(parts, input.agent);
      const sender = input.peer === undefined ? undefined : contactOf(host, input.peer).agentId;
      const { unread, afterSeq, limit = defaultPage } = input;
      const rows = parts.store.read.inbox.list({
        agent: host.agent.name,
        limit,
        ...defined({ sender, unread, afterSeq }),
      });
      const lastSeq = Math.max(afterSeq ?? 0, ...rows.map(({ seq }) => seq));
      const paused = parts.pauses.of(host.agent.name);
      return { messages: rows.map((row) => messageView(host, row)), lastSeq, ...defined({ paused }) };
    },

    async message(input) {
      const host = hostNamed(parts, input.agent);
      return messageView(host, inboxRow(host, input.id));
    },

    async read(input) {
      const host = hostNamed(parts, input.agent);
      const row = inboxRow(host, input.id);
      await markRead(parts, host, row);
      return messageView(host, inboxRow(host, row.id));
    },

    attachment: async (input) => attachment(hostNamed(parts, input.agent), input),
  };
}

function attachment(host: AgentHost, { id, index }: { readonly id: string; readonly index: number }) {
  const found = decodeMessage(inboxRow(host, id).body).payload.attachments?.[index];
  if (found === undefined) throw new MeshError('NOT_FOUND', `The message has no attachment ${index}`);
  const { kind, name, mediaType = 'application/octet-stream' } = found;
  if (kind === 'inline') return { name, mediaType, base64: Buffer.from(found.bytes).toString('base64') };
  if (kind === 'url') {
    throw new MeshError('WRONG_STATE', `The attachment ${name} is a link, which is never fetched`, { hint: found.url });
  }
  throw new MeshError('WRONG_STATE', `The attachment ${name} lies beside the message`, {
    hint: `Save it with: mesh save ${id} DIR`,
  });
}

export const contactOf = (host: AgentHost, text: string) =>
  resolveContact(host.desk.ports.store.read.contacts, host.agent.name, text);

async function send(
  parts: NodeParts,
  input: SendLike & { readonly type?: Message['type'] | undefined; readonly dryRun?: boolean | undefined },
) {
  const host = hostNamed(parts, input.agent);
  const lane = host.lane(contactOf(host, input.to).agentId);
  const share = shareFor(parts, { host, lane }, input);
  const compose = (beside: readonly Attachment[]): Message =>
    composeMessage(lane, {
      ...draftOf(host, input, { type: input.type ?? 'notification', beside }),
      ...takenAlong(share),
    });
  return withShare(host, share, async () => {
    if (input.dryRun === true) return dryRun(host, lane, compose(imaginedFiles(input.files)));
    return withFiles(host, input.files, async (files) =>
      submit(host, lane, { message: compose(files.attachments), spending: share.spending, files }),
    );
  });
}

/** What it takes along of the message because of which it is sent. */
const takenAlong = ({ budget, sources }: Share): Pick<Draft, 'budget' | 'sources'> => ({ budget, sources });

function dryRun(host: AgentHost, lane: Lane, message: Message) {
  maySendWithFiles(lane, message);
  const bytes = encodeMessage(message).length;
  return {
    ...accepted(host, lane, message),
    bytes,
    state: 'queued' as const,
    duplicate: false,
    wouldSend: toMessageJson(message),
  };
}

async function submit(host: AgentHost, lane: Lane, outgoing: Outgoing & { readonly files: HandedOver }) {
  const { message, spending, files } = outgoing;
  const { id, bytes, duplicate, isHeld } = await files.send(lane, { message, spending });
  const facts = { ...accepted(host, lane, message), id, bytes, duplicate };
  // What was accepted just now is queued; only an earlier message may have come further, and has a conversation and times of its own.
  const earlier = duplicate ? host.desk.ports.store.read.outbox.message(host.agent.name, id) : undefined;
  if (earlier === undefined) return { ...facts, state: isHeld === true ? ('review' as const) : ('queued' as const) };
  const { state, conversationId, createdAt, expiresAt } = earlier;
  return { ...facts, state, conversationId, createdAt, expiresAt };
}

function accepted(host: AgentHost, lane: Lane, message: Message) {
  return {
    id: message.id,
    conversationId: message.conversationId,
    ...peerOf(host, lane.peer),
    createdAt: message.timestamp,
    expiresAt: message.timestamp + message.ttl * 1000,
  };
}

interface Kind {
  readonly type: Message['type'];
  /** Files beside the message. */
  readonly beside: readonly Attachment[];
}

function draftOf(host: AgentHost, input: SendLike, { type, beside }: Kind): Draft {
  const { text, subject, priority, ttlSeconds, metadata, idempotencyKey, replyContext, replyTo } = input;
  const parent = replyTo === undefined ? undefined : decodeMessage(inboxRow(host, replyTo).body);
  return {
    type,
    body: text,
    subject,
    priority,
    ttlSeconds,
    metadata,
    idempotencyKey,
    replyContext,
    attachments: attachmentsOf(input, beside),
    conversationId: parent?.conversationId,
    parentMessageId: parent?.id,
  };
}

async function ask(parts: NodeParts, input: SendLike & { readonly timeoutMs: number }, signal: AbortSignal) {
  const host = hostNamed(parts, input.agent);
  const lane = host.lane(contactOf(host, input.to).agentId);
  const share = shareFor(parts, { host, lane }, input);
  return withShare(host, share, () =>
    withFiles(host, input.files, (files) => askWith(parts, { host, lane, input, files, share }, signal)),
  );
}

interface Asking {
  readonly host: AgentHost;
  readonly lane: Lane;
  readonly input: SendLike & { readonly timeoutMs: number };
  readonly files: HandedOver;
  readonly share: Share;
}

async function askWith(parts: NodeParts, { host, lane, input, files, share }: Asking, signal: AbortSignal) {
  const { name: agent } = host.agent;
  const draft = draftOf(host, input, { type: 'request', beside: files.attachments });
  const message = composeMessage(lane, { ...draft, ...takenAlong(share) });
  const startedAt = parts.clock.monotonic();
  const done = new AbortController();
  const options = { timeoutMs: input.timeoutMs, signal: AbortSignal.any([signal, done.signal]) };
  const answer = parts.answers.wait({ agent, of: lane, request: message.id }, options);
  try {
    const sending = files.send(lane, { message, spending: share.spending });
    // The time may be over before the message is stored.
    const { id, duplicate, isHeld } = await Promise.race([sending, answer.then(() => sending)]);
    if (isHeld === true) throw heldRequest(id);
    const earlier = duplicate ? answerTo(parts, agent, id) : undefined;
    const repeated = (): Promise<Message> => parts.answers.wait({ agent, of: lane, request: id }, options);
    const answerId = earlier ?? (await (duplicate ? repeated() : answer)).id;
    const elapsedMs = Math.round(parts.clock.monotonic() - startedAt);
    const row = inboxRow(host, answerId);
    await markRead(parts, host, row);
    return { request: id, answer: messageView(host, inboxRow(host, answerId)), elapsedMs };
  } finally {
    answer.catch(() => undefined);
    done.abort();
  }
}

/** Whoever asks need not wait for an answer that depends on the owner. */
const heldRequest = (id: MessageId): MeshError =>
  new MeshError('REVIEW_PENDING', `The request ${id} waits for its owner, because the guard saw something in it`, {
    hint: `Look at it and decide: mesh review show ${id}. Its answer comes into the inbox then.`,
    data: { id },
  });

/** The answer that is here already; that there is one may be known before it comes. */
function answerTo({ store }: NodeParts, agent: string, id: MessageId): MessageId | undefined {
  const answerId = store.read.outbox.message(agent, id)?.answerId;
  return answerId === undefined ? undefined : store.read.inbox.message(agent, answerId)?.id;
}

async function reply(
  parts: NodeParts,
  input: Pick<SendLike, 'agent' | 'text' | 'subject' | 'metadata' | 'attachments' | 'files' | 'root'> & {
    readonly id: string;
  },
) {
  const host = hostNamed(parts, input.agent);
  const row = inboxRow(host, input.id);
  const lane = host.lane(row.sender);
  const { text: body, subject, metadata } = input;
  const request = decodeMessage(row.body);
  const share = answerShare(host, causeOf(row, request), input);
  const compose = (beside: readonly Attachment[]): Message =>
    composeAnswer(lane, request, {
      body,
      subject,
      metadata,
      attachments: attachmentsOf(input, beside),
      ...takenAlong(share),
    });
  const result = await withShare(host, share, () =>
    withFiles(host, input.files, async (files) =>
      submit(host, lane, { message: compose(files.attachments), spending: share.spending, files }),
    ),
  );
  await parts.store.transact((tx) => {
    tx.inbox.markRead(host.agent.name, [row.id], parts.clock.now());
    // Its program may have been given it meanwhile, and is not done with it before it says so.
    const state = tx.inbox.message(host.agent.name, row.id)?.state;
    if (state === 'new' || state === 'dead' || state === 'review')
      tx.inbox.complete(host.agent.name, row.id, result.id);
    // The owner may still refuse the answer: then it never was one.
    if (result.state === 'review') return;
    const receipt = { kind: 'answered', messageId: row.id, answerId: result.id, at: parts.clock.now() } as const;
    tx.outbox.queueReceipt({ agent: host.agent.name, peer: lane.peer }, receipt);
  });
  lane.hasReceipts = true;
  lane.flushSoon();
  return result;
}

/** A person begins anew; a program gives back what is left of the budget of the request. */
function answerShare(host: AgentHost, cause: Cause, { root }: Pick<SendLike, 'root'>): Share {
  const { ports } = host.desk;
  if (root !== true) ports.pauses.check(host.agent.name);
  return root === true
    ? takeShare(ports, { agent: host.agent.name, cause: undefined, asked: {} })
    : takeRest(ports, cause);
}

/** A person reading it is what the sender sees as `seen`, unless its program saw it before. */
async function markRead(parts: NodeParts, host: AgentHost, row: InboxMessage): Promise<void> {
  if (row.readAt !== undefined) return;
  const agent = host.agent.name;
  const lane = host.lane(row.sender);
  const at = parts.clock.now();
  await parts.store.transact((tx) => {
    tx.inbox.markRead(agent, [row.id], at);
    if (row.seenAt !== undefined) return;
    tx.inbox.markSeen(agent, [row.id], at);
    tx.outbox.queueReceipt({ agent, peer: lane.peer }, { kind: 'seen', messageIds: [row.id], at });
  });
  if (row.seenAt !== undefined) return;
  lane.hasReceipts = true;
  lane.flushSoon();
}
