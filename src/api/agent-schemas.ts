import * as z from 'zod';
import { agentField, contactState, count, json, type OperationSchema, time } from './base-schemas.ts';

export const agentView = z.object({
  name: z.string(),
  displayName: z.string().optional(),
  agentId: z.string(),
  fingerprint: z.string().describe('8 groups of 4 hex digits, for people'),
  fingerprintFull: z.string().describe('64 hex digits'),
  endpoints: z.array(z.string()),
  cardSeq: count,
  cardExpiresAt: time,
  deviceExpiresAt: time,
  runtime: z.enum(['inbox', 'attached', 'command', 'webhook', 'openclaw', 'in-process']),
  unread: count,
  isDefault: z.boolean(),
});

/** A card as `verifyCard` accepted it (spec 1.6); keys and signatures in base64url. */
export const cardJson = z.object({
  v: z.literal(1),
  agentId: z.string(),
  name: z.string(),
  displayName: z.string().optional(),
  publicKey: z.string(),
  devices: z.array(z.object({ publicKey: z.string(), notBefore: time, notAfter: time, signature: z.string() })),
  endpoints: z.array(z.string()),
  mailboxes: z.array(z.string()),
  capabilities: z.array(z.object({ id: z.string(), description: z.string(), tags: z.array(z.string()) })),
  suites: z.array(z.string()),
  seq: count,
  createdAt: time,
  expiresAt: time,
  signature: z.string(),
});

const scanProgress = z.object({ type: z.literal('progress'), done: count, total: count }).describe('Addresses');
const scanFound = z.object({
  type: z.literal('found'),
  url: z.string(),
  agents: z.array(
    z.object({
      agentId: z.string(),
      name: z.string(),
      displayName: z.string().optional(),
      fingerprint: z.string(),
      contact: z.object({ petname: z.string(), state: contactState }).optional(),
      own: z.literal(true).optional().describe('An agent of this node'),
    }),
  ),
});

export const scanEvent = z.discriminatedUnion('type', [
  scanProgress,
  scanFound,
  z.object({ type: z.literal('done'), total: count, found: count }),
]);

export const lanScanEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heard'), nodes: count.describe('That have answered so far') }),
  scanProgress,
  scanFound,
  z.object({
    type: z.literal('done'),
    total: count.describe('Addresses'),
    found: count.describe('Nodes, each once and without this one'),
    unasked: count.describe('Addresses that there was no time for'),
    ignored: count.describe('Answers that are not those of a node of this network'),
    isFull: z.boolean().describe('More nodes answered than one scan takes'),
  }),
]);

export const agentSchemas = {
  agents: {
    summary: 'The agents of this node',
    input: z.strictObject({ ...agentField }),
    output: z.object({ agents: z.array(agentView) }),
  },
  addAgent: {
    summary: 'Makes one more agent on this node',
    input: z.strictObject({ ...agentField, name: z.string(), displayName: z.string().optional() }),
    output: agentView,
  },
  card: {
    summary: 'The public card of the agent',
    input: z.strictObject({ ...agentField }),
    output: z.object({ card: cardJson, fingerprint: z.string(), fingerprintFull: z.string() }),
  },
  verifyCard: {
    summary: 'Checks a card that somebody gave you',
    input: z.strictObject({ ...agentField, card: json.describe('The card as JSON') }),
    output: z.object({
      valid: z.literal(true),
      card: cardJson,
      fingerprint: z.string(),
      safetyNumber: z.string(),
      contact: z.string().optional().describe('Petname, when it is a contact'),
      own: z.literal(true).optional().describe('The card of an agent of this node'),
    }),
  },
  rotateKey: {
    summary: 'Replaces the root key of the agent; contacts follow it',
    input: z.strictObject({ ...agentField }),
    output: z.object({ from: z.string(), to: z.string(), fingerprint: z.string() }),
  },
  scan: {
    summary: 'Looks for nodes at the given addresses',
    input: z.strictObject({
      ...agentField,
      targets: z.array(z.string()).min(1).describe('URLs, URL templates such as http://10.0.0.{1..254}:8787'),
      timeoutMs: z.int().min(1).max(60_000).optional().describe('For each address'),
    }),
    output: scanEvent,
  },
  scanLan: {
    summary: 'Looks for nodes that announce themselves on the local network (mDNS)',
    input: z.strictObject({
      ...agentField,
      timeoutMs: z.int().min(1).max(60_000).optional().describe('For answers, and then for each address'),
    }),
    output: lanScanEvent,
  },
} as const satisfies Record<string, OperationSchema>;
