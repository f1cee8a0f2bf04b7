import { MeshError } from '#kernel';
import { requestTarget, type Transport, type TransportRequest } from './transport.ts';

/** The part of `fetch` that is used, as browsers and Node have it. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  readonly signal: AbortSignal | null;
}

export interface FetchTransportOptions {
  /** Such as `http://127.0.0.1:8788`. */
  readonly baseUrl: string;
  /** The text of the file `api-token`. */
  readonly token: string;
  /** The global one: this room opens no connections by itself. */
  readonly fetch: Fetch;
}

/** Reaches the API with `fetch`: in browsers, and in programs that embed the client. Throws UNREACHABLE. */
export function fetchTransport({ baseUrl, token, fetch }: FetchTransportOptions): Transport {
  const base = baseUrl.replace(/\/+$/, '');
  return {
    async request(request) {
      const { signal = null, body = null, method } = request;
      const headers = { ...request.headers, authorization: `Bearer ${token}` };
      const response = await reach(base, request, () =>
        fetch(base + requestTarget(request), { method, headers, body, signal }),
      );
      return { status: response.status, headers: Object.fromEntries(response.headers), body: bodyOf(response) };
    },
  };
}

async function reach(base: string, { signal }: TransportRequest, call: () => Promise<Response>): Promise<Response> {
  try {
    return await call();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new MeshError('UNREACHABLE', `Nothing answers at ${base}`, {
      cause,
      hint: 'Start the node with: mesh up --detach',
    });
  }
}

/** Read by hand, because not every browser lets a stream be iterated. */
async function* bodyOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
