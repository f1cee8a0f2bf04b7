import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { operationNames, pathFieldsOf, queryFieldsOf, routeOf, routes } from './routes.ts';
import { operationSchemas } from './schemas.ts';

describe('the table of routes and the schemas', () => {
  test('have the same operations', () => {
    expect(Object.keys(operationSchemas).toSorted()).toEqual(Object.keys(routes).toSorted());
  });

  test.each(operationNames)('%s: what stands in the address is a field of the input', (name) => {
    const fields = Object.keys(operationSchemas[name].input.shape);
    const route = routeOf(name);
    const inAddress = [...pathFieldsOf(route), ...Object.keys(queryFieldsOf(route))];
    expect(fields).toEqual(expect.arrayContaining(inAddress));
    expect(new Set(inAddress).size).toBe(inAddress.length);
    // Only a POST has a body for the others.
    const elsewhere = fields.filter((field) => !inAddress.includes(field));
    expect(route.method === 'POST' ? [] : elsewhere).toEqual([]);
  });

  test.each(operationNames)('%s: takes an agent and refuses fields that it does not know', (name) => {
    const { input } = operationSchemas[name];
    expect(Object.keys(input.shape)).toContain('agent');
    const issues = input.safeParse({ surprise: 1 }).error?.issues ?? [];
    expect(issues).toContainEqual(expect.objectContaining({ code: 'unrecognized_keys', keys: ['surprise'] }));
  });

  test('no two operations share a method and a path', () => {
    const addresses = operationNames.map(
      (name) => `${routeOf(name).method} ${routeOf(name).path.replaceAll(/:\w+/g, ':')}`,
    );
    expect(new Set(addresses).size).toBe(addresses.length);
  });
});

/** Modules that a fresh process loads for `code`. */
async function loadedBy(code: string): Promise<string> {
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
    ${code}`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--conditions=source', '--input-type=module', '-e', script]);
  return stdout;
}

describe('loading the room', () => {
  test('brings no zod, so that the command line starts fast', async () => {
    const loaded = await loadedBy(`await import('#api');`);
    expect(loaded).toContain('/src/api/client.ts');
    expect(loaded).not.toContain('node_modules/zod/');
  });

  test('brings zod once the schemas are asked for', async () => {
    const loaded = await loadedBy(`await (await import('#api')).loadSchemas();`);
    expect(loaded).toContain('node_modules/zod/');
  });
});
