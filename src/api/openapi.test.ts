import { describe, expect, test } from 'vitest';
import { type JsonSchema, openApiDocument, type OpenApiOperation } from './openapi.ts';
import { operationNames, pathFieldsOf, queryFieldsOf, routeOf } from './routes.ts';

// As a reader gets it.
const document: ReturnType<typeof openApiDocument> = JSON.parse(JSON.stringify(openApiDocument({ version: '1.2.3' })));

function operationAt(path: string, method: string): OpenApiOperation | undefined {
  return document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
}

/** Every `$ref` below a value. */
function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : refsIn(inner)));
}

function resolve(ref: string): unknown {
  const [root, ...steps] = ref.split('/');
  if (root !== '#') return undefined;
  return steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined),
    document,
  );
}

describe('the OpenAPI document', () => {
  test('is one of OpenAPI 3.1, with the token for everything', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: expect.any(String), version: '1.2.3' },
      security: [{ token: [] }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    });
  });

  test.each(operationNames)('has %s under its name, with what it takes and gives', (name) => {
    const route = routeOf(name);
    const operation = operationAt(route.path, route.method);
    expect(operation).toMatchObject({ operationId: name, summary: expect.stringMatching(/\w/) });
    const media = route.stream === true ? 'application/x-ndjson' : 'application/json';
    const bytes = ['content', 'application/octet-stream'];
    const given = route.gives === 'bytes' ? bytes : ['content', media, 'schema', '$ref'];
    expect(operation?.responses['200']).toHaveProperty(given);
    expect(operation?.responses.default).toEqual({ $ref: '#/components/responses/Error' });
    expect(operation?.requestBody !== undefined).toBe(route.method === 'POST');
    if (route.takes === 'bytes') expect(operation?.requestBody).toHaveProperty(bytes);
    const parameters = operation?.parameters ?? [];
    expect(parameters.filter((one) => one.in === 'path').map((one) => [one.name, one.required])).toEqual(
      pathFieldsOf(route).map((field) => [field, true]),
    );
    expect(parameters.filter((one) => one.in === 'query').map((one) => one.name)).toEqual(
      Object.keys(queryFieldsOf(route)),
    );
    for (const { schema } of parameters)
      expect(Object.keys(schema).some((key) => ['type', 'enum'].includes(key))).toBe(true);
  });

  test('has the events and itself', () => {
    expect(operationAt('/api/events', 'GET')?.responses['200']).toHaveProperty(['content', 'text/event-stream']);
    expect(operationAt('/api/openapi.json', 'GET')).toBeDefined();
  });

  test('has no two operations of one id', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(ids).toHaveLength(operationNames.length + 2);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('refers only to what it has', () => {
    const refs = refsIn(document);
    expect(refs.length).toBeGreaterThan(100);
    expect(refs.filter((ref) => resolve(ref) === undefined)).toEqual([]);
    expect(resolve('#/components/schemas/Nothing')).toBeUndefined();
  });

  test('uses every component', () => {
    const refs = new Set(refsIn(document));
    const unused = Object.keys(document.components.schemas).filter((name) => !refs.has(`#/components/schemas/${name}`));
    expect(unused).toEqual([]);
  });

  test('names only fields as required that it has', () => {
    const wrong = Object.entries(document.components.schemas).filter(([, schema]) => !hasRequired(schema));
    expect(wrong).toEqual([]);
  });

  test('says that inputs take no other fields, and that a field of the path is not in the body', () => {
    const { schemas } = document.components;
    for (const [name, schema] of Object.entries(schemas)) {
      if (name.endsWith('Body')) expect([name, schema.additionalProperties]).toEqual([name, false]);
    }
    expect(Object.keys(schemas.RenameBody?.properties ?? {})).toEqual(['agent', 'name']);
    expect(schemas.RenameBody?.required).toEqual(['name']);
    expect(schemas.VerifyCardBody?.required).toEqual(['card']);
  });
});

function hasRequired({ required = [], properties = {} }: JsonSchema): boolean {
  const known = new Set(Object.keys(properties ?? {}));
  return Array.isArray(required) && required.every((name) => known.has(String(name)));
}
