import { type Random, toBase64url } from '#kernel';
import { requestTarget, type Transport } from '#api';
import { createApi } from './api.ts';
import type { ApiOptions } from './api-app.ts';

export type LocalTransportOptions = Omit<ApiOptions, 'token' | 'allowedHosts'> & { readonly random: Random };

const host = 'localhost';

/** The local API in this process: the same routes, checks and errors, without a socket. */
export function localTransport({ random, ...options }: LocalTransportOptions): Transport & { close(): void } {
  const token = toBase64url(random.bytes(32));
  const api = createApi({ ...options, token, allowedHosts: () => [host] });
  return {
    async request({ method, headers, body, signal = null, ...target }) {
      const request = new Request(`http://${host}${requestTarget(target)}`, {
        method,
        headers: { ...headers, host, authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body }),
        signal,
      });
      const response = await api.fetch(request);
      signal?.throwIfAborted();
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: response.body ?? new Uint8Array(),
      };
    },
    close: () => api.close(),
  };
}
