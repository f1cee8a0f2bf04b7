import { type Clock, codeOf, type Logger, MeshError, toMeshError } from '#kernel';
import { type GatewayAddress, GatewayClient } from './gateway-client.ts';
import type { Fields } from './gateway-frames.ts';

export interface GatewayDoorOptions extends GatewayAddress {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One connection for all turns, made anew when it was lost. What keeps it shut is kept for the owner of the node. */
export class GatewayDoor {
  readonly #options: GatewayDoorOptions;
  #client: GatewayClient | undefined;
  #opening: Promise<GatewayClient> | undefined;
  #trouble: MeshError | undefined;

  /** Throws INVALID_CONFIG. */
  constructor(options: GatewayDoorOptions) {
    checkUrl(options.url);
    this.#options = options;
  }

  /** Why nothing can be handed over; undefined while nothing is known to be wrong. */
  get trouble(): MeshError | undefined {
    return this.#trouble;
  }

  /** Rejects with GATEWAY_UNREACHABLE, GATEWAY_DENIED. */
  client(): Promise<GatewayClient> {
    if (this.#client?.isOpen === true) return Promise.resolve(this.#client);
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** The latest rows of a session, the oldest first. */
  async history(sessionKey: string, signal: AbortSignal): Promise<readonly Fields[]> {
    return (await this.client()).history(sessionKey, signal);
  }

  close(): void {
    this.#client?.close();
  }

  async #open(): Promise<GatewayClient> {
    try {
      this.#client = await GatewayClient.open(this.#options, this.#options.clock);
      this.#trouble = undefined;
      return this.#client;
    } catch (error) {
      const trouble = denied(toMeshError(error));
      this.#note(trouble);
      throw trouble;
    }
  }

  #note(trouble: MeshError): void {
    const { url, logger } = this.#options;
    // Said once, however often it is tried.
    const level = this.#trouble?.message === trouble.message ? 'debug' : 'warn';
    this.#trouble = trouble;
    logger[level]('runtime.openclaw.not-connected', { url, code: trouble.code, hint: trouble.hint });
  }
}

/** A client that is not let in fails at no message: its owner has something to do first. */
function denied(error: MeshError): MeshError {
  if (codeOf(error) !== 'GATEWAY_REFUSED') return error;
  const { message, hint, data } = error;
  return new MeshError('GATEWAY_DENIED', message, { cause: error, hint, data });
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['ws:', 'wss:'].includes(url.protocol) && url.username === '' && url.password === '') return;
  throw new MeshError('INVALID_CONFIG', 'The url of an OpenClaw gateway begins with ws:// or wss://', {
    hint: 'Usually it is ws://127.0.0.1:18789',
  });
}
