import type { Output } from '#api';
import { MeshError } from '#kernel';
import { type AgentId, type Card, fingerprintOf, publicKeyOf } from '#identity';
import type { JsonObject } from '#protocol';
import { inProcessRuntime } from '#runtime';
import type { Tier } from '#trust';
import { type AgentHome, openHome } from './embedded/agent-home.ts';
import type { AgentOptions, AgentSettings } from './embedded/agent-options.ts';
import {
  connect,
  connectWithBundle,
  type ConnectOptions,
  type Embedded,
  listPeers,
  type ListPeersOptions,
  receiverOf,
  statusOf,
} from './embedded/peers.ts';
import { type Handler, received, toAnswer } from './embedded/received.ts';
import { type Sending, sendingOf, sendInput } from './embedded/sending.ts';
import { troubleOf } from './embedded/trouble.ts';
import { hostOf, startAgent } from './embedded/start-agent.ts';
import type { MeshNode } from './mesh-node.ts';
import type { NodeEvent } from './node-event.ts';
import { stateDir } from './state-dir.ts';

export interface AskOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An agent inside this process, with its own node: identity, contacts, encrypted durable messages. */
export class Agent implements AsyncDisposable {
  readonly name: string;
  readonly #settings: AgentSettings;
  readonly #home: AgentHome;
  readonly #runtime = inProcessRuntime();
  readonly #started: Promise<Embedded>;
  #embedded: Embedded | undefined;
  #closed: Promise<void> | undefined;
  #handlers = 0;

  /**
   * Its keys are there at once; its node starts and goes to its hub meanwhile, which every method waits for. Throws INVALID_ARGUMENT, and
   * KEY_FILE_UNREADABLE for damaged files; what else can go wrong is what `ready` rejects with, and every method after it.
   */
  constructor(name: string, settings: AgentSettings = {}) {
    this.name = name;
    this.#settings = settings;
    this.#home = openHome(name, settings);
    this.#started = this.#start();
    // Whoever waits for it is told.
    this.#started.catch(() => undefined);
    settings.hub?.register?.(this);
  }

  /**
   * Creates the agent in the state folder, or loads it, and starts its node, which listens. Rejects with NODE_RUNNING when another process
   * has the folder, INVALID_ARGUMENT when the folder belongs to an agent of another name.
   */
  static async open({ name, ...settings }: AgentOptions): Promise<Agent> {
    const { host = '127.0.0.1' } = settings;
    const agent = new Agent(name, { ...settings, host, stateDir: stateDir(settings.stateDir).path });
    await agent.ready();
    return agent;
  }

  get agentId(): AgentId {
    return this.#card.agentId;
  }

  /** Short form of the public key, to compare with its owner over another way: eight groups of four hex digits. */
  get fingerprint(): string {
    return fingerprintOf(publicKeyOf(this.agentId)).short;
  }

  /** Its card: keys, and where it is reached once it is ready. Public; `connectWithBundle` takes it. */
  get publicBundle(): Card {
    return this.#card;
  }

  /** Where other nodes reach this one; none for an agent that only its hub reaches. */
  get endpoints(): readonly string[] {
    return this.#card.endpoints;
  }

  /** Resolves when its node runs and its hub knows it. Rejects with why not. */
  async ready(): Promise<void> {
    await this.#mine();
  }

