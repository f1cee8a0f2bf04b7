import { type Clock, MeshError } from '#kernel';
import { type Fields, fieldsOf, type GatewayFault, type GatewayFrame, parseGatewayFrame } from './gateway-frames.ts';

export interface GatewayAddress {
  /** `ws://127.0.0.1:18789` */
  readonly url: string;
  /** Of the gateway's operator. */
  readonly token: string;
}

interface Waiting {
  readonly answer: PromiseWithResolvers<Fields>;
  /** An answer that only says that the request was taken is not waited for, but the one after it. */
  readonly final: boolean;
}

const openMs = 10_000;
const scopes = ['operator.read', 'operator.write'];

/** One connection to a gateway as its backend (protocol 4). Every promise rejects with GATEWAY_UNREACHABLE when it ends. */
export class GatewayClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #end = Promise.withResolvers<void>();
  readonly #host: string;
  readonly #challenged = Promise.withResolvers<void>();
  #isOpen = true;
  #requests = 0;

  private constructor(socket: WebSocket, host: string) {
    this.#socket = socket;
    this.#host = host;
    this.#challenged.promise.catch(() => undefined);
    socket.addEventListener('message', ({ data }) => this.#take(String(data)));
    socket.addEventListener('error', () => this.#over());
    socket.addEventListener('close', () => this.#over());
  }

  /** Rejects with GATEWAY_UNREACHABLE, GATEWAY_REFUSED. */
  static async open({ url, token }: GatewayAddress, clock: Clock): Promise<GatewayClient> {
    const client = new GatewayClient(new WebSocket(url), new URL(url).host);
    const late = new AbortController();
    void clock.sleep(openMs, { signal: late.signal }).then(
      () => client.close(),
      () => undefined,
    );
    try {
      await client.#challenged.promise;
      await client.#connect(token);
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      late.abort();
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when the connection has ended. */
  get closed(): Promise<void> {
    return this.#end.promise;
  }

  /**
   * The payload of the gateway's answer; with `final` of the last one, when the first says that the request was accepted. Rejects with
   * GATEWAY_REFUSED, and with the reason of the signal.
   */
  async request(
    method: string,
    params: Fields,
    { signal, final = false }: { readonly signal?: AbortSignal; readonly final?: boolean } = {},
  ): Promise<Fields> {
    if (!this.#isOpen) throw this.#unreachable();
    signal?.throwIfAborted();
    this.#requests += 1;
    const id = String(this.#requests);
    const answer = Promise.withResolvers<Fields>();
    this.#waiting.set(id, { answer, final });
    const abort = (): void => answer.reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#socket.send(JSON.stringify({ type: 'req', id, method, params }));
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#socket.close();
    this.#over();
  }

  async #connect(token: string): Promise<void> {
    await this.request('connect', {
      minProtocol: 4,
      maxProtocol: 4,
      client: { id: 'gateway-client', version: '1', platform: process.platform, mode: 'backend' },
      role: 'operator',
      scopes,
      caps: [],
      auth: { token },
    });
  }

  #take(text: string): void {
    const frame = parseGatewayFrame(text);
    if (frame === undefined) return;
    if (frame.type === 'res') this.#answered(frame);
    else if (frame.event === 'connect.challenge') this.#challenged.resolve();
  }

  #answered(frame: Extract<GatewayFrame, { readonly type: 'res' }>): void {
    const waiting = this.#waiting.get(frame.id);
    if (waiting === undefined) return;
    if (!frame.ok) waiting.answer.reject(this.#refused(frame.error));
    else if (!waiting.final || fieldsOf(frame.payload)['status'] !== 'accepted') waiting.answer.resolve(frame.payload);
  }

  #refused({ code, message, detail }: GatewayFault): MeshError {
    const hint = hints[detail ?? code];
    return new MeshError('GATEWAY_REFUSED', `The OpenClaw gateway at ${this.#host} refused: ${detail ?? code}`, {
      data: { detail: message.slice(0, 500) },
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #unreachable(): MeshError {
    return new MeshError('GATEWAY_UNREACHABLE', `The OpenClaw gateway at ${this.#host} cannot be reached`);
  }

  #over(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#challenged.reject(this.#unreachable());
    for (const { answer } of this.#waiting.values()) answer.reject(this.#unreachable());
    this.#end.resolve();
  }
}

const hints: Readonly<Record<string, string>> = {
  AUTH_TOKEN_MISMATCH: 'Write the token of the gateway (gateway.auth.token) into the file that tokenFile names.',
  DEVICE_IDENTITY_REQUIRED: 'The gateway wants a token: write it into the file that tokenFile names.',
  PAIRING_REQUIRED: 'Let this program in: openclaw devices approve',
  PROTOCOL_MISMATCH: 'Update openclaw on that gateway, or this program: they speak different versions.',
};
