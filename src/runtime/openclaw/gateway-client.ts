import { type Clock, MeshError } from '#kernel';
import type { DeviceKey } from './device-key.ts';
import {
  type Fields,
  fieldsOf,
  type GatewayFault,
  type GatewayFrame,
  listOf,
  parseGatewayFrame,
  textOf,
} from './gateway-frames.ts';

export interface GatewayAddress {
  /** `ws://127.0.0.1:18789` */
  readonly url: string;
  /** Of the gateway's operator. */
  readonly token: string;
  /** For a gateway that takes no client without one: it lets in whom its owner approved. */
  readonly device?: (() => Promise<DeviceKey>) | undefined;
}

interface Challenge {
  readonly nonce: string;
  readonly ts: number;
}

interface Waiting {
  readonly answer: PromiseWithResolvers<Fields>;
  /** An answer that only says that the request was taken is not waited for, but the one after it. */
  readonly final: boolean;
}

const openMs = 10_000;
const historyRows = 200;
/** The most that a gateway gives. */
const maxHistoryCharacters = 500_000;
const scopes = ['operator.read', 'operator.write'];
const self = { id: 'gateway-client', version: '1', platform: process.platform, mode: 'backend' } as const;
const role = 'operator';
/** Why a gateway refuses a client that has a token and no device key. */
const withoutDevice: readonly unknown[] = ['DEVICE_IDENTITY_REQUIRED', 'SCOPES_MISSING'];

/** One connection to a gateway as its backend (protocol 4). Every promise rejects with GATEWAY_UNREACHABLE when it ends. */
export class GatewayClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #end = Promise.withResolvers<void>();
  readonly #host: string;
  readonly #challenged = Promise.withResolvers<Challenge>();
  #isOpen = true;
  #version: string | undefined;
  #requests = 0;

  private constructor(socket: WebSocket, host: string) {
    this.#socket = socket;
    this.#host = host;
    this.#challenged.promise.catch(() => undefined);
    socket.addEventListener('message', ({ data }) => this.#take(String(data)));
    socket.addEventListener('error', () => this.#over());
    socket.addEventListener('close', () => this.#over());
  }

  /** Shows a device key only where the token alone is not enough. Rejects with GATEWAY_UNREACHABLE, GATEWAY_REFUSED. */
  static async open({ url, token, device }: GatewayAddress, clock: Clock): Promise<GatewayClient> {
    try {
      return await GatewayClient.#open({ url, token }, clock);
    } catch (error) {
      if (device === undefined || !(error instanceof MeshError) || !withoutDevice.includes(error.data['reason']))
        throw error;
      return await GatewayClient.#open({ url, token, key: await device() }, clock);
    }
  }

  static async #open(
    { url, token, key }: { readonly url: string; readonly token: string; readonly key?: DeviceKey },
    clock: Clock,
  ): Promise<GatewayClient> {
    const client = new GatewayClient(new WebSocket(url), new URL(url).host);
    const late = new AbortController();
    void clock.sleep(openMs, { signal: late.signal }).then(
      () => client.close(),
      () => undefined,
    );
    try {
      await client.#connect(token, key, await client.#challenged.promise);
      return client;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      late.abort();
    }
  }

  /** Of OpenClaw, as the gateway says. */
  get version(): string | undefined {
    return this.#version;
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

  /** The latest rows of a session, the oldest first. Rejects as `request` does. */
  async history(sessionKey: string, signal: AbortSignal): Promise<readonly Fields[]> {
    const params = { sessionKey, limit: historyRows, maxChars: maxHistoryCharacters };
    return listOf((await this.request('chat.history', params, { signal }))['messages']);
  }

  close(): void {
    this.#socket.close();
    this.#over();
  }

  async #connect(token: string, key: DeviceKey | undefined, { nonce, ts }: Challenge): Promise<void> {
    const claims = { clientId: self.id, mode: self.mode, role, scopes, token, platform: self.platform };
    const { auth, server } = await this.request('connect', {
      minProtocol: 4,
      maxProtocol: 4,
      client: self,
      role,
      scopes,
      caps: [],
      auth: { token },
      ...(key === undefined ? {} : { device: key.prove({ ...claims, nonce, signedAt: ts }) }),
    });
    this.#version = textOf(fieldsOf(server)['version']);
    const granted = fieldsOf(auth)['scopes'];
    if (Array.isArray(granted) && scopes.some((scope) => !granted.includes(scope))) {
      throw this.#refused({ code: 'SCOPES_MISSING', message: 'It lets this client in, and allows it nothing' });
    }
  }

  #take(text: string): void {
    const frame = parseGatewayFrame(text);
    if (frame === undefined) return;
    if (frame.type === 'res') this.#answered(frame);
    else if (frame.event === 'connect.challenge') {
      const { nonce, ts } = frame.payload;
      this.#challenged.resolve({ nonce: textOf(nonce) ?? '', ts: typeof ts === 'number' ? ts : 0 });
    }
  }

  #answered(frame: Extract<GatewayFrame, { readonly type: 'res' }>): void {
    const waiting = this.#waiting.get(frame.id);
    if (waiting === undefined) return;
    if (!frame.ok) waiting.answer.reject(this.#refused(frame.error));
    else if (!waiting.final || fieldsOf(frame.payload)['status'] !== 'accepted') waiting.answer.resolve(frame.payload);
  }

  #refused({ code, message, detail, requestId }: GatewayFault): MeshError {
    const reason = detail ?? code;
    const hint = reason === 'PAIRING_REQUIRED' ? pairingHint(requestId) : hints[reason];
    return new MeshError('GATEWAY_REFUSED', `The OpenClaw gateway at ${this.#host} refused: ${reason}`, {
      data: { detail: message.slice(0, 500), reason },
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
  SCOPES_MISSING: 'Its owner lets this node in: openclaw devices list, openclaw devices approve ID',
  PROTOCOL_MISMATCH: 'Update openclaw on that gateway, or this program: they speak different versions.',
};

const pairingHint = (requestId = 'ID'): string =>
  `Its owner lets this node in, on the machine of the gateway: openclaw devices approve ${requestId}`;
