import { createServer, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

interface ModelMessage {
  readonly role: string;
  readonly content?: unknown;
}

interface Completion {
  readonly messages?: readonly ModelMessage[];
  readonly stream?: boolean;
}

/** What the model says to what came last; an error is an answer with that status. */
export type Think = (text: string) => Promise<string | { readonly status: number }>;

/** A model that a gateway asks over the OpenAI API, and that says what the test wants. */
export class StubModel implements AsyncDisposable {
  /** What it was asked, in order: the text of the last message of a person or peer. */
  readonly asked: string[] = [];
  think: Think = async (text) => `echo: ${bodyOf(text)}`;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<StubModel> {
    const server = createServer();
    const model = new StubModel(server);
    server.on('request', (request, response) => {
      if (request.method === 'GET') {
        respond(response, { object: 'list', data: [{ id: 'echo', object: 'model', created: 0, owned_by: 'stub' }] });
        return;
      }
      void json(request).then((body) => model.#complete(body as Completion, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`;
  }

  /** How often it was asked about that text. */
  times(text: string): number {
    return this.asked.filter((one) => one.includes(text)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #complete({ messages = [], stream = false }: Completion, response: ServerResponse): Promise<void> {
    const text = lastText(messages);
    this.asked.push(text);
    const said = await this.think(text);
    if (typeof said !== 'string') {
      response.writeHead(said.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'the stub fails' } }));
      return;
    }
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const base = { id: `chatcmpl-${this.asked.length}`, created: 0, model: 'echo' };
    if (!stream) {
      const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: said } }];
      respond(response, { ...base, object: 'chat.completion', usage, choices });
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (delta: object, finish: string | null = null, more: object = {}): void => {
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...more })}\n\n`);
    };
    chunk({ role: 'assistant', content: '' });
    chunk({ content: said });
    chunk({}, 'stop');
    response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
    response.end('data: [DONE]\n\n');
  }
}

function respond(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** The gateway puts a context of its own behind what was said. */
function lastText(messages: readonly ModelMessage[]): string {
  const said = messages.filter(
    ({ role, content }) => role === 'user' && !partsOf(content).startsWith('<<<BEGIN_OPENCLAW'),
  );
  return partsOf(said.at(-1)?.content);
}

function partsOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { readonly text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('');
}

/** What a peer wrote, between the two lines. */
export function bodyOf(text: string): string {
  const [, , body = text] = /(-----[0-9a-f]{16}-----)\n([\s\S]*)\n\1/.exec(text) ?? [];
  return body;
}

/** A thought that takes its time. */
export const slowly =
  (ms: number, then: Think): Think =>
  async (text) => {
    await sleep(ms);
    return then(text);
  };
