import { type Clock, codeOf, type Limits, type Logger, MeshError } from '#kernel';
import type { MessageType } from '#protocol';
import { inTime } from '../in-time.ts';
import { defaultRuntimeTypes } from '../inbound-json.ts';
import type { Answer, InboundMessage, Runtime } from '../runtime.ts';
import { GatewayClient } from './gateway-client.ts';
import { type Fields, fieldsOf, listOf, textOf } from './gateway-frames.ts';
import { fitted } from './fitted.ts';
import { replyInHistory } from './history.ts';
import { peerPrompt, turnText } from './turn-text.ts';

export interface OpenclawOptions {
  /** Of the gateway: `ws://127.0.0.1:18789` */
  readonly url: string;
  readonly token: string;
  /** Which of the gateway's agents. */
  readonly gatewayAgent: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly types?: readonly MessageType[];
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** How often the session is looked at for the reply of a turn whose end was not heard. */
const lookMs = 1000;
const historyRows = 200;
const maxHistoryCharacters = 500_000;
/** Messages whose turn began and whose end is not known. */
const maxUnsettled = 10_000;

/**
 * Each message is one turn of an agent of an OpenClaw gateway, in a session of its own for the peer and the conversation; the whole reply is
 * the answer. A message starts one turn however often it is offered: the gateway knows it by the message id, and after a restart of either
 * side the session is searched for what became of it. Throws INVALID_CONFIG.
 */
export function openclawRuntime(options: OpenclawOptions): Runtime {
  const gateway = new Gateway(options);
  return {
    kind: 'openclaw',
    types: options.types ?? defaultRuntimeTypes,
    concurrency: options.concurrency,
    handle: (inbound, { signal }) => gateway.handle(inbound, signal),
  };
}

interface Turn {
  readonly inbound: InboundMessage;
  readonly sessionKey: string;
  readonly signal: AbortSignal;
}

class Gateway {
  readonly #options: OpenclawOptions;
  readonly #url: string;
  #opening: Promise<GatewayClient> | undefined;
  /** The last attempt to connect failed. */
  #isMissed = false;
  /** Messages of which a turn began whose end was not heard. */
  readonly #unsettled = new Set<string>();

  constructor(options: OpenclawOptions) {
    this.#options = options;
    this.#url = checkUrl(options.url);
  }

  async handle(inbound: InboundMessage, signal: AbortSignal): Promise<Answer | undefined> {
    signal.throwIfAborted();
    const { message } = inbound;
    const { clock, timeoutMs } = this.#options;
    const limit = { clock, timeoutMs, text: `The gateway did not answer within ${timeoutMs} ms` };
    const text = await inTime(limit, signal, (both) => this.#reply(inbound, both));
    this.#unsettled.delete(message.id);
    return message.type === 'request' ? fitted(text, this.#options.limits) : undefined;
  }

  async #reply(inbound: InboundMessage, signal: AbortSignal): Promise<string> {
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
  async #begin(turn: Turn, key: string): Promise<string> {
    const { inbound, sessionKey, signal } = turn;
    const { token } = this.#options;
    const client = await this.#client();
    this.#note(inbound.message.id);
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
    if (status === 'ok') return textIn(result);
    // Nothing more comes of this turn: the next attempt begins another one.
    this.#unsettled.delete(inbound.message.id);
    throw failed(result);
  }

  /** What became of a turn that began before; undefined when none reached the session, or it failed. */
  async #resumed(turn: Turn): Promise<string | undefined> {
    const { found, text, failed: isOver } = await this.#look(turn);
    if (!found || isOver === true) return undefined;
    return text ?? (await this.#awaited(turn));
  }

  /** Looks into the session until the reply stands there; the gateway itself goes on with a turn that its restart interrupted. */
  async #awaited(turn: Turn): Promise<string> {
    for (;;) {
      const { text, failed: isOver } = await this.#look(turn);
      if (text !== undefined) return text;
      if (isOver === true) throw failed({ status: 'error' });
      await this.#options.clock.sleep(lookMs, { signal: turn.signal });
    }
  }

  async #look({ inbound, sessionKey, signal }: Turn) {
    const client = await this.#client();
    const params = { sessionKey, limit: historyRows, maxChars: maxHistoryCharacters };
    const { messages } = await client.request('chat.history', params, { signal });
    return replyInHistory(listOf(messages), inbound.message.id);
  }

  /** One connection for all turns, made anew when it was lost. */
  async #client(): Promise<GatewayClient> {
    const open = await this.#opening?.catch(() => undefined);
    if (open?.isOpen === true) return open;
    const { token, clock, logger } = this.#options;
    this.#opening = GatewayClient.open({ url: this.#url, token }, clock);
    try {
      const client = await this.#opening;
      this.#isMissed = false;
      return client;
    } catch (error) {
      // Said once, however often it is tried.
      const level = this.#isMissed ? 'debug' : 'warn';
      logger[level]('runtime.openclaw.not-connected', { url: this.#url, code: codeOf(error) });
      this.#isMissed = true;
      throw error;
    }
  }

  #note(messageId: string): void {
    this.#unsettled.add(messageId);
    const [oldest] = this.#unsettled;
    if (this.#unsettled.size > maxUnsettled && oldest !== undefined) this.#unsettled.delete(oldest);
  }
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['ws:', 'wss:'].includes(url.protocol) && url.username === '' && url.password === '')
    return text;
  throw new MeshError('INVALID_CONFIG', 'The url of an OpenClaw gateway begins with ws:// or wss://', {
    hint: 'Usually it is ws://127.0.0.1:18789',
  });
}

function textIn(result: Fields): string {
  const payloads = listOf(fieldsOf(result['result'])['payloads']);
  const texts = payloads.map(({ text }) => textOf(text) ?? '').filter((text) => text !== '');
  return texts.join('\n');
}

function failed(result: Fields): MeshError {
  const detail =
    textOf(fieldsOf(result['error'])['message']) ?? textOf(result['error']) ?? textOf(result['summary']) ?? '';
  const status = textOf(result['status']) ?? 'without a status';
  return new MeshError('HANDLER_FAILED', `The turn of the OpenClaw agent ended with ${status}`, {
    data: { detail: detail.slice(0, 2000) },
    hint: 'Look into the log of the gateway: openclaw logs',
  });
}
