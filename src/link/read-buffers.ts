import { discardBytes } from '#kernel';

interface Chunk {
  readonly bytes: Uint8Array;
  /** Messages that are a part of it, and that somebody may still read. */
  messages: number;
  /** A message ended behind it, so the parser of messages needs nothing of it any more. */
  isParsed: boolean;
}

/** What is smaller is left to the garbage collector, too: most links are quiet, and there may be many. */
const minChunkBytes = 16 * 1024;
/** Chunks that are kept in sight; what messages hold on to for longer is left to the garbage collector. */
const maxChunks = 32;

/**
 * What a socket read, in chunks, and the messages that a parser made of it at once: messages share the memory of a chunk, or have their own
 * when they lay in several. Gives the memory back as soon as nobody needs it.
 */
export class ReadBuffers {
  readonly #chunks: Chunk[] = [];
  #latestIsSmall = false;

  /** Before the parser gets the chunk. */
  read(bytes: Uint8Array): void {
    this.#latestIsSmall = bytes.length < minChunkBytes;
    if (this.#latestIsSmall) return;
    this.#chunks.push({ bytes, messages: 0, isParsed: false });
    if (this.#chunks.length > maxChunks) this.#chunks.shift();
  }

  /** The parser found the end of a message in the latest chunk. */
  arrived(message: Uint8Array): void {
    const latest = this.#chunks.at(-1);
    if (latest?.bytes.buffer === message.buffer) latest.messages += 1;
    const parsed = this.#chunks.findLastIndex(({ isParsed }) => isParsed) + 1;
    for (const earlier of this.#chunks.slice(parsed, this.#latestIsSmall ? undefined : -1)) {
      earlier.isParsed = true;
      this.#giveBack(earlier);
    }
  }

  /** Somebody reads the bytes later and will not say when that is done. */
  keep(bytes: Uint8Array): void {
    const at = this.#chunks.findIndex((chunk) => chunk.bytes.buffer === bytes.buffer);
    if (at !== -1) this.#chunks.splice(at, 1);
  }

  /** Nobody reads the message any more. */
  discard(message: Uint8Array): void {
    const chunk = this.#chunks.findLast(({ bytes }) => bytes.buffer === message.buffer);
    if (chunk === undefined) {
      discardBytes(message);
      return;
    }
    chunk.messages -= 1;
    this.#giveBack(chunk);
  }

  #giveBack(chunk: Chunk): void {
    if (!chunk.isParsed || chunk.messages > 0) return;
    this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
    discardBytes(chunk.bytes);
  }
}
