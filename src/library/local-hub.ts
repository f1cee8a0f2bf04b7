import { backgroundClock, MeshError } from '#kernel';
import { type Card, parseCard, verifyCard } from '#identity';
import { type Connection, memoryConnections } from '#link';
import type { HubAddress } from '#protocol';
import type { AgentAtHub, AgentHub, HubPlace } from '#node';
import { checkHubSettings, type HubSettings, type OpenHub, openHub } from './open-hub.ts';

/** Agents of other processes never come here: an address that nothing on a network has. */
const base = 'http://local-hub.invalid';
const pageCards = 200;
const pageBytes = 1024 * 1024;

/**
 * A hub for agents of one program: the same as `mesh hub`, without a socket. It can read none of what it carries. Agents that are made with
 * it are its members; trust is a line of its own, `introduce`.
 */
export class LocalHub implements AgentHub, AsyncDisposable {
  readonly #settings: HubSettings;
  readonly #agents = new Set<AgentAtHub>();
  /** Those that are not there yet. */
  readonly #coming = new Set<Promise<void>>();
  #open: Promise<OpenHub> | undefined;
  #closed: Promise<void> | undefined;

  /** Throws INVALID_ARGUMENT. */
  constructor(settings: HubSettings = {}) {
    const named = { name: 'local', ...settings };
    checkHubSettings(named);
    this.#settings = named;
  }

  /** Makes all of these agents trust each other, by their keys; without names all that were made with this hub. */
  async introduce(...agents: readonly AgentAtHub[]): Promise<void> {
    const all = agents.length === 0 ? [...this.#agents] : agents;
    const stranger = all.find((agent) => !this.#agents.has(agent));
    if (stranger !== undefined) {
      throw new MeshError('INVALID_ARGUMENT', `${stranger.name} was not made with this hub, or is closed`, {
        hint: `new Agent('${stranger.name}', { hub })`,
      });
    }
    await Promise.all(all.map((agent) => agent.ready()));
    const meetings = all.flatMap((one, index) => all.slice(index + 1).map((other) => meet(one, other)));
    await Promise.all(meetings);
  }

  /** Called by every agent that is made with this hub. */
  register(agent: AgentAtHub): void {
    if (this.#closed !== undefined) throw closed();
    this.#agents.add(agent);
    const coming = agent.ready().then(
      () => undefined,
      () => this.unregister(agent),
    );
    this.#coming.add(coming);
    void coming.then(() => this.#coming.delete(coming));
  }

  unregister(agent: AgentAtHub): void {
    this.#agents.delete(agent);
  }

  /** Names of its members, sorted: also of those that are away now. */
  async listAgents(): Promise<readonly string[]> {
    return (await this.#cards()).map(({ name }) => name).toSorted();
  }

  /** The card of the member of that name. Rejects with UNKNOWN_AGENT. */
  async getBundle(name: string): Promise<Card> {
    const card = (await this.#cards()).find((one) => one.name === name);
    if (card !== undefined) return card;
    throw new MeshError('UNKNOWN_AGENT', `Peer '${name}' not found on hub ${this.#settings.name ?? ''}`, {
      hint: `Make it with this hub: new Agent('${name}', { hub })`,
    });
  }

  /** How many sealed frames it took since it began. One may hold many messages, and receipts are frames too. */
  async messageCount(): Promise<number> {
    return (await this.#opened()).hub.counts.framesStored;
  }

  /** Agents that are still there keep their messages until they have a hub again. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async locate(): Promise<HubPlace> {
    const { agentId: hub, name } = (await this.#opened()).hub.facts;
    return { address: { base, hub }, name };
  }

  async connect(address: HubAddress): Promise<Connection | undefined> {
    if (address.base !== base) return undefined;
    const { hub } = await this.#opened();
    if (address.hub !== hub.facts.agentId) {
      throw new MeshError('UNREACHABLE', 'The local hub of that mailbox is another one, in memory that is gone', {
        hint: 'Agents that keep a folder need a hub that keeps one too: new LocalHub({ stateDir })',
      });
    }
    const [near, far] = memoryConnections();
    void hub.listener.accept(far);
    return near;
  }

  async settled(): Promise<void> {
    while (this.#coming.size > 0) await Promise.all(this.#coming);
  }

  howToTrust(one: string, other: string): string {
    return `await hub.introduce(${variable(one)}, ${variable(other)})`;
  }

  async #cards(): Promise<readonly Card[]> {
    const { hub } = await this.#opened();
    await this.settled();
    const { store, clock } = hub.parts;
    const cards: Card[] = [];
    let after: string | undefined;
    do {
      const page = await store.agents.directory({ after, limit: pageCards, maxBytes: pageBytes });
      for (const bytes of page.cards) cards.push(verifyCard(parseCard(bytes), { now: clock.now() }));
      after = page.next;
    } while (after !== undefined);
    return cards;
  }

  async #opened(): Promise<OpenHub> {
    if (this.#closed !== undefined) throw closed();
    this.#open ??= this.#start();
    return this.#open;
  }

  async #start(): Promise<OpenHub> {
    // A program that is done with its agents ends, also when it does not close the hub.
    const open = await openHub(this.#settings, backgroundClock);
    await open.hub.start();
    return open;
  }

  async #close(): Promise<void> {
    const open = await this.#open?.catch(() => undefined);
    await open?.hub.stop();
    open?.release();
  }
}

/** By their cards, so that neither takes the word of the hub for who the other is. */
const meet = (one: AgentAtHub, other: AgentAtHub): Promise<unknown> =>
  Promise.all([one.connectWithBundle(other.publicBundle), other.connectWithBundle(one.publicBundle)]);

const closed = (): MeshError =>
  new MeshError('SHUTTING_DOWN', 'The hub is closed', { hint: 'Make another: new LocalHub()' });

/** As the program may have called it. */
const variable = (name: string): string =>
  name.replaceAll(/[^a-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase());
