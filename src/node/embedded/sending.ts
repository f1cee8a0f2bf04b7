import { MeshError } from '#kernel';
import {
  isJson,
  type Json,
  type JsonObject,
  type MessageType,
  messageTypes,
  priorities,
  type Priority,
} from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import { handOver, type SendingFile } from '../sending-files.ts';

export interface Sending {
  readonly text?: string;
  /** One of the protocol's (`request`, `notification`, `alert` …), or a word of your own. Without it a plain message. */
  readonly type?: string;
  readonly subject?: string;
  readonly priority?: Priority;
  readonly ttlSeconds?: number;
  readonly metadata?: JsonObject;
  readonly idempotencyKey?: string;
  /** Id of a message of the inbox that this belongs to. */
  readonly replyTo?: string;
  /** Opaque to the receiver; comes back with the answer. */
  readonly replyContext?: Json;
  /** Id of a message of the inbox because of which it is sent: its budget is taken from. What a handler sends needs none. */
  readonly causedBy?: string;
  /** How many turns of programs it may cause, its own included. */
  readonly turns?: number;
  /** How long a chain of messages it may cause, itself included. */
  readonly hops?: number;
  /** How many tokens those turns may use together. */
  readonly tokens?: number;
  /** What they may cost together, in US dollars. */
  readonly costUsd?: number;
  readonly attachments?: readonly { readonly name: string; readonly mediaType: string; readonly bytes: Uint8Array }[];
  /** Files of any size. */
  readonly files?: readonly SendingFile[];
  /** Whatever else the message says, as JSON: the receiver finds it in `payload`. */
  readonly [extra: string]: unknown;
}

const budget = ['causedBy', 'turns', 'hops', 'tokens', 'costUsd'] as const;
const known = ['subject', 'priority', 'ttlSeconds', 'idempotencyKey', 'replyTo', 'replyContext', ...budget] as const;
const taken: ReadonlySet<string> = new Set([...known, 'text', 'type', 'metadata', 'attachments', 'files']);
const types: ReadonlySet<string> = new Set(messageTypes);

/** What the operations take. Throws INVALID_ARGUMENT. */
export async function sendInput(host: AgentHost, to: string, message: string | Sending) {
  const said: Sending = typeof message === 'string' ? { text: message } : message;
  check(said);
  const { text = '', attachments = [], files = [] } = said;
  const inline = attachments.map(({ name, mediaType, bytes }) => ({
    name,
    mediaType,
    base64: Buffer.from(bytes).toString('base64'),
  }));
  const handed = files.length === 0 ? nothing : await handOver(files, text, host.files.uploads);
  const all = [...inline, ...handed.attachments];
  const metadata = metadataOf(said);
  return {
    agent: host.agent.name,
    to,
    text,
    ...knownOf(said),
    type: typeOf(said.type),
    ...(metadata === undefined ? {} : { metadata }),
    ...(all.length === 0 ? {} : { attachments: all }),
    ...(handed.files.length === 0 ? {} : { files: handed.files }),
  };
}

type Known = Pick<Sending, (typeof known)[number]>;

/** As the operations name it. */
const knownOf = (said: Sending): Known =>
  Object.fromEntries(known.filter((name) => said[name] !== undefined).map((name) => [name, said[name]]));

/** The same message as its whole payload. Throws INVALID_ARGUMENT. */
export function sendingOf(payload: JsonObject): Sending {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw wrong('A payload is an object', typeof payload);
  }
  const { text = '', type, ...metadata } = payload;
  if (typeof text !== 'string') throw wrong('The text of a payload is a string', typeof text);
  if (type !== undefined && typeof type !== 'string') throw wrong('The type of a payload is a string', typeof type);
  return { text, ...(type === undefined ? {} : { type }), metadata };
}

function check(said: Sending): void {
  if (typeof said !== 'object' || said === null) throw wrong('A message is a text or an object', typeof said);
  const { text = '', type = '', priority, metadata = {} } = said;
  if (typeof text !== 'string') throw wrong('The text of a message is a string', typeof text);
  if (typeof type !== 'string') throw wrong('The type of a message is a string', typeof type);
  if (priority !== undefined && !priorities.includes(priority)) {
    throw wrong(`The priority of a message is one of ${priorities.join(', ')}`, JSON.stringify(priority));
  }
  for (const name of ['turns', 'hops', 'tokens', 'costUsd'] as const) checkAmount(name, said[name]);
  if (typeof metadata !== 'object' || Array.isArray(metadata)) throw wrong('metadata is an object', typeof metadata);
}

function checkAmount(name: string, amount: unknown): void {
  const isWhole = name === 'costUsd' || Number.isInteger(amount);
  if (amount === undefined || (typeof amount === 'number' && amount >= 0 && isWhole)) return;
  throw wrong(
    `${name} is ${name === 'costUsd' ? 'an amount of US dollars' : 'a whole number'}, 0 or more`,
    JSON.stringify(amount),
  );
}

const wrong = (rule: string, given: string): MeshError =>
  new MeshError('INVALID_ARGUMENT', `${rule}; this is ${given}`, {
    hint: "Send a text, or an object: agent.send('bob', { text: 'hello', task: 42 })",
  });

function typeOf(type: string | undefined): MessageType | undefined {
  return messageTypes.find((one) => one === type);
}

/** What the protocol has no field for. */
function metadataOf(said: Sending): JsonObject | undefined {
  const { type, metadata = {} } = said;
  const extra = Object.entries(said).filter(([key, value]) => !taken.has(key) && value !== undefined);
  const all: Record<string, unknown> = { ...metadata, ...Object.fromEntries(extra) };
  if (type !== undefined && type !== 'message' && !types.has(type)) all['type'] = type;
  const json: Record<string, Json> = {};
  for (const [key, value] of Object.entries(all)) {
    if (!isJson(value)) throw wrong(`${JSON.stringify(key)} has to be JSON`, typeof value);
    json[key] = value;
  }
  return Object.keys(json).length === 0 ? undefined : json;
}

const nothing = { attachments: [], files: [] };
