import * as z from 'zod';
import { breakerState, contactState, count, outboxState, time } from './base-schemas.ts';
import { fileView } from './file-schemas.ts';
import { messageView } from './message-schemas.ts';

/** Of which local agent, and when. */
const base = { agent: z.string().describe('Name of the local agent'), at: time };
const peer = { peer: z.string().describe('Petname, or the id of who is no contact'), peerId: z.string() };

const messageStep = z.enum([
  'queued',
  'sealed',
  'sent',
  'delivered',
  'seen',
  'answered',
  'refused',
  'expired',
  'cancelled',
  'stored',
  'unsealed',
  'dead',
  'revived',
]);

export const meshEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message.received'), ...base, message: messageView }),
  z.object({
    type: z.literal('message.state'),
    ...base,
    ids: z.array(z.string()).describe('Messages that took this step together; at most 256 in one event'),
    ...peer,
    step: messageStep,
    state: outboxState.describe('After the step'),
    reason: z.string().optional().describe('Error code'),
    answerId: z.string().optional(),
    route: z.string().optional(),
  }),
  z.object({
    type: z.literal('message.dead'),
    ...base,
    ids: z.array(z.string()).describe('Messages that came in and that the program gave up on'),
    ...peer,
    reason: z.string().describe('Error code'),
  }),
  z.object({
    type: z.literal('message.held'),
    ...base,
    ids: z.array(z.string()).describe('Messages that wait for the owner, because the guard saw something in them'),
    ...peer,
    direction: z.enum(['in', 'out']),
  }),
  z.object({ type: z.literal('file.changed'), ...base, file: fileView }).describe('A file came further, or to its end'),
  z.object({
    type: z.literal('files.refused'),
    ...base,
    ...peer,
    id: z.string().describe('Of the message that was refused for its files'),
    size: count.describe('Bytes'),
    reason: z.string().describe('Error code'),
  }),
  z.object({
    type: z.literal('contact.changed'),
    ...base,
    petname: z.string(),
    agentId: z.string(),
    state: contactState,
  }),
  z.object({
    type: z.literal('request.received'),
    ...base,
    id: z.string(),
    petname: z.string(),
    agentId: z.string(),
    fingerprint: z.string(),
  }),
  z.object({ type: z.literal('link.up'), ...base, ...peer, route: z.string().optional() }),
  z.object({
    type: z.literal('link.down'),
    ...base,
    ...peer,
    route: z.string().optional(),
    code: z.string().optional().describe('Error code'),
  }),
  z.object({
    type: z.literal('link.held'),
    ...base,
    ...peer,
    code: z.string().describe('Error code: why the peer takes nothing'),
    until: time,
  }),
  z.object({ type: z.literal('breaker.changed'), ...base, ...peer, state: breakerState }),
  z.object({ type: z.literal('session.replaced'), ...base, ...peer, reason: z.string().describe('Error code') }),
  z.object({ type: z.literal('agent.added'), ...base, agentId: z.string() }),
  z.object({ type: z.literal('hub.up'), ...base, hub: z.string(), url: z.string() }),
  z.object({
    type: z.literal('hub.down'),
    ...base,
    hub: z.string(),
    url: z.string(),
    code: z.string().optional().describe('Error code'),
  }),
  z.object({
    type: z.enum(['programs.paused', 'programs.resumed']),
    at: time,
    agent: z.string().optional().describe('Absent: all agents of the node'),
    reason: z.string().optional(),
  }),
  z.object({ type: z.literal('agent.superseded'), ...base }),
  z.object({ type: z.literal('node.stopping'), at: time }),
]);

/** In place of events that are no longer kept: what was shown may be out of date, so look again. */
export const missedEvent = z.object({
  type: z.literal('missed'),
  count: count.optional().describe('How many, when that is known'),
});

export const streamedEvent = z.union([meshEvent, missedEvent]);
