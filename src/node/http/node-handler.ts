import type { IncomingMessage, ServerResponse } from 'node:http';
import { discardBytes, MeshError } from '#kernel';
import type { HttpHandler } from '#host';
import { errorAnswer } from './api-answers.ts';

type Fetch = (request: Request) => Promise<Response>;

/** Serves a `fetch` handler on a server of `node:http`. The signal of a request aborts when its caller goes away. */
export function nodeHandler(fetch: Fetch): HttpHandler {
  return (incoming, outgoing) => {
    // A caller that goes away half-way is told of by `close`; without a listener the errors would end the process.
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    void answer(fetch, incoming, outgoing);
  };
}

/** Never rejects. */
async function answer(fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort(new MeshError('LINK_CLOSED', 'The caller went away')));
  try {
    await write(await answerTo(fetch, incoming, gone.signal), outgoing, incoming.method === 'HEAD');
  } catch {
    // Only half of the answer is out: the caller must see that it is not whole.
    outgoing.destroy();
  }
  // What is left of a body that nobody wanted; the server bounds how long that may take.
  if (!incoming.complete) incoming.resume();
}

async function answerTo(fetch: Fetch, incoming: IncomingMessage, signal: AbortSignal): Promise<Response> {
  const request = requestOf(incoming, signal);
  if (request === undefined)
    return errorAnswer(new MeshError('INVALID_ARGUMENT', 'This is not an HTTP request for a path'));
  try {
    return await fetch(request);
  } catch {
    return errorAnswer(new MeshError('INTERNAL'));
  }
}

/** Undefined when it cannot be told as one: another form of target than a path, or a method that `fetch` forbids. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = 'GET', url = '' } = incoming;
  if (!url.startsWith('/')) return undefined;
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(incoming);
  try {
    // The host is looked at as a header; here it must not decide what the path is.
    return new Request(`http://localhost${url}`, { method, headers, signal, body, duplex: 'half' });
  } catch {
    return undefined;
  }
}

/** Reads from the socket only when asked to, and leaves it open when the reader has seen enough. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Buffer> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= chunksOf(incoming);
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

const chunksOf = (incoming: IncomingMessage): AsyncIterator<Buffer> => incoming.iterator({ destroyOnReturn: false });

async function write(response: Response, outgoing: ServerResponse, headOnly: boolean): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const { body } = response;
  if (body === null || headOnly) {
    outgoing.end();
    await body?.cancel();
    return;
  }
  if (!response.headers.has('content-length')) outgoing.flushHeaders();
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  outgoing.once('close', () => void reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done || outgoing.destroyed) break;
    // What a body gives belongs to its reader.
    if (!outgoing.write(value, () => discardBytes(value))) await drained(outgoing);
  }
  outgoing.end();
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.on('drain', done).on('close', done);
  });
}