  /**
   * Called for each message, one after another in order of arrival; of several handlers the first that answers counts. What it returns
   * for a request is the answer. When it throws, the message is offered again, at most five times. Returns a function that takes the
   * handler away.
   */
  onMessage(handler: Handler): () => void {
    if (typeof handler !== 'function') {
      throw new MeshError('INVALID_ARGUMENT', `A handler is a function; this is ${typeof handler}`, {
        hint: 'agent.onMessage((message) => console.log(message.text))',
      });
    }
    const remove = this.#runtime.add(async (inbound) => {
      const { host } = await this.#started;
      return toAnswer(await handler(received(host, inbound)));
    });
    this.#handlers += 1;
    this.#embedded?.host.runner.wake();
    let isThere = true;
    return () => {
      if (isThere) this.#handlers -= 1;
      isThere = false;
      remove();
    };
  }

  /**
   * Called for what goes wrong while nobody waits for it: a message that was refused, has expired or was given up, a handler that failed
   * for good, a frame that was replayed (SESSION_REPLAY) or changed on the way (SESSION_BROKEN). Returns a function that takes it away.
   */
  onError(handler: (error: MeshError) => void): () => void {
    const over = new AbortController();
    void this.#watch(handler, over.signal);
    return () => over.abort();
  }

  /**
   * Resolves when the message is durable in the outbox, and its files are sealed in the state folder: from then on it cannot be lost. `to`
   * is a contact's name or id.
   */
  async send(to: string, message: string | Sending): Promise<Output<'send'>> {
    const agent = await this.#running();
    const contact = await receiverOf(agent, to);
    return agent.node.operations.send(await sendInput(agent.host, contact.agentId, message), never);
  }

  /** The same with everything that the message says in one object: its `text`, its `type`, and what else there is. */
  async sendPayload(to: string, payload: JsonObject): Promise<Output<'send'>> {
    return this.send(to, sendingOf(payload));
  }

  /** Sends a request and waits for its answer. Rejects with ANSWER_TIMEOUT after `timeoutMs` (60 000), or the code of a refusal. */
  async ask(to: string, message: string | Sending, options: AskOptions = {}): Promise<Output<'ask'>> {
    const { timeoutMs = 60_000, signal = never.signal } = options;
    const agent = await this.#running();
    const contact = await receiverOf(agent, to);
    const { type: _, ...input } = await sendInput(agent.host, contact.agentId, message);
    return agent.node.operations.ask({ ...input, timeoutMs }, { signal });
  }

  /** Asks the agent of that name at the hub for trust. Resolves when its program said the same about this one; TIMEOUT until then. */
  async connect(peer: string, options: ConnectOptions = {}): Promise<void> {
    await connect(await this.#running(), peer, options);
  }

  /** The same with whoever has the key of that card: nobody in between can put another agent in its place. */
  async connectWithBundle(bundle: Card, options: ConnectOptions = {}): Promise<void> {
    await connectWithBundle(await this.#running(), bundle, options);
  }

  /** Names of the other agents that are at the hub now. */
  async listPeers(options: ListPeersOptions = {}): Promise<readonly string[]> {
    return listPeers(await this.#running(), options);
  }

  /** Who it is, whom it knows, what waits, and what needs attention. */
  async status(): Promise<Awaited<ReturnType<typeof statusOf>>> {
    return statusOf(await this.#running(), this.#handlers);
  }

  /** Trusted contacts, with state, route and queue depth. */
  async peers(): Promise<Output<'contacts'>['contacts']> {
    const { node } = await this.#running();
    const { contacts } = await node.operations.contacts({ agent: this.name, state: 'trusted' }, never);
    return contacts;
  }

  /** One string that makes whoever joins with it a peer; valid once, 24 h unless said otherwise. */
  async invite(options: { readonly expiresInMs?: number; readonly tier?: Tier } = {}): Promise<Output<'invite'>> {
    return (await this.#running()).node.operations.invite({ agent: this.name, ...options }, never);
  }

  /** Becomes a peer of whoever made the invite; `petname` is what it is called here. */
  async join(invite: string, options: { petname?: string; tier?: Tier } = {}): Promise<Output<'join'>> {
    return (await this.#running()).node.operations.join({ agent: this.name, invite, ...options }, never);
  }

  /** What happened to a message: state and every proved step. */
  async track(id: string): Promise<Output<'track'>> {
    return (await this.#running()).node.operations.track({ agent: this.name, id }, never);
  }

  /** Takes a message back that waits unencrypted. Rejects with WRONG_STATE when it may have left already, or has ended. */
  async cancel(id: string): Promise<Output<'cancel'>> {
    return (await this.#running()).node.operations.cancel({ agent: this.name, id }, never);
  }

  /** Everything that the local API can do, in this process. Throws WRONG_STATE before the agent is ready. */
  get operations(): MeshNode['operations'] {
    if (this.#embedded === undefined) throw this.#notReady();
    return this.#embedded.node.operations;
  }

  /** What happens, as it happens. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<NodeEvent> {
    const node = this.#embedded?.node;
    return node === undefined ? this.#laterEvents(options) : node.events.subscribe(options);
  }

  /** Lets handlers end and closes everything; what is queued is sent when an agent is made again in the same folder. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #card(): Card {
    const card = this.#embedded?.host.agent.card() ?? this.#home.card;
    if (card === undefined) throw this.#notReady();
    return card;
  }

  async #start(): Promise<Embedded> {
    const settings = this.#settings;
    const node = await startAgent({ name: this.name, settings, home: this.#home, runtime: this.#runtime });
    const host = hostOf(node, this.name);
    this.#embedded = { node, host, hub: settings.hub };
    host.runner.wake();
    return this.#embedded;
  }

  /** When those who were made with the same hub are there too: what follows may be about them. */
  async #running(): Promise<Embedded> {
    const embedded = await this.#mine();
    await this.#settings.hub?.settled?.();
    return embedded;
  }

  async #mine(): Promise<Embedded> {
    if (this.#closed !== undefined) {
      const hint = `Make it again: new Agent('${this.name}', …)`;
      throw new MeshError('SHUTTING_DOWN', `The agent ${this.name} is closed`, { hint });
    }
    return this.#started;
  }

  async #watch(handler: (error: MeshError) => void, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.events({ signal })) {
        const trouble = this.#embedded && troubleOf(this.#embedded.host, event);
        if (trouble !== undefined) handler(trouble);
      }
    } catch (error) {
      if (!signal.aborted)
        this.#settings.logger?.error('error-handler.failed', { agent: this.name, error: String(error) });
    }
  }

  async *#laterEvents(options: { readonly signal?: AbortSignal }): AsyncGenerator<NodeEvent> {
    const { node } = await this.#running();
    yield* node.events.subscribe(options);
  }

  async #close(): Promise<void> {
    const embedded = await this.#started.catch(() => undefined);
    await embedded?.node.stop();
    this.#settings.hub?.unregister?.(this);
    this.#home.leave();
  }

  #notReady(): MeshError {
    return new MeshError('WRONG_STATE', `The agent ${this.name} has not started yet`, {
      hint: 'Wait for it: await agent.ready()',
    });
  }
}

const never = { signal: new AbortController().signal };
