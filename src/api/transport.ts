/** How the client reaches the API: over HTTP, or in the same process. */
export interface Transport {
  /**
   * Resolves when the head of the answer is there, whatever its status. Rejects with UNREACHABLE or NODE_NOT_RUNNING
   * when there is none, and with the reason of the signal.
   */
  request(request: TransportRequest): Promise<TransportResponse>;
}

export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Begins with `/api/`, encoded, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower case. The transport adds host and authorization, nothing else is needed. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or bytes as they are. */
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whoever stops reading a stream closes it. */
  readonly body: AsyncIterable<Uint8Array> | Uint8Array;
}

/** Path and query as the request line has them. */
export function requestTarget({ path, query }: Pick<TransportRequest, 'path' | 'query'>): string {
  const search = new URLSearchParams({ ...query }).toString();
  return search === '' ? path : `${path}?${search}`;
}
