import { MeshError } from '#kernel';
import { inTime } from '../in-time.ts';
import type { Answer, InboundMessage, Runtime } from '../runtime.ts';
import { type Done, done } from './done.ts';
import { GatewayDoor } from './gateway-door.ts';
import { type GatewayTurns, gatewayRuntime } from './gateway-runtime.ts';
import { type Fields, textOf } from './gateway-frames.ts';
import { replyInHistory } from './history.ts';
import { faultInResult, replyInResult } from './turn-result.ts';
import { peerPrompt, turnText } from './turn-text.ts';
import { Unsettled } from './unsettled.ts';
import { usageInResult } from './usage.ts';

export interface OpenclawOptions extends GatewayTurns {
  /** Of the gateway: `ws://127.0.0.1:18789` */
  readonly url: string;
  readonly token: string;
}

/** How often the session is looked at for the reply of a turn whose end was not heard. */
const lookMs = 1000;

/**
 * Each message is one turn of an agent of an OpenClaw gateway, in a session of its own for the peer and the conversation; the whole reply is
 * the answer. A message starts one turn however often it is offered: the gateway knows it by the message id, and after a restart of either
 * side the session is searched for what became of it. Throws INVALID_CONFIG.
 */
export const openclawRuntime = (options: OpenclawOptions): Runtime => gatewayRuntime(options, new Gateway(options));

interface Turn {
  readonly inbound: InboundMessage;
  readonly sessionKey: string;
  readonly signal: AbortSignal;
}

class Gateway {
  readonly #options: OpenclawOptions;
  readonly #door: GatewayDoor;
  readonly #unsettled = new Unsettled();

  constructor(options: OpenclawOptions) {
    this.#options = options;
    this.#door = new GatewayDoor(options);
  }

  get trouble(): MeshError | undefined {
    return this.#door.trouble;
  }

  close(): void {
    this.#door.close();
  }

  async handle(inbound: InboundMessage, signal: AbortSignal): Promise<Answer | undefined> {
    signal.throwIfAborted();
    const { message } = inbound;
    const { clock, timeoutMs, limits } = this.#options;
    const limit = { clock, timeoutMs, text: `The gateway did not answer within ${timeoutMs} ms` };
    const reply = await inTime(limit, signal, (both) => this.#reply(inbound, both));
    this.#unsettled.delete(message.id);
    return done(message, reply, limits);
  }

  async #reply(inbound: InboundMessage, signal: AbortSignal): Promise<Done> {
    const { message, senderName, attempt } = inbound;
    const { gatewayAgent } = this.#options;
    const sessionKey = `agent:${gatewayAgent}:mesh:${senderName}:${message.conversationId ?? message.id}`;
    const turn = { inbound, sessionKey, signal };
    // A turn of an earlier process may be at work, or have ended.
    const mayHaveBegun = this.#unsettled.has(message.id) || attempt > 1;
    const found = mayHaveBegun ? await this.#resumed(turn) : undefined;
    return found ?? (await this.#begin(turn, mayHaveBegun ? `${message.id}#${attempt}` : message.id));
  }

  /** The gateway knows the turn by the key. */
  async #begin(turn: Turn, key: string): Promise<Done> {
    const { inbound, sessionKey, signal } = turn;
    const { token } = this.#options;
    const client = await this.#door.client();
    this.#unsettled.add(inbound.message.id);
    const result = await client.request(
      'agent',
      {
        sessionKey,
        message: turnText(inbound, token),
        idempotencyKey: key,
        deliver: false,
        extraSystemPrompt: peerPrompt,
        inputProvenance: { kind: 'inter_session', sourceChannel: 'mesh' },
      },
      { signal, final: true },
    );
    const status = textOf(result['status']);
    if (status === 'in_flight') return await this.#awaited(turn);
    if (status === 'ok') return { text: replyInResult(result), usage: usageInResult(result) };
    // Nothing more comes of this turn: the next attempt begins another one.
    this.#unsettled.delete(inbound.message.id);
    throw failed(result);
  }

  /** What became of a turn that began before; undefined when none reached the session, or it failed. */
  async #resumed(turn: Turn): Promise<Done | undefined> {
    const { found, text, usage, failed: isOver } = await this.#look(turn);
    if (!found || isOver === true) return undefined;
    return text === undefined ? await this.#awaited(turn) : { text, usage };
  }

  /** Looks into the session until the reply stands there; the gateway itself goes on with a turn that its restart interrupted. */
  async #awaited(turn: Turn): Promise<Done> {
    for (;;) {
      const { text, usage, failed: isOver } = await this.#look(turn);
      if (text !== undefined) return { text, usage };
      if (isOver === true) throw failed({ status: 'error' });
      await this.#options.clock.sleep(lookMs, { signal: turn.signal });
    }
  }

  async #look({ inbound, sessionKey, signal }: Turn) {
    return replyInHistory(await this.#door.history(sessionKey, signal), inbound.message.id);
  }
}

function failed(result: Fields): MeshError {
  const status = textOf(result['status']) ?? 'without a status';
  return new MeshError('HANDLER_FAILED', `The turn of the OpenClaw agent ended with ${status}`, {
    data: { detail: faultInResult(result).slice(0, 2000) },
    hint: 'Look into the log of the gateway: openclaw logs',
  });
}
