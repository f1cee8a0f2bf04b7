import { encodeCbor } from '#kernel';
import { FieldReader, type Form } from './field-reader.ts';
import { isJson } from './json-value.ts';
import { type Json, type Message, messageTypes, priorities } from './message.ts';
import { mayExceed, type MessageRules } from './message-rules.ts';
import { readPayload } from './payload-fields.ts';

const optional = [
  'conversationSeq',
  'parentMessageId',
  'correlationId',
  'idempotencyKey',
  'replayOf',
  'participants',
  'replyContext',
  'trace',
  'budget',
  'provenance',
];
const form: Form = {
  name: 'message',
  required: ['id', 'type', 'from', 'to', 'timestamp', 'ttl', 'priority', 'conversationId', 'payload'],
  optional,
};
const traceForm: Form = { name: 'message.trace', required: ['traceparent'] };
const budgetForm: Form = { name: 'message.budget', required: [], optional: ['hops', 'turns', 'tokens', 'costUsd'] };

type Budget = NonNullable<Message['budget']>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A message of these fields, each checked (spec §3.2). Sizes that depend on the whole encoding are for the caller. */
export function readMessage(value: unknown, rules: MessageRules): Message {
  const fields = new FieldReader(value, form, rules.code);
  const message: Message = {
    id: fields.id('id', 'msg'),
    type: fields.oneOf('type', messageTypes),
    from: fields.agentId('from'),
    to: fields.agentId('to'),
    timestamp: fields.count('timestamp'),
    ttl: fields.count('ttl', { min: 1, max: rules.limits.maxTtlSeconds }),
    priority: fields.oneOf('priority', priorities),
    conversationId: fields.id('conversationId', 'conv'),
    payload: readPayload(fields.value('payload'), rules),
  };
  // Most messages have few or none of these.
  return optional.some((key) => fields.has(key)) ? { ...message, ...readOptional(fields, rules) } : message;
}

function readOptional(fields: FieldReader, rules: MessageRules): Partial<Message> {
  const { limits } = rules;
  const found: Partial<Mutable<Message>> = {};
  if (fields.has('conversationSeq')) found.conversationSeq = fields.count('conversationSeq');
  if (fields.has('parentMessageId')) found.parentMessageId = fields.id('parentMessageId', 'msg');
  if (fields.has('correlationId')) found.correlationId = fields.id('correlationId', 'msg');
  if (fields.has('idempotencyKey'))
    found.idempotencyKey = fields.line('idempotencyKey', limits.maxIdempotencyKeyCharacters);
  if (fields.has('replayOf')) found.replayOf = fields.id('replayOf', 'msg');
  if (fields.has('participants')) found.participants = fields.agentIds('participants', limits.maxParticipants);
  if (fields.has('replyContext')) found.replyContext = readReplyContext(fields, rules);
  if (fields.has('trace')) found.trace = readTrace(fields.value('trace'), rules);
  if (fields.has('budget')) found.budget = readBudget(fields.value('budget'), rules);
  if (fields.has('provenance')) found.provenance = readProvenance(fields, limits.maxProvenance);
  return found;
}

function readReplyContext(fields: FieldReader, rules: MessageRules): Json {
  const value = fields.value('replyContext');
  const maxBytes = rules.limits.maxReplyContextBytes;
  if (!isJson(value)) throw fields.wrong('replyContext', 'must be a JSON value');
  const size = mayExceed(maxBytes, rules) ? encodeCbor(value).length : 0;
  if (size > maxBytes) throw fields.wrong('replyContext', `has ${size} bytes encoded, at most ${maxBytes} are allowed`);
  return value;
}

function readProvenance(fields: FieldReader, max: number): readonly Json[] {
  return fields.list('provenance', max, (entry) => {
    if (isJson(entry)) return entry;
    throw fields.wrong('provenance', 'must hold JSON values');
  });
}

// W3C Trace Context §3.2
const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function readTrace(value: unknown, { code }: MessageRules): { readonly traceparent: string } {
  const fields = new FieldReader(value, traceForm, code);
  const traceparent = fields.value('traceparent');
  if (typeof traceparent === 'string' && traceparentForm.test(traceparent)) return { traceparent };
  throw fields.wrong('traceparent', 'must be a W3C traceparent');
}

function readBudget(value: unknown, { code }: MessageRules): Budget {
  const fields = new FieldReader(value, budgetForm, code);
  const budget: Mutable<Budget> = {};
  if (fields.has('hops')) budget.hops = fields.count('hops');
  if (fields.has('turns')) budget.turns = fields.count('turns');
  if (fields.has('tokens')) budget.tokens = fields.count('tokens');
  if (fields.has('costUsd')) budget.costUsd = readCost(fields);
  return budget;
}

function readCost(fields: FieldReader): number {
  const cost = fields.value('costUsd');
  if (typeof cost === 'number' && Number.isFinite(cost) && cost >= 0) return cost;
  throw fields.wrong('costUsd', 'must be a number that is not negative');
}
