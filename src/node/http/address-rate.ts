import type { Clock, Limits } from '#kernel';

export interface AddressRateOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'publicRequestsPerSecond' | 'publicRequestBurst' | 'maxPublicAddresses'>;
}

/** How many requests one address may make: so many a second after a burst, for as many addresses as are remembered. */
export class AddressRate {
  readonly #clock: Clock;
  readonly #limits: AddressRateOptions['limits'];
  /**
   * Until when the requests of an address would last at the steady rate. The one that asked longest ago comes first.
   */
  readonly #busyUntil = new Map<string, number>();

  constructor({ clock, limits }: AddressRateOptions) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes one; the milliseconds to wait when there is none, else 0. */
  take(address: string): number {
    const { publicRequestsPerSecond, publicRequestBurst, maxPublicAddresses } = this.#limits;
    const key = networkOf(address);
    const now = this.#clock.monotonic();
    const eachMs = 1000 / publicRequestsPerSecond;
    const before = Math.max(now, this.#busyUntil.get(key) ?? now);
    const waitMs = Math.max(0, before + eachMs - now - publicRequestBurst * eachMs);
    this.#busyUntil.delete(key);
    this.#busyUntil.set(key, waitMs > 0 ? before : before + eachMs);
    const [oldest] = this.#busyUntil.keys();
    if (this.#busyUntil.size > maxPublicAddresses && oldest !== undefined) this.#busyUntil.delete(oldest);
    return Math.ceil(waitMs);
  }

  get size(): number {
    return this.#busyUntil.size;
  }
}

/** One host of IPv6 has a whole /64 network to choose from; one of IPv4 may appear as a mapped address. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]?.toLowerCase().split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return groups.slice(0, 4).join(':');
}
