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
  const accept = acceptOf(route);
  if (route.method === 'GET') return { method: 'GET', path, query, headers: { accept } };
  if (route.takes === 'bytes') {
    const { bytes } = input;
    const body = bytes instanceof Uint8Array ? new Uint8Array(bytes) : new Uint8Array();
    return { method: 'POST', path, query, body, headers: { accept, 'content-type': 'application/octet-stream' } };
  }
  const body = JSON.stringify(Object.fromEntries(rest.filter(([name]) => !isQuery(name))));
  return { method: 'POST', path, query, body, headers: { accept, 'content-type': 'application/json' } };
}

function acceptOf({ stream, gives }: Route): string {
  if (gives === 'bytes') return 'application/octet-stream';
  return stream === true ? 'application/x-ndjson' : 'application/json';
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
