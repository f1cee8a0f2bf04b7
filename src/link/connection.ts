/** How a connection ended: a WebSocket close code (RFC 6455 §7.4), 1006 when it broke without a goodbye. */
export interface ConnectionEnd {
  readonly code: number;
  readonly reason: string;
}

/** Ends with `onExceeded` when more than `maxBytes` came in, also when they are an unfinished message. */
export interface ReceiveLimit {
  readonly maxBytes: number;
  readonly onExceeded: () => void;
}

/** A reliable, ordered way for binary messages between two processes: what a link runs over. */
export interface Connection {
  /** For people: the URL that was dialled, or the address of who dialled. */
  readonly address: string;
  /**
   * Takes the message at once and sends it soon, with others of the same turn. False when the connection ends or has ended: then it takes
   * nothing. The bytes must not be changed before `onPassedOn`, which is not called when they are lost.
   */
  send(bytes: Uint8Array, onPassedOn?: () => void): boolean;
  /** Bytes that were taken but not passed on. */
  readonly bufferedBytes: number;
  /** Resolves when few bytes are buffered, or the connection ended. */
  drained(): Promise<void>;
  /**
   * The next message in order; undefined when no more will come. One reader at a time; a slow reader slows the sender.
   */
  receive(): Promise<Uint8Array | undefined>;
  /** A received message that nobody will read again: its memory is free at once, where it has some of its own. */
  discard(message: Uint8Array): void;
  /** Counts what comes in from now on; without an argument nothing is counted any more. */
  limitReceive(limit?: ReceiveLimit): void;
  /** Resolves once, however it ended. */
  readonly closed: Promise<ConnectionEnd>;
  /** What was sent before still arrives; nothing is received any more. */
  close(code: number, reason: string): void;
  /** Ends at once, as if the cable was cut: what is under way is lost. */
  cut(): void;
}

/** The far end did not say goodbye. */
export const brokenEnd: ConnectionEnd = { code: 1006, reason: '' };

/** Above `high` a connection takes no more from the far end, or wants its writer to wait; below `low` it goes on. */
export const waterMarks = { highBytes: 1024 * 1024, lowBytes: 256 * 1024 } as const;
