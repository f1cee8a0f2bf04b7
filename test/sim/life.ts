/** Where a process meets the rest of the world: at each of these it can end. */
export const touches = [
  'write asked', // a transaction was asked for
  'commit', // about to be committed
  'committed', // in the log, not yet known to be on the disk
  'synced', // on the disk, and nobody was told
  'send', // about to write to a link
  'sent', // written
  'received', // bytes came out of a link
  'slept', // a timer ran out
  'key file', // about to replace a key file
  'key file written',
] as const;
export type Touch = (typeof touches)[number];

/** What is left of a process that ended: nothing that it waits for ever happens. */
const never = (): Promise<never> => new Promise<never>(() => {});

/** One life of a process, from its start to its end. */
export class Life {
  readonly #onTouch: (touch: Touch) => void;
  #alive = true;

  /** `onTouch` may end the life. */
  constructor(onTouch: (touch: Touch) => void) {
    this.#onTouch = onTouch;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** True when the process is still there. */
  touch(touch: Touch): boolean {
    if (this.#alive) this.#onTouch(touch);
    return this.#alive;
  }

  /** The same outcome for as long as the process lives. */
  async guard<T>(promise: Promise<T>): Promise<T> {
    try {
      const value = await promise;
      return this.#alive ? value : await never();
    } catch (error) {
      if (!this.#alive) return await never();
      throw error;
    }
  }
}
