import { type Logger, Serial } from '#kernel';
import {
  type AgentId,
  agentIdOf,
  type Card,
  createVault,
  isLater,
  type Life,
  renewDevice,
  rotateRoot,
  safetyNumber,
  signIncarnation,
  type Vault,
  type VerifiedCard,
  type VerifiedIncarnation,
} from '#identity';
import type { LinkSelf } from '#link';
import type { LocalAgent } from '#pipeline';
import type { SessionSelf } from '#session';
import { type AgentFilePorts, type AgentFiles, makeCard, saveAgent, saveCard } from './agent-files.ts';

export interface HostedAgentOptions {
  readonly files: AgentFiles;
  readonly ports: AgentFilePorts;
  readonly logger: Logger;
  /** When it was brought back from a backup. */
  readonly life?: Life | undefined;
  /** A later life of it that was heard of. */
  readonly successor?: VerifiedIncarnation | undefined;
}

/** What the card tells of where and what the agent is. */
type CardFacts = Pick<Card, 'endpoints' | 'mailboxes' | 'capabilities'>;

/** An agent of this node: its keys and card, in memory and on disk. */
export class HostedAgent implements LocalAgent {
  readonly name: string;
  readonly isDefault: boolean;
  readonly vault: Vault;
  readonly #ports: AgentFilePorts;
  readonly #logger: Logger;
  #files: AgentFiles;
  /** Each change of the files begins with what the one before made. */
  readonly #changes = new Serial();
  /** Derived from the root key once, not at every message. */
  #agentId: AgentId;
  readonly #life: Life | undefined;
  #incarnation: VerifiedIncarnation | undefined;
  #successor: VerifiedIncarnation | undefined;

  constructor({ files, ports, logger, life, successor }: HostedAgentOptions) {
    this.name = files.name;
    this.isDefault = files.isDefault;
    this.vault = createVault(files.secrets.storageKey, ports.random);
    this.#files = files;
    this.#agentId = agentIdOf(files.secrets.root.publicKey);
    this.#ports = ports;
    this.#logger = logger;
    this.#life = life;
    this.#incarnation = life && signIncarnation(this.root, life);
    if (successor !== undefined) this.concede(successor);
  }

  get agentId(): AgentId {
    return this.#agentId;
  }

  get formerIds(): readonly AgentId[] {
    return this.#files.secrets.rotations.map(({ from }) => from);
  }

  get rotations(): AgentFiles['secrets']['rotations'] {
    return this.#files.secrets.rotations;
  }

  get root(): AgentFiles['secrets']['root'] {
    return this.#files.secrets.root;
  }

  /** Which life of the agent this is; undefined when it was never brought back. */
  get incarnation(): VerifiedIncarnation | undefined {
    return this.#incarnation;
  }

  /** The later life that took the place of this one: it has nothing to say any more. */
  get successor(): VerifiedIncarnation | undefined {
    return this.#successor;
  }

  /** Its end of a link. */
  get linkSelf(): LinkSelf {
    const { agentId, root, rotations, incarnation } = this;
    return { agentId, root, rotations, incarnation };
  }

  get deviceExpiresAt(): number {
    return this.#files.secrets.certificate.notAfter;
  }

  get self(): SessionSelf {
    const { device, certificate } = this.#files.secrets;
    return { agentId: this.agentId, device, certificate };
  }

  safetyNumberWith(contact: AgentId): string {
    return safetyNumber(this.agentId, contact);
  }

  card(): VerifiedCard {
    return this.#files.card;
  }

  /** Takes note of a later life. False when it is none, or when one that is at least as late is known. */
  concede(successor: VerifiedIncarnation): boolean {
    if (!isLater(successor, this.#incarnation) || !isLater(successor, this.#successor)) return false;
    this.#successor = successor;
    return true;
  }

  /**
   * True when the device key was renewed: sessions made with the old one must be replaced. One that was certified while the clock was
   * ahead would not be valid until that time.
   */
  renewDeviceIfDue(): Promise<boolean> {
    return this.#changes.run(() => this.#renewDeviceIfDue());
  }

  async #renewDeviceIfDue(): Promise<boolean> {
    const { limits, clock } = this.#ports;
    const { notBefore, notAfter } = this.#files.secrets.certificate;
    const now = clock.now();
    if (notBefore <= now && notAfter - now > limits.deviceCertificateLifetimeMs / 12) return false;
    const secrets = renewDevice({ secrets: this.#files.secrets, ...this.#moment() });
    await this.#replace(secrets, {});
    this.#logger.info('device.renewed', { agent: this.name });
    return true;
  }

  /** A new root key; contacts follow by the statement that the key file now holds. */
  rotate(): Promise<{ readonly from: AgentId; readonly to: AgentId }> {
    return this.#changes.run(async () => {
      const from = this.agentId;
      const secrets = rotateRoot({ secrets: this.#files.secrets, ...this.#moment() });
      await this.#replace(secrets, {});
      return { from, to: this.agentId };
    });
  }

  /** A card with the next sequence number when the public facts changed; the same one otherwise. */
  publish(facts: Partial<CardFacts>): Promise<VerifiedCard> {
    return this.#changes.run(() => this.#publish(facts));
  }

  async #publish(facts: Partial<CardFacts>): Promise<VerifiedCard> {
    const { card } = this.#files;
    const { endpoints, mailboxes, capabilities } = card;
    const before = { endpoints, mailboxes, capabilities };
    const next = { ...before, ...facts };
    const aging = card.expiresAt - this.#ports.clock.now() < this.#ports.limits.cardLifetimeMs / 2;
    const same = JSON.stringify(next) === JSON.stringify(before);
    if (same && !aging && card.seq >= this.#leastSeq) return card;
    const files = { ...this.#files, card: this.#nextCard(this.#files.secrets, next) };
    await saveCard(files, this.#ports.disk);
    this.#files = files;
    return files.card;
  }

  async #replace(secrets: AgentFiles['secrets'], facts: Partial<Card>): Promise<void> {
    const files = { ...this.#files, secrets, card: this.#nextCard(secrets, facts) };
    await saveAgent(files, this.#ports);
    this.#files = files;
    this.#agentId = agentIdOf(secrets.root.publicKey);
    this.#incarnation = this.#life && signIncarnation(secrets.root, this.#life);
  }

  /** Above every card that an earlier life can have made after the backup: they count from 1 (spec 1.6). */
  get #leastSeq(): number {
    return this.#life?.number ?? 0;
  }

  #nextCard(secrets: AgentFiles['secrets'], facts: Partial<CardFacts>): VerifiedCard {
    const { name, displayName, endpoints, mailboxes, capabilities, seq } = this.#files.card;
    return makeCard(
      secrets,
      { name, displayName, endpoints, mailboxes, capabilities, ...facts, seq: Math.max(seq + 1, this.#leastSeq) },
      this.#ports,
    );
  }

  #moment() {
    return { random: this.#ports.random, now: this.#ports.clock.now(), limits: this.#ports.limits };
  }
}
