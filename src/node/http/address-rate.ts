import type { Clock, Limits } from '#kernel';

interface Bucket {
  tokens: number;
  /** By the monotonic clock. */
  at: number;
}

export interface AddressRateOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'publicRequestsPerSecond' | 'publicRequestBurst' | 'maxPublicAddresses'>;
}

/** How many requests one address may make: a token bucket each, for as many addresses as are remembered. */
export class AddressRate {
  readonly #clock: Clock;
  readonly #limits: AddressRateOptions['limits'];
  /** The one that was used longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor({ clock, limits }: AddressRateOptions) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes one; the milliseconds to wait when there is none, else 0. */
  take(address: string): number {
    const { publicRequestsPerSecond: perSecond, publicRequestBurst: burst, maxPublicAddresses } = this.#limits;
    const key = networkOf(address);
    const now = this.#clock.monotonic();
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: burst, at: now };
    const available = Math.min(burst, tokens + ((now - at) * perSecond) / 1000);
    const taken = available >= 1 ? 1 : 0;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: available - taken, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > maxPublicAddresses && oldest !== undefined) this.#buckets.delete(oldest);
    return taken === 1 ? 0 : Math.ceil(((1 - available) * 1000) / perSecond);
  }

  get size(): number {
    return this.#buckets.size;
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
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return groups.slice(0, 4).join(':');
}
