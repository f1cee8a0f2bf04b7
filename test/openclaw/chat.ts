import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Gateway } from './gateway.ts';

const token = 'token-of-the-chat';

/** Somebody who talks to an agent over a channel of its gateway, and hears what comes later: the channel `a2a`, which needs no account. */
export class Chat implements AsyncDisposable {
  /** What the gateway sent by itself, in order. */
  readonly heard: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Chat> {
    const server = createServer();
    const chat = new Chat(server);
    server.on('request', (request, response) => void chat.#take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return chat;
  }

  /** What the gateway is told of it. */
  get channel(): object {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const person = { token, url: `http://127.0.0.1:${port}/a2a/v1`, outboundToken: token };
    return { enabled: true, rateLimitPerMinute: 0, replyTimeoutMs: 60_000, peers: { person } };
  }

  /** All that the gateway answers, as text. */
  async ask(gateway: Gateway, message: object): Promise<string> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: '1', method: 'SendMessage', params: { message } });
    return (await fetch(`${gateway.http}/a2a/v1`, { method: 'POST', headers, body })).text();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.heard.push(body);
    const { id } = JSON.parse(body) as { readonly id: string };
    const task = { id: 'task', contextId: 'context', status: { state: 'TASK_STATE_WORKING' } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { task } }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
