import type { Clock, Limits } from '#kernel';
import { KeyedRate } from './keyed-rate.ts';

export interface AddressRateOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'publicRequestsPerSecond' | 'publicRequestBurst' | 'maxPublicAddresses'>;
}

/** How many requests one address may make: so many a second after a burst, for as many addresses as are remembered. */
export class AddressRate {
  readonly #rate: KeyedRate;

  constructor({ clock, limits }: AddressRateOptions) {
    const { publicRequestsPerSecond, publicRequestBurst, maxPublicAddresses } = limits;
    this.#rate = new KeyedRate({
      clock,
      count: publicRequestsPerSecond,
      perMs: 1000,
      burst: publicRequestBurst,
      maxKeys: maxPublicAddresses,
    });
  }

  /** Takes one; the milliseconds to wait when there is none, else 0. */
  take(address: string): number {
    return this.#rate.take(networkOf(address));
  }

  get size(): number {
    return this.#rate.size;
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
