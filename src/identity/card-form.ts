import { defaultLimits, fromBase64url, MeshError, toUtf8 } from '#kernel';
import { type AgentId, isAgentId } from './agent-id.ts';
import { isTime } from './checks.ts';
import { isName } from './name.ts';

/** A device certificate as a card holds it: keys and signature in base64url, times in ms since 1970. */
export interface CardDevice {
  readonly publicKey: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly signature: string;
}

export interface Capability {
  readonly id: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** An agent's public description, signed by its root key (spec 1.6). Keys and signatures in base64url, times in ms since 1970. */
export interface Card {
  readonly v: 1;
  readonly agentId: AgentId;
  readonly name: string;
  readonly displayName?: string;
  readonly publicKey: string;
  readonly devices: readonly CardDevice[];
  readonly endpoints: readonly string[];
  readonly mailboxes: readonly string[];
  readonly capabilities: readonly Capability[];
  readonly suites: readonly string[];
  readonly seq: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly signature: string;
}

const required = [
  'v',
  'agentId',
  'name',
  'publicKey',
  'devices',
  'endpoints',
  'mailboxes',
  'capabilities',
  'suites',
  'seq',
  'createdAt',
  'expiresAt',
  'signature',
] as const;

/** A new object with the known fields of a card, each in its form (spec 1.6). Throws CARD_INVALID or UNSUPPORTED_VERSION. */
export function parseCardForm(value: unknown): Card {
  const card = record(value, { required, optional: ['displayName'], where: 'card' });
  if (card.v !== 1) {
    if (isTime(card.v)) throw new MeshError('UNSUPPORTED_VERSION', `The card has version ${card.v}, known is 1`);
    throw invalid('card.v', 'must be 1');
  }
  if (!isAgentId(card.agentId)) throw invalid('card.agentId', 'must be a did:key of an Ed25519 key');
  if (!isName(card.name)) throw invalid('card.name', 'must be a name of 1 to 63 characters of a-z 0-9 . _ -');
  const createdAt = time(card.createdAt, 'card.createdAt');
  const expiresAt = time(card.expiresAt, 'card.expiresAt');
  if (expiresAt <= createdAt) throw invalid('card.expiresAt', 'must be later than createdAt');
  return {
    v: 1,
    agentId: card.agentId,
    name: card.name,
    ...(Object.hasOwn(card, 'displayName') ? { displayName: line(card.displayName, 'card.displayName', 1) } : {}),
    publicKey: base64url(card.publicKey, 'card.publicKey', 32),
    devices: list(card.devices, 'card.devices', defaultLimits.maxCardDevices).map(device),
    endpoints: list(card.endpoints, 'card.endpoints', defaultLimits.maxCardEndpoints).map(url('card.endpoints')),
    mailboxes: list(card.mailboxes, 'card.mailboxes', defaultLimits.maxCardEndpoints).map(url('card.mailboxes')),
    capabilities: list(card.capabilities, 'card.capabilities', defaultLimits.maxCardCapabilities).map(capability),
    suites: list(card.suites, 'card.suites', 8).map(suite),
    seq: time(card.seq, 'card.seq'),
    createdAt,
    expiresAt,
    signature: base64url(card.signature, 'card.signature', 64),
  };
}

function device(value: unknown, index: number): CardDevice {
  const where = `card.devices[${index}]`;
  const fields = record(value, { required: ['publicKey', 'notBefore', 'notAfter', 'signature'], where });
  return {
    publicKey: base64url(fields.publicKey, `${where}.publicKey`, 32),
    notBefore: time(fields.notBefore, `${where}.notBefore`),
    notAfter: time(fields.notAfter, `${where}.notAfter`),
    signature: base64url(fields.signature, `${where}.signature`, 64),
  };
}

const identifier = /^[a-z0-9][a-z0-9._:/-]{0,63}$/;

function capability(value: unknown, index: number): Capability {
  const where = `card.capabilities[${index}]`;
  const fields = record(value, { required: ['id', 'description', 'tags'], where });
  const { id } = fields;
  if (typeof id !== 'string' || !identifier.test(id))
    throw invalid(`${where}.id`, 'must be 1 to 64 of a-z 0-9 . _ : / -');
  return {
    id,
    description: line(fields.description, `${where}.description`, 0),
    tags: list(fields.tags, `${where}.tags`, 16).map((tag) => line(tag, `${where}.tags`, 1)),
  };
}

function suite(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9_.-]{1,100}$/.test(value)) return value;
  throw invalid('card.suites', 'must be names of 1 to 100 characters of A-Z a-z 0-9 _ . -');
}

const url = (where: string) => (value: unknown) => {
  if (typeof value === 'string' && isEndpoint(value)) return value;
  throw invalid(where, 'must be http(s) URLs of at most 512 characters without credentials, query and fragment');
};

/** True for an absolute http or https URL in printable ASCII without credentials, query and fragment (spec 1.6). */
export function isEndpoint(text: string): boolean {
  if (text.length > 512 || !/^https?:\/\/[^/@?#\\\s][^@?#\\]*$/.test(text) || !/^[\x21-\x7e]+$/.test(text))
    return false;
  return URL.canParse(text);
}

// Controls could drive a terminal, direction marks could make one name look like another (spec 1.6).
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const maxLineBytes = 500;

function line(value: unknown, where: string, minBytes: number): string {
  if (typeof value !== 'string') throw invalid(where, 'must be text');
  const size = toUtf8(value).length;
  if (size >= minBytes && size <= maxLineBytes && !unprintable.test(value)) return value;
  throw invalid(where, `must be ${minBytes} to ${maxLineBytes} bytes of UTF-8 in one line without control characters`);
}

function base64url(value: unknown, where: string, length: number): string {
  if (typeof value === 'string' && value.length === Math.ceil((length * 4) / 3)) {
    try {
      if (fromBase64url(value).length === length) return value;
    } catch {
      // Falls through to the one refusal below.
    }
  }
  throw invalid(where, `must be base64url of ${length} bytes without padding`);
}

function time(value: unknown, where: string): number {
  if (isTime(value)) return value;
  throw invalid(where, 'must be a whole number from 0 to 2^53 - 1');
}

function list(value: unknown, where: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(where, 'must be a list');
  if (value.length > max) throw invalid(where, `has ${value.length} entries, at most ${max} are allowed`);
  return value;
}

interface RecordRule {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  readonly where: string;
}

function record(value: unknown, rule: RecordRule): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(rule.where, 'must be an object');
  const known = new Set([...rule.required, ...(rule.optional ?? [])]);
  const stranger = Object.keys(value).find((key) => !known.has(key));
  if (stranger !== undefined)
    throw invalid(rule.where, `has a key that is not known: ${JSON.stringify(stranger.slice(0, 40))}`);
  const missing = rule.required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw invalid(rule.where, `lacks ${missing}`);
  return { ...value };
}

const invalid = (where: string, rule: string): MeshError => new MeshError('CARD_INVALID', `${where} ${rule}`);
