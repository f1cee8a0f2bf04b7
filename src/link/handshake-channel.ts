import { type Clock, codeOf, type Limits, MeshError, toMeshError } from '#kernel';
import {
  decodeLinkOperation,
  encodeLinkOperation,
  type LinkOperation,
  type LinkOperationName,
  type LinkOperationOf,
} from '#protocol';
import { closeCodeOf, errorOfEnd, normalClose } from './close-code.ts';
import type { Connection } from './connection.ts';
import { inTime } from './deadline.ts';
import type { LinkHandler } from './link.ts';
import { operationError, proofIn, remoteError } from './operation-error.ts';

/** Operations before both sides are known: one at a time, each of the kind that is due. */
export class HandshakeChannel {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  send(operation: LinkOperation): void {
    this.#connection.send(encodeLinkOperation(operation));
  }

  /** Throws MALFORMED for another operation, what the far end's `error` says, and LINK_CLOSED. */
  async next<K extends LinkOperationName>(kind: K): Promise<LinkOperationOf<K>> {
    const bytes = await this.#connection.receive();
    if (bytes === undefined) throw errorOfEnd(await this.#connection.closed);
    const operation = decodeLinkOperation(bytes);
    if (isOf(operation, kind)) return operation;
    if (operation.op === 'error') throw remoteError(operation);
    throw new MeshError('MALFORMED', `The handshake wants the operation ${kind}, not ${operation.op}`);
  }
}

const isOf = <K extends LinkOperationName>(operation: LinkOperation, kind: K): operation is LinkOperationOf<K> =>
  operation.op === kind;

export interface HandshakeOptions {
  readonly connection: Connection;
  readonly handler: Pick<LinkHandler, 'onProof'>;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'handshakeMs' | 'maxHandshakeBytes'>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs one side's handshake within the time and bytes that a stranger gets (spec 6). When it fails, the far end is told
 * the code and the connection is closed.
 */
export async function boundedHandshake<T>(
  options: HandshakeOptions,
  shake: (channel: HandshakeChannel) => Promise<T>,
): Promise<T> {
  const { connection, clock, limits, signal } = options;
  const tooMuch = Promise.withResolvers<never>();
  const onExceeded = (): void => {
    const rule = `More than maxHandshakeBytes ${limits.maxHandshakeBytes} came in before the far end proved who it is`;
    tooMuch.reject(new MeshError('HANDSHAKE_FAILED', rule));
  };
  const late = (): MeshError =>
    new MeshError('HANDSHAKE_TIMEOUT', `The far end did not prove within ${limits.handshakeMs} ms who it is`);
  connection.limitReceive({ maxBytes: limits.maxHandshakeBytes, onExceeded });
  try {
    const shaken = Promise.race([shake(new HandshakeChannel(connection)), tooMuch.promise]);
    const result = await inTime(shaken, { clock, ms: limits.handshakeMs, late, signal });
    connection.limitReceive();
    return result;
  } catch (error) {
    if (signal?.aborted === true) {
      connection.close(normalClose, '');
      throw error;
    }
    refuse(connection, error);
    tellProof(options.handler, error);
    throw toMeshError(error);
  }
}

/** What the far end said of a later life of some agent goes to whoever can judge it. */
export function tellProof(handler: Pick<LinkHandler, 'onProof'>, error: unknown): void {
  const proof = error instanceof MeshError && error.data['byPeer'] === true ? proofIn(error) : undefined;
  if (proof !== undefined) handler.onProof(proof);
}

/** Tells the far end the code, and closes. */
export function refuse(connection: Connection, error: unknown): void {
  const code = codeOf(error);
  connection.send(encodeLinkOperation(operationError(error)));
  connection.close(closeCodeOf(code), code);
}
