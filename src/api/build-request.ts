import { MeshError } from '#kernel';
import { pathFieldsOf, queryFieldsOf, type Route } from './routes.ts';
import type { TransportRequest } from './transport.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Distributes the input over path, query and body. Throws INVALID_ARGUMENT when a field of the path is missing. */
export function buildRequest(route: Route, input: Fields): Omit<TransportRequest, 'signal'> {
  const inPath = pathFieldsOf(route);
  const inQuery = queryFieldsOf(route);
  const path = route.path.replaceAll(/:(\w+)/g, (_match, name: string) => pathPart(name, input[name]));
  const rest = Object.entries(input).filter(([name, value]) => value !== undefined && !inPath.includes(name));
  const isQuery = (name: string): boolean => route.method === 'GET' || Object.hasOwn(inQuery, name);
  const query = Object.fromEntries(
    rest.filter(([name]) => isQuery(name)).map(([name, value]) => [name, String(value)]),
  );
  const accept = route.stream === true ? 'application/x-ndjson' : 'application/json';
  if (route.method === 'GET') return { method: 'GET', path, query, headers: { accept } };
  const body = JSON.stringify(Object.fromEntries(rest.filter(([name]) => !isQuery(name))));
  return { method: 'POST', path, query, body, headers: { accept, 'content-type': 'application/json' } };
}

function pathPart(name: string, value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  // `.` and `..` would change the path, however they are encoded (WHATWG URL, 4.3 path segments).
  if (text === '' || text === '.' || text === '..') {
    throw new MeshError('INVALID_ARGUMENT', `${name} is ${text === '' ? 'missing' : JSON.stringify(text)}`, {
      data: { field: name },
    });
  }
  return encodeURIComponent(text);
}
