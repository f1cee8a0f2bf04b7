import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Output } from '#api';
import { defaultLimits, type Logger, MeshError, silentLogger, systemClock, systemRandom } from '#kernel';
import type { AgentId } from '#identity';
import type { Json, JsonObject, MessageType, Priority } from '#protocol';
import { type Answer, type InboundMessage, type InProcessRuntime, inProcessRuntime } from '#runtime';
import type { Tier } from '#trust';
import { createFirstAgent } from './agent-files.ts';
import type { AgentHost } from './agent-host.ts';
import type { NodeEvent } from './node-event.ts';
import { defaultConfig } from './config.ts';
import { MeshNode } from './mesh-node.ts';
import { type ReceivedFile, receivedFiles } from './received-file.ts';
import { handOver, type SendingFile } from './sending-files.ts';
import { stateDir } from './state-dir.ts';

export interface AgentOptions {
  /** Chosen once; the folder keeps it. `[a-z0-9][a-z0-9._-]{0,62}` */
  readonly name: string;
  /** Keys, contacts, queues. Without it the folder that the `mesh` command uses. One process at a time. */
  readonly stateDir?: string;
  readonly displayName?: string;
  /** Where to listen; 127.0.0.1 and a free port when absent. */
  readonly host?: string;
  readonly port?: number;
  /** How others reach it, when that is not where it listens. */
  readonly endpoint?: string;
  readonly passphrase?: string;
  /** Also serve the local API, so that the `mesh` command works on this agent. */
  readonly apiPort?: number;
  readonly logger?: Logger;
}

export interface Sending {
  readonly text: string;
  readonly type?: MessageType;
  readonly subject?: string;
  readonly priority?: Priority;
  readonly ttlSeconds?: number;
  readonly metadata?: JsonObject;
  readonly idempotencyKey?: string;
  /** Id of a message of the inbox that this belongs to. */
  readonly replyTo?: string;
  /** Opaque to the receiver; comes back with the answer. */
  readonly replyContext?: Json;
  readonly attachments?: readonly { readonly name: string; readonly mediaType: string; readonly bytes: Uint8Array }[];
  /** Files of any size. */
  readonly files?: readonly SendingFile[];
}

/** A message that came in: the sender is verified, `from` is the own name for it. */
export interface Received {
  readonly id: string;
  readonly from: string;
  readonly fromId: AgentId;
  readonly type: MessageType;
  readonly text: string;
  readonly subject?: string;
  readonly metadata?: JsonObject;
  readonly conversationId: string;
  /** All of them are here. */
  readonly files: readonly ReceivedFile[];
  /** 1 at first; higher when it is offered again after a crash, with the same id. */
  readonly attempt: number;
}

export type Handler = (
  message: Received,
) => Promise<string | Answer | undefined | void> | string | Answer | undefined | void;

/** An agent inside this process, with its own node: identity, contacts, encrypted durable messages. */
export class Agent implements AsyncDisposable {
  readonly #node: MeshNode;
  readonly #runtime: InProcessRuntime;
  readonly #name: string;

  private constructor(node: MeshNode, runtime: InProcessRuntime, name: string) {
    this.#node = node;
    this.#runtime = runtime;
    this.#name = name;
  }

