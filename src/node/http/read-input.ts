import { discardBytes, MeshError } from '#kernel';
import { type FieldKind, pathFieldsOf, queryFieldsOf, type Route } from '#api';

export interface RawRequest {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** Decoded. */
  pathField(name: string): string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The input of an operation as one object from path, query and body, not checked yet. Throws INVALID_ARGUMENT for what
 * stands in the wrong place, is not of the content type that the route takes, and BODY_TOO_LARGE.
 */
export async function readInput(route: Route, raw: RawRequest, maxBodyBytes: number): Promise<Fields> {
  const path = Object.fromEntries(
    pathFieldsOf(route).map((name) => {
      const kind = route.pathKinds?.[name] ?? 'string';
      return [name, fieldOf(name, { kind, text: raw.pathField(name) ?? '' })];
    }),
  );
  const query = readQuery(raw.query, queryFieldsOf(route));
  const body = route.method === 'POST' ? await readBody(route, raw.request, maxBodyBytes) : {};
  const elsewhere = Object.keys(body).find((name) => Object.hasOwn(path, name) || Object.hasOwn(query, name));
  if (elsewhere !== undefined) throw invalid(elsewhere, 'stands in the address already');
  return { ...body, ...query, ...path };
}

function readQuery(query: URLSearchParams, known: Readonly<Record<string, FieldKind>>): Fields {
  const fields: [string, unknown][] = [];
  for (const name of new Set(query.keys())) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw invalid(name, 'is not known in the query');
    const [text = '', another] = query.getAll(name);
    if (another !== undefined) throw invalid(name, 'is there more than once');
    fields.push([name, fieldOf(name, { kind, text })]);
  }
  return Object.fromEntries(fields);
}

function fieldOf(name: string, { kind, text }: { readonly kind: FieldKind; readonly text: string }): unknown {
  if (kind === 'string') return text;
  if (kind === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw invalid(name, 'must be true or false');
  }
  if (!/^-?\d{1,15}$/.test(text)) throw invalid(name, 'must be a whole number');
  return Number(text);
}

async function readBody(route: Route, request: Request, maxBytes: number): Promise<Fields> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (route.takes === 'bytes') {
    if (type === 'application/octet-stream') return { bytes: await readBytes(request, maxBytes) };
    throw new MeshError(
      'INVALID_ARGUMENT',
      'The body must be bytes, with the header Content-Type: application/octet-stream',
    );
  }
  if (type !== 'application/json') {
    throw new MeshError('INVALID_ARGUMENT', 'The body must be JSON, with the header Content-Type: application/json');
  }
  const body = parseJson(await readBytes(request, maxBytes));
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
  throw new MeshError('INVALID_ARGUMENT', 'The body must be a JSON object');
}

/** Counts what really comes: Content-Length is only what the caller says. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): MeshError =>
    new MeshError('BODY_TOO_LARGE', `The body of the request is larger than ${maxBytes} bytes`);
  const said = Number(request.headers.get('content-length') ?? 0);
  if (said > maxBytes) throw tooLarge();
  let bytes = new Uint8Array(said > 0 ? said : 0);
  let size = 0;
  for await (const chunk of bytesOf(request)) {
    if (size + chunk.length > maxBytes) throw tooLarge();
    if (size + chunk.length > bytes.length) bytes = grown(bytes, Math.min(maxBytes, 2 * (size + chunk.length)));
    bytes.set(chunk, size);
    size += chunk.length;
    discardBytes(chunk);
  }
  return size === bytes.length ? bytes : bytes.slice(0, size);
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}

async function* bytesOf({ body }: Request): AsyncGenerator<Uint8Array, void, undefined> {
  if (body !== null) yield* body;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    // The reason of the parser would quote the body.
    throw new MeshError('INVALID_ARGUMENT', 'The body is not JSON in UTF-8');
  }
}

function invalid(field: string, problem: string): MeshError {
  const shown = field.slice(0, 60);
  return new MeshError('INVALID_ARGUMENT', `${shown} ${problem}`, { data: { issues: [{ field: shown, problem }] } });
}
