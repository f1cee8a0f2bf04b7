import { type Limits, networkOf } from '#kernel';

export type NewcomersLimits = Pick<Limits, 'maxUnauthenticatedLinks' | 'newcomerPercent'>;

/** Connections that have yet to prove who they are: so many, and of one address a part of them, so that there is room for others. */
export class Newcomers {
  readonly #max: number;
  readonly #maxOfAddress: number;
  readonly #byNetwork = new Map<string, number>();
  #count = 0;

  constructor({ maxUnauthenticatedLinks, newcomerPercent }: NewcomersLimits) {
    this.#max = maxUnauthenticatedLinks;
    this.#maxOfAddress = Math.ceil((maxUnauthenticatedLinks * newcomerPercent) / 100);
  }

  hasRoomFor(address: string): boolean {
    return this.#count < this.#max && (this.#byNetwork.get(networkOf(address)) ?? 0) < this.#maxOfAddress;
  }

  enter(address: string): void {
    this.#change(networkOf(address), 1);
  }

  leave(address: string): void {
    this.#change(networkOf(address), -1);
  }

  #change(network: string, by: 1 | -1): void {
    this.#count += by;
    const count = (this.#byNetwork.get(network) ?? 0) + by;
    if (count === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, count);
  }
}