  /**
   * Creates the agent in the state folder, or loads it, and starts its node. Rejects with NODE_RUNNING when another process has the
   * folder, INVALID_ARGUMENT when the folder belongs to an agent of another name.
   */
  static async open(options: AgentOptions): Promise<Agent> {
    const state = stateDir(options.stateDir);
    const { name, displayName, passphrase, logger = silentLogger } = options;
    if (!existsSync(join(state.path, 'private_key.pem'))) {
      const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, passphrase, force: false };
      await createFirstAgent(state, { name, displayName, endpoints: [] }, ports);
    }
    const runtime = inProcessRuntime();
    const node = await MeshNode.start({
      state,
      config: {
        ...defaultConfig,
        host: options.host ?? '127.0.0.1',
        port: options.port ?? 0,
        apiPort: options.apiPort ?? 0,
        endpoints: options.endpoint === undefined ? [] : [options.endpoint],
      },
      logger,
      passphrase,
      runtimes: { [name]: runtime },
      withApi: options.apiPort !== undefined,
    });
    if (node.parts.hosts.has(name)) return new Agent(node, runtime, name);
    await node.stop();
    const [found] = node.parts.hosts.keys();
    throw new MeshError('INVALID_ARGUMENT', `${state.path} belongs to the agent ${found ?? ''}, not to ${name}`);
  }

  get name(): string {
    return this.#name;
  }

  get agentId(): AgentId {
    return this.#host.agent.agentId;
  }

  /** Where other nodes reach this one. */
  get endpoints(): readonly string[] {
    return this.#host.agent.card().endpoints;
  }

  /**
   * Called for each message, one after another in order of arrival; of several handlers the first that answers counts. What it returns
   * for a request is the answer. When it throws, the message is offered again, at most five times. Returns a function that takes the
   * handler away.
   */
  onMessage(handler: Handler): () => void {
    const remove = this.#runtime.add(async (inbound) => toAnswer(await handler(received(this.#host, inbound))));
    this.#host.runner.wake();
    return remove;
  }

  /**
   * Resolves when the message is durable in the outbox, and its files are sealed in the state folder: from then on it cannot be lost. `to`
   * is a contact's name or id.
   */
  async send(to: string, message: string | Sending): Promise<Output<'send'>> {
    const input = await this.#input(to, message);
    return this.#operations.send({ ...input, type: typeof message === 'string' ? undefined : message.type }, never);
  }

  /** Sends a request and waits for its answer. Rejects with ANSWER_TIMEOUT after `timeoutMs` (60 000), or the code of a refusal. */
  async ask(to: string, message: string | Omit<Sending, 'type'>, options: AskOptions = {}): Promise<Output<'ask'>> {
    const { timeoutMs = 60_000, signal = never.signal } = options;
    return this.#operations.ask({ ...(await this.#input(to, message)), timeoutMs }, { signal });
  }

  /** Trusted contacts, with state, route and queue depth. */
  async peers(): Promise<Output<'contacts'>['contacts']> {
    const { contacts } = await this.#operations.contacts({ agent: this.#name, state: 'trusted' }, never);
    return contacts;
  }

  /** One string that makes whoever joins with it a peer; valid once, 24 h unless said otherwise. */
  invite(options: { readonly expiresInMs?: number; readonly tier?: Tier } = {}): Promise<Output<'invite'>> {
    return this.#operations.invite({ agent: this.#name, ...options }, never);
  }

  /** Becomes a peer of whoever made the invite; `petname` is what it is called here. */
  join(invite: string, options: { readonly petname?: string; readonly tier?: Tier } = {}): Promise<Output<'join'>> {
    return this.#operations.join({ agent: this.#name, invite, ...options }, never);
  }

  /** What happened to a message: state and every proved step. */
  track(id: string): Promise<Output<'track'>> {
    return this.#operations.track({ agent: this.#name, id }, never);
  }

  /** Takes a message back that waits unencrypted. Rejects with WRONG_STATE when it may have left already, or has ended. */
  cancel(id: string): Promise<Output<'cancel'>> {
    return this.#operations.cancel({ agent: this.#name, id }, never);
  }

  /** Everything that the local API can do, in this process. */
  get operations(): MeshNode['operations'] {
    return this.#operations;
  }

  /** What happens, as it happens. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<NodeEvent> {
    return this.#node.events.subscribe(options);
  }

  /** Lets handlers end and closes everything; what is queued is sent after the next `open`. */
  async close(): Promise<void> {
    await this.#node.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #operations(): MeshNode['operations'] {
    return this.#node.operations;
  }

  get #host() {
    const host = this.#node.parts.hosts.get(this.#name);
    if (host === undefined) throw new MeshError('SHUTTING_DOWN');
    return host;
  }

  async #input(to: string, message: string | Omit<Sending, 'type'>) {
    if (typeof message === 'string') return { agent: this.#name, to, text: message };
    const { attachments = [], files = [], ...said } = message;
    const inline = attachments.map(({ name, mediaType, bytes }) => ({
      name,
      mediaType,
      base64: Buffer.from(bytes).toString('base64'),
    }));
    const handed = files.length === 0 ? nothing : await handOver(files, said.text, this.#host.files.uploads);
    const all = [...inline, ...handed.attachments];
    return {
      agent: this.#name,
      to,
      ...said,
      ...(all.length === 0 ? {} : { attachments: all }),
      ...(handed.files.length === 0 ? {} : { files: handed.files }),
    };
  }
}

const nothing = { attachments: [], files: [] };

export interface AskOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const never = { signal: new AbortController().signal };

function received(host: AgentHost, { message, senderName, attempt }: InboundMessage): Received {
  const { id, from: fromId, type, payload, conversationId } = message;
  const { body: text, subject, metadata } = payload;
  return {
    id,
    from: senderName,
    fromId,
    type,
    text,
    conversationId,
    files: receivedFiles(host, message),
    attempt,
    ...(subject === undefined ? {} : { subject }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

const toAnswer = (answer: string | Answer | undefined | void): Answer | undefined =>
  typeof answer === 'string' ? { body: answer } : (answer ?? undefined);
