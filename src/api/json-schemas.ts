import * as z from 'zod';
import { agentView, cardJson, scanEvent } from './agent-schemas.ts';
import { contactView } from './contact-schemas.ts';
import { fileView } from './file-schemas.ts';
import { streamedEvent } from './event-schemas.ts';
import { messageView, outboxView, sent, step } from './message-schemas.ts';
import { auditEntry, warning } from './node-schemas.ts';
import { inviteView, requestView } from './request-schemas.ts';
import { type OperationName, operationNames, pathFieldsOf, queryFieldsOf, routeOf } from './routes.ts';
import { operationSchemas } from './schemas.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

const errorBody = z.object({
  error: z.object({
    code: z.string().describe('One of docs/errors.md'),
    message: z.string(),
    hint: z.string().describe('What to do'),
    data: z.record(z.string(), z.unknown()),
  }),
});

const views = {
  Agent: agentView,
  Card: cardJson,
  Contact: contactView,
  ContactRequest: requestView,
  File: fileView,
  Invite: inviteView,
  Message: messageView,
  OutboxMessage: outboxView,
  Sent: sent,
  Step: step,
  ScanEvent: scanEvent,
  AuditEntry: auditEntry,
  Warning: warning,
  Event: streamedEvent,
  Error: errorBody,
};

/**
 * JSON Schemas by component name: the views, and for every operation `<Name>Body` (a POST) and `<Name>Output`. What is
 * a view elsewhere is referred to.
 */
export function toJsonSchemas(): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ id: string }>();
  const aliases: Record<string, JsonSchema> = {};
  for (const [id, schema] of Object.entries(views)) registry.add(schema, { id });
  for (const [id, schema] of operationEntries()) {
    const view = registry.get(schema)?.id;
    if (view === undefined) registry.add(schema, { id });
    else aliases[id] = { $ref: uriOf(view) };
  }
  const { schemas } = z.toJSONSchema(registry, { uri: uriOf, io: 'input', unrepresentable: 'any' });
  const named = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema] as const);
  return { ...Object.fromEntries(named), ...aliases };
}

/** What the components of an operation are called: `send` as `Send`. */
export const titleOf = (name: OperationName): string => name.charAt(0).toUpperCase() + name.slice(1);

const uriOf = (id: string): string => `#/components/schemas/${id}`;

function operationEntries(): readonly (readonly [string, z.ZodType])[] {
  return operationNames.flatMap((name) => {
    const route = routeOf(name);
    const title = titleOf(name);
    const { input, output } = operationSchemas[name];
    if (route.gives === 'bytes') return [];
    const result = [`${title}Output`, output] as const;
    if (route.takes === 'bytes') return [result];
    const elsewhere = new Set([...pathFieldsOf(route), ...Object.keys(queryFieldsOf(route))]);
    const fields = Object.entries(input.shape).filter(([field]) => !elsewhere.has(field));
    const body = z.strictObject(Object.fromEntries(fields));
    return route.method === 'POST' ? [[`${title}Body`, body] as const, result] : [result];
  });
}
