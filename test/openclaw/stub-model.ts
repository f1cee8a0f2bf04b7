import { createServer, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

interface ModelMessage {
  readonly role: string;
  readonly content?: unknown;
}

interface Completion {
  readonly messages?: readonly ModelMessage[];
  readonly tools?: readonly { readonly function?: { readonly name?: string } }[];
  readonly stream?: boolean;
}

/** What the model says; an error is an answer with that status. */
type Said = string | { readonly status: number } | ToolCall;

export interface ToolCall {
  readonly tool: string;
  readonly args: object;
}

/** What the model says to what came last: what a person or peer wrote, or what a tool gave. */
export type Think = (text: string, about: { readonly role: 'user' | 'tool' }) => Promise<Said>;

/** A model that a gateway asks over the OpenAI API, and that says what the test wants. */
export class StubModel implements AsyncDisposable {
  /** What it was asked, in order: the text of the last message of a person or peer. */
  readonly asked: string[] = [];
  /** What its tools gave it, in order. */
  readonly told: string[] = [];
  /** What the gateway told it last before everything else. */
  system = '';
  /** The tools that it was offered last. */
  tools: readonly string[] = [];
  think: Think = echo;
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

  async #complete({ messages = [], stream = false, tools = [] }: Completion, response: ServerResponse): Promise<void> {
    const { text, role } = lastOf(messages);
    (role === 'tool' ? this.told : this.asked).push(text);
    this.system = partsOf(messages.find(({ role }) => role === 'system')?.content);
    this.tools = tools.map((tool) => tool.function?.name ?? '');
    const said = await this.think(text, { role });
    if (typeof said === 'object' && 'status' in said) {
      response.writeHead(said.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'the stub fails' } }));
      return;
    }
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const base = { id: `chatcmpl-${this.asked.length + this.told.length}`, created: 0, model: 'echo' };
    const { content, finish } = messageOf(said, `call_${this.asked.length + this.told.length}`);
    if (!stream) {
      const choices = [{ index: 0, finish_reason: finish, message: { role: 'assistant', ...content } }];
      respond(response, { ...base, object: 'chat.completion', usage, choices });
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (delta: object, finish: string | null = null, more: object = {}): void => {
      const choices = [{ index: 0, delta, finish_reason: finish }];
      response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...more })}\n\n`);
    };
    chunk({ role: 'assistant', content: '' });
    chunk(content);
    chunk({}, finish);
    response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
    response.end('data: [DONE]\n\n');
  }
}

function respond(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function messageOf(said: string | ToolCall, id: string): { readonly content: object; readonly finish: string } {
  if (typeof said === 'string') return { content: { content: said }, finish: 'stop' };
  const call = { name: said.tool, arguments: JSON.stringify(said.args) };
  return { content: { tool_calls: [{ index: 0, id, type: 'function', function: call }] }, finish: 'tool_calls' };
}

/** The gateway puts a context of its own behind what was said. */
function lastOf(messages: readonly ModelMessage[]): { readonly text: string; readonly role: 'user' | 'tool' } {
  const said = messages.filter(({ content }) => !partsOf(content).startsWith('<<<BEGIN_OPENCLAW'));
  const last = said.at(-1);
  if (last?.role === 'tool') return { text: partsOf(last.content), role: 'tool' };
  return { text: partsOf(said.findLast(({ role }) => role === 'user')?.content), role: 'user' };
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

export const echo: Think = async (text) => `echo: ${bodyOf(text)}`;

/** A thought that takes its time. */
export const slowly =
  (ms: number, then: Think): Think =>
  async (text, about) => {
    await sleep(ms);
    return then(text, about);
  };
