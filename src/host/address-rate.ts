import { type Clock, type Limits, networkOf } from '#kernel';
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
