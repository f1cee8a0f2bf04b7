import type { Clock, Limits, Random } from '#kernel';
import type { AgentId } from '#identity';
import { WayPauses } from '#delivery';
import type { Link } from '#link';
import type { HubAddress } from '#protocol';

export interface FileSourcesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Pick<Limits, 'hubRetryMs' | 'hubMaxRetryMs'>;
  /** Where the files may lie, best first. */
  addresses(): readonly HubAddress[];
  open(address: HubAddress, options: { readonly signal: AbortSignal }): Promise<Link>;
  /** There is a link more, or one may be tried again. */
  onChange(): void;
}

/** Links to those who may keep files of one peer: opened when files are wanted, closed when none are. */
export class FileSources {
  readonly #options: FileSourcesOptions;
  readonly #links = new Map<AgentId, Link>();
  readonly #opening = new Set<AgentId>();
  readonly #pauses: WayPauses;
  readonly #stop = new AbortController();

  constructor(options: FileSourcesOptions) {
    this.#options = options;
    this.#pauses = new WayPauses(options);
  }

  /** Those that are open; the others are called. */
  links(): readonly Link[] {
    const addresses = this.#options.addresses();
    for (const address of addresses) this.#call(address);
    return addresses.flatMap(({ hub }) => this.#links.get(hub) ?? []);
  }

  letGo(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  close(): void {
    this.#stop.abort();
    this.letGo();
  }

  #call(address: HubAddress): void {
    const { hub } = address;
    const isPaused = this.#pauses.until(hub) > this.#options.clock.monotonic();
    if (this.#stop.signal.aborted || isPaused || this.#links.has(hub) || this.#opening.has(hub)) return;
    this.#opening.add(hub);
    void this.#open(address).finally(() => {
      this.#opening.delete(hub);
      if (!this.#stop.signal.aborted) this.#options.onChange();
    });
  }

  /** Never rejects. */
  async #open(address: HubAddress): Promise<void> {
    const { hub } = address;
    const { open, limits } = this.#options;
    const { signal } = this.#stop;
    try {
      const link = await open(address, { signal });
      if (signal.aborted) {
        link.close();
        return;
      }
      this.#pauses.worked(hub);
      this.#links.set(hub, link);
      void link.closed.then(() => this.#ended(hub, link));
    } catch {
      this.#pauses.failed(hub, { firstMs: limits.hubRetryMs, maxMs: limits.hubMaxRetryMs });
      void this.#wakeAfter(hub);
    }
  }

  #ended(hub: AgentId, link: Link): void {
    if (this.#links.get(hub) === link) this.#links.delete(hub);
  }

  async #wakeAfter(hub: AgentId): Promise<void> {
    const { clock, onChange } = this.#options;
    const { signal } = this.#stop;
    const ms = this.#pauses.until(hub) - clock.monotonic();
    await clock.sleep(ms, { signal }).then(onChange, () => undefined);
  }
}
