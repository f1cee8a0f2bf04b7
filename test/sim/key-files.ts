import { MeshError } from '#kernel';
import type { AgentDisk } from '../../src/node/agent-disk.ts';
import type { Life } from './life.ts';

export interface KeyFileConditions {
  /** Resolves when the disk has taken the file. */
  wait(): Promise<void>;
  isFull(): boolean;
}

/** The key file and the card of a node: they outlive its processes, and each is replaced whole or not at all. */
export class KeyFiles {
  readonly #texts: Map<string, string>;

  constructor(texts: ReadonlyMap<string, string> = new Map()) {
    this.#texts = new Map(texts);
  }

  copy(): ReadonlyMap<string, string> {
    return new Map(this.#texts);
  }

  /** As one process sees them. */
  of(life: Life, conditions: KeyFileConditions): AgentDisk {
    const read = (path: string): string => {
      const text = this.#texts.get(path);
      if (text === undefined) throw new MeshError('KEY_FILE_UNREADABLE', `${path} is not there`);
      return text;
    };
    const write = async (path: string, text: string): Promise<void> => {
      await life.guard(conditions.wait());
      if (!life.touch('key file')) return await life.guard(Promise.resolve());
      if (conditions.isFull()) throw new MeshError('STORE_FULL', `${path} cannot be written: the disk is full`);
      this.#texts.set(path, text);
      life.touch('key file written');
      await life.guard(Promise.resolve());
    };
    return {
      exists: (path) => this.#texts.has(path),
      list: () => [],
      makeFolder: () => {},
      rename: () => {},
      read: (path) => Buffer.from(read(path)),
      readKey: async (path) => read(path),
      writeKey: write,
      write,
    };
  }
}
