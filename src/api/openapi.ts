import * as z from 'zod';
import { titleOf, toJsonSchemas } from './json-schemas.ts';
import {
  eventsPath,
  openApiPath,
  type OperationName,
  operationNames,
  pathFieldsOf,
  queryFieldsOf,
  routeOf,
} from './routes.ts';
import { operationSchemas } from './schemas.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

interface MediaTypes {
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: MediaTypes & { readonly required: true };
  readonly responses: Readonly<Record<string, JsonSchema>>;
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, MediaTypes & { readonly description: string }>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}

const description = [
  'The local API of an Agent Mesh node. It listens on loopback only and wants the token of the file `api-token`.',
  'Times are milliseconds since 1970. Every error is `{ error: { code, message, hint, data } }`: compare the code.',
].join(' ');

const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: JsonSchema): MediaTypes => ({ content: { 'application/json': { schema } } });

/** The API as an OpenAPI 3.1 document; the ids of its operations are their names in the client. */
export function openApiDocument({ version }: { readonly version: string }): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  const put = (path: string, method: string, operation: OpenApiOperation): void => {
    const template = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [method.toLowerCase()]: operation };
  };
  for (const name of operationNames) put(routeOf(name).path, routeOf(name).method, operationOf(name));
  put(eventsPath, 'GET', eventsOperation);
  put(openApiPath, 'GET', documentOperation);
  return {
    openapi: '3.1.0',
    info: { title: 'Agent Mesh local API', version, description },
    security: [{ token: [] }],
    paths,
    components: {
      schemas: toJsonSchemas(),
      responses: { Error: { description: 'What failed, and what to do', ...json(refTo('Error')) } },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

const errors = { default: { $ref: '#/components/responses/Error' } };

function operationOf(name: OperationName): OpenApiOperation {
  const route = routeOf(name);
  const parameters = parametersOf(name);
  return {
    operationId: name,
    summary: operationSchemas[name].summary,
    ...(route.offline === true ? { description: 'Also works without a running node.' } : {}),
    tags: [tagOf(route.path)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.method === 'POST' ? { requestBody: { required: true, ...bodyOf(name) } } : {}),
    responses: {
      200: { description: outputNote(route.stream), ...outputOf(name) },
      ...errors,
    },
  };
}

const bytes: MediaTypes = { content: { 'application/octet-stream': { schema: {} } } };

const bodyOf = (name: OperationName): MediaTypes =>
  routeOf(name).takes === 'bytes' ? bytes : json(refTo(`${titleOf(name)}Body`));

function outputOf(name: OperationName): MediaTypes {
  const route = routeOf(name);
  if (route.gives === 'bytes') return bytes;
  const schema = refTo(`${titleOf(name)}Output`);
  return route.stream === true ? { content: { 'application/x-ndjson': { schema } } } : json(schema);
}

const outputNote = (stream: true | undefined): string =>
  stream === true ? 'One of these in each line, the last one has the type done' : 'Done';

function parametersOf(name: OperationName): readonly Parameter[] {
  const route = routeOf(name);
  const inPath = pathFieldsOf(route);
  const { shape } = operationSchemas[name].input as z.ZodObject;
  return [...inPath, ...Object.keys(queryFieldsOf(route))].map((field) => {
    const schema = z.toJSONSchema(shape[field] ?? z.never(), { io: 'input', unrepresentable: 'any' });
    const { $schema: _, description: note, ...rest } = schema;
    const about = note === undefined ? {} : { description: note };
    return {
      name: field,
      in: inPath.includes(field) ? 'path' : 'query',
      required: inPath.includes(field),
      ...about,
      schema: rest,
    };
  });
}

const tagOf = (path: string): string => path.split('/')[2] ?? 'api';

const eventsOperation: OpenApiOperation = {
  operationId: 'events',
  summary: 'What happens at the node, as server-sent events; the data of each is one Event',
  tags: ['events'],
  parameters: [
    {
      name: 'agent',
      in: 'query',
      required: false,
      description: 'Only events of this local agent, by name or id, and those of the whole node',
      schema: { type: 'string' },
    },
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'Go on after this event; an event of type missed stands for those that are no longer kept',
      schema: { type: 'string' },
    },
  ],
  responses: {
    200: { description: 'Events as they happen', content: { 'text/event-stream': { schema: refTo('Event') } } },
    ...errors,
  },
};

const documentOperation: OpenApiOperation = {
  operationId: 'openapi',
  summary: 'This document',
  tags: ['openapi'],
  responses: { 200: { description: 'OpenAPI 3.1', ...json({ type: 'object' }) }, ...errors },
};
