import { concatBytes, MeshError } from '#kernel';
import { fromErrorBody } from './error-body.ts';
import type { TransportResponse } from './transport.ts';

type Body = TransportResponse['body'];

/** The JSON document that the answer is. Throws the error that it tells of. */
export async function readAnswer({ status, body }: TransportResponse): Promise<unknown> {
  const text = await textOf(body);
  const parsed = parse(text);
  if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
  throw fromErrorBody(parsed, status);
}

/** The bytes that the answer is. Throws the error that it tells of. */
export async function readBytes(response: TransportResponse): Promise<Uint8Array> {
  const { status, body } = response;
  if (status !== 200) throw await readFailure(response);
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return concatBytes(...pieces);
}

/** The error of an answer that is not a success. */
export async function readFailure(response: TransportResponse): Promise<MeshError> {
  return fromErrorBody(parse(await textOf(response.body)), response.status);
}

/** The lines of an NDJSON stream, parsed. */
export async function* readLines(body: Body): AsyncGenerator<unknown, void, undefined> {
  let rest = '';
  for await (const text of readText(body)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield parseLine(line);
  }
  if (rest !== '') yield parseLine(rest);
}

/** The body as text, in pieces as they come. */
export async function* readText(body: Body): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  if (body instanceof Uint8Array) {
    yield decoder.decode(body);
    return;
  }
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

async function textOf(body: Body): Promise<string> {
  let text = '';
  for await (const piece of readText(body)) text += piece;
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseLine(line: string): unknown {
  const parsed = parse(line);
  if (parsed === undefined) throw new MeshError('MALFORMED', 'A line of the answer is not JSON');
  return parsed;
}
