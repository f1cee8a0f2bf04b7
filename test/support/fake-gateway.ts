import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';

type Fields = Readonly<Record<string, unknown>>;

/** One request, and what may be done about it. */
export interface Asked {
  readonly method: string;
  readonly params: Fields;
  /** Which connection it came over, from 1. */
  readonly connection: number;
  answer(payload: Fields): void;
  refuse(code: string, message?: string, details?: Fields): void;
  /** Any text, in place of a frame. */
  say(text: string): void;
  /** Ends the connection at once. */
  drop(): void;
}

export interface FakeOptions {
  readonly token?: string;
  /** False: it never says that it is a gateway. */
  readonly challenges?: boolean;
  /** Called for each request; returns true for what it dealt with. */
  on?(asked: Asked): boolean | undefined;
}

/** Stands in for an OpenClaw gateway, and does wrong what the test wants. Without orders it echoes what stands between the two lines. */
export class FakeGateway implements AsyncDisposable {
  readonly token: string;
  /** What it was asked, in order. */
  readonly asked: { readonly method: string; readonly params: Fields }[] = [];
  connections = 0;
  readonly #server: WebSocketServer;
  readonly #options: FakeOptions;
  /** The turns of its sessions. */
  readonly #rows: Fields[] = [];

  private constructor(server: WebSocketServer, options: FakeOptions) {
    this.#server = server;
    this.#options = options;
    this.token = options.token ?? 'token-of-the-fake';
    server.on('connection', (socket) => this.#take(socket));
  }

  static async start(options: FakeOptions = {}): Promise<FakeGateway> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new FakeGateway(server, options);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** The texts of the turns that it was asked for. */
  get messages(): readonly string[] {
    return this.asked.filter(({ method }) => method === 'agent').map(({ params }) => String(params['message']));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #take(socket: WebSocket): void {
    this.connections += 1;
    const connection = this.connections;
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    if (this.#options.challenges !== false) {
      send({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n', ts: 1 } });
    }
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString('utf8')) as {
        id: string;
        method: string;
        params: Fields;
      };
      this.asked.push({ method, params });
      const asked: Asked = {
        method,
        params,
        connection,
        answer: (payload) => send({ type: 'res', id, ok: true, payload }),
        refuse: (code, message = code, details = {}) =>
          send({ type: 'res', id, ok: false, error: { code, message, details } }),
        say: (text) => socket.send(text),
        drop: () => socket.terminate(),
      };
      if (this.#options.on?.(asked) !== true) this.#behave(asked);
    });
  }

  #behave(asked: Asked): void {
    const { method, params, answer, refuse } = asked;
    if (method === 'connect') {
      const { token } = params['auth'] as { token?: string };
      if (token === this.token) answer({ type: 'hello-ok', auth: { scopes: params['scopes'] } });
      else refuse('INVALID_REQUEST', `not ${String(token)}`, { code: 'AUTH_TOKEN_MISMATCH' });
    } else if (method === 'agent') this.#turn(asked);
    else answer(method === 'chat.history' ? { messages: this.#rows } : {});
  }

  #turn({ params, answer }: Asked): void {
    const { message, idempotencyKey: runId } = params;
    const text = `echo: ${saidIn(String(message))}`;
    this.remember(String(runId), text);
    answer({ runId, status: 'accepted' });
    answer({ runId, status: 'ok', result: { payloads: [{ text }] } });
  }

  /** A turn as its session shows it. */
  remember(run: string, reply?: string): void {
    this.#rows.push({ role: 'user', content: 'asked', idempotencyKey: `${run}:user` });
    if (reply !== undefined) this.#rows.push({ role: 'assistant', content: [{ type: 'text', text: reply }] });
  }
}

/** What stands between the two lines of a message. */
export function saidIn(message: string): string {
  const [, , said = message] = /(-----[0-9a-f]{16}-----)\n([\s\S]*)\n\1/.exec(message) ?? [];
  return said;
}
