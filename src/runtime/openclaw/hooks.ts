import { MeshError, Serial, toMeshError } from '#kernel';
import { inTime } from '../in-time.ts';
import type { Answer, InboundMessage, Runtime } from '../runtime.ts';
import { type Done, done } from './done.ts';
import { GatewayDoor } from './gateway-door.ts';
import { type GatewayTurns, gatewayRuntime } from './gateway-runtime.ts';
import { type Fields, fieldsOf, textOf } from './gateway-frames.ts';
import { replyBehind, rowText } from './history.ts';
import { callHook, type HookAddress, uptimeOf } from './hook-call.ts';
import { fenceLine, peerPrompt, turnText } from './turn-text.ts';
import { Unsettled } from './unsettled.ts';

export interface HooksOptions extends GatewayTurns {
  /** Of the gateway: `http://127.0.0.1:18789` */
  readonly url: string;
  /** `/hooks/agent`, or that of a mapping. */
  readonly hook: string;
  readonly hookToken: string;
  /** Of the gateway itself: with it the reply is read from the session of the turn. */
  readonly token?: string | undefined;
  /** The `sessionKey` of a mapping that keeps its session. */
  readonly hookSession?: string | undefined;
  readonly sessionMode: 'persistent' | 'isolated';
}

/** How often the session is looked at for a reply. */
const lookMs = 1000;

/**
 * Each message is one turn that an HTTP hook of an OpenClaw gateway begins. A hook says how a turn ended and not what its reply was: that is
 * read over the WebSocket when the token of the gateway is there too; else the message is handed over and has no answer. Throws
 * INVALID_CONFIG.
 */
export const hooksRuntime = (options: HooksOptions): Runtime => gatewayRuntime(options, new Hooks(options));

interface Turn {
  readonly inbound: InboundMessage;
  /** As the hook is told, and undefined where only a mapping knows it. */
  readonly session: string | undefined;
  readonly signal: AbortSignal;
}

class Hooks {
  readonly #options: HooksOptions;
  readonly #address: HookAddress;
  readonly #isDirect: boolean;
  /** Present when replies can be read. */
  readonly #door: GatewayDoor | undefined;
  /** A gateway refuses what waits too long behind another turn of its session: it waits here. */
  readonly #sessions = new Map<string, { readonly serial: Serial; users: number }>();
  readonly #unsettled = new Unsettled();
  /** Their last turn failed for certain, so that the next one is another one. */
  readonly #failed = new Unsettled();
  /** When the gateway took the turns whose end was not heard. */
  readonly #takenAt = new Map<string, number>();
  #trouble: MeshError | undefined;

  constructor(options: HooksOptions) {
    this.#options = options;
    const url = checkUrl(options.url);
    this.#address = { url, path: options.hook, token: options.hookToken };
    this.#isDirect = options.hook.endsWith('/agent');
    const keepsSession = this.#isDirect ? options.sessionMode === 'persistent' : options.hookSession !== undefined;
    if (options.token !== undefined && keepsSession) {
      const { token, device, clock, logger } = options;
      this.#door = new GatewayDoor({ url: url.origin.replace(/^http/, 'ws'), token, device, clock, logger });
    }
  }

  get trouble(): MeshError | undefined {
    return this.#trouble ?? this.#door?.trouble;
  }

  close(): void {
    this.#door?.close();
  }

  async handle(inbound: InboundMessage, signal: AbortSignal): Promise<Answer | undefined> {
    const { message, senderName } = inbound;
    const session = this.#isDirect
      ? `hook:mesh:${senderName}:${message.conversationId ?? message.id}`
      : this.#options.hookSession;
    return this.#inOrder(session ?? this.#options.hook, async () => {
      signal.throwIfAborted();
      const { clock, timeoutMs, limits } = this.#options;
      const limit = { clock, timeoutMs, text: `The gateway did not answer within ${timeoutMs} ms` };
      const reply = await inTime(limit, signal, (both) => this.#reply({ inbound, session, signal: both }));
      for (const known of [this.#unsettled, this.#failed, this.#takenAt]) known.delete(message.id);
      return reply && done(message, reply, limits);
    });
  }

  async #inOrder<T>(key: string, task: () => Promise<T>): Promise<T> {
    const lane = this.#sessions.get(key) ?? { serial: new Serial(), users: 0 };
    this.#sessions.set(key, lane);
    lane.users += 1;
    try {
      return await lane.serial.run(task);
    } finally {
      lane.users -= 1;
      if (lane.users === 0) this.#sessions.delete(key);
    }
  }

  async #reply(turn: Turn): Promise<Done | undefined> {
    const { message, attempt } = turn.inbound;
    if (this.#unsettled.has(message.id) || attempt > 1) {
      const found = await this.#resumed(turn);
      if (found !== 'nothing') return found.done;
    }
    return this.#begin(turn, this.#failed.has(message.id) ? `${message.id}#${attempt}` : message.id);
  }

  /** What became of a turn that began before, as far as it can be told; `nothing`: it is begun, or asked for again by its key. */
  async #resumed(turn: Turn): Promise<{ readonly done: Done | undefined } | 'nothing'> {
    const { id } = turn.inbound.message;
    const isForgotten = await this.#isForgotten(turn);
    if (this.#door === undefined) return isForgotten === true ? { done: undefined } : 'nothing';
    const { found, text, usage, failed } = await this.#look(turn, this.#door);
    if (text !== undefined) return { done: { text, usage } };
    if (failed === true) this.#failed.add(id);
    if (!found || failed === true || isForgotten === false) return 'nothing';
    return { done: await this.#awaited(turn, this.#door) };
  }

  /** A gateway that was restarted has forgotten the key, and goes on with the turn by itself; undefined when that cannot be told. */
  async #isForgotten({ inbound, signal }: Turn): Promise<boolean | undefined> {
    const takenAt = this.#takenAt.get(inbound.message.id);
    if (takenAt === undefined) return undefined;
    const uptimeMs = await uptimeOf(this.#address, signal);
    return uptimeMs === undefined ? undefined : this.#options.clock.now() - uptimeMs > takenAt;
  }

  /** The gateway knows the turn by the key, until it is restarted. */
  async #begin(turn: Turn, key: string): Promise<Done | undefined> {
    const { id } = turn.inbound.message;
    const body = this.#body(turn);
    this.#unsettled.add(id);
    await this.#call(turn, { body, key });
    this.#note(id);
    if (this.#isDirect) {
      const { status } = fieldsOf((await this.#completed(turn, { body, key }))['completion']);
      if (status !== 'ok') throw this.#over(id, textOf(status) ?? 'without a status');
    }
    return this.#door === undefined ? undefined : this.#awaited(turn, this.#door);
  }

  /** Asks for the end of a turn that the gateway has taken, as often as the connection does not last that long. */
  async #completed(turn: Turn, { body, key }: { readonly body: Fields; readonly key: string }): Promise<Fields> {
    for (;;) {
      try {
        return await this.#call(turn, { body: { ...body, waitForCompletion: true }, key });
      } catch (error) {
        if (!isLongWait(error)) throw error;
      }
    }
  }

  async #call({ signal }: Turn, { body, key }: { readonly body: Fields; readonly key: string }): Promise<Fields> {
    try {
      const answer = await callHook(this.#address, { body, key, signal });
      this.#trouble = undefined;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const trouble = toMeshError(error);
      if (trouble.code !== 'HANDLER_FAILED' && !isLongWait(error)) this.#tell(trouble);
      throw error;
    }
  }

  async #awaited(turn: Turn, door: GatewayDoor): Promise<Done> {
    for (;;) {
      const { text, usage, failed } = await this.#look(turn, door);
      if (text !== undefined) return { text, usage };
      if (failed === true) throw this.#over(turn.inbound.message.id, 'error');
      await this.#options.clock.sleep(lookMs, { signal: turn.signal });
    }
  }

  async #look({ inbound, session = '', signal }: Turn, door: GatewayDoor) {
    const rows = await door.history(`agent:${this.#options.gatewayAgent}:${session}`, signal);
    const fence = fenceLine(inbound.message.id, this.#options.hookToken);
    return replyBehind(rows, { begins, isOurs: (row) => rowText(row).includes(fence) });
  }

  #body({ inbound, session }: Turn): Fields {
    const { hookToken, gatewayAgent, sessionMode, timeoutMs } = this.#options;
    const answerLine =
      this.#door === undefined
        ? `Your reply does not go back by itself. To answer, run the command: mesh reply ${inbound.message.id} TEXT`
        : undefined;
    const message = `${peerPrompt}\n\n${turnText(inbound, hookToken, { answerLine })}`;
    if (!this.#isDirect) return { message };
    const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
    return {
      message,
      name: 'Agent Mesh',
      agentId: gatewayAgent,
      ...(sessionMode === 'persistent' ? { sessionKey: session } : {}),
      sessionMode,
      deliver: false,
      timeoutSeconds: seconds,
    };
  }

  #note(messageId: string): void {
    this.#takenAt.set(messageId, this.#options.clock.now());
    const [oldest] = this.#takenAt.keys();
    if (this.#takenAt.size > maxTaken && oldest !== undefined) this.#takenAt.delete(oldest);
  }

  #over(messageId: string, status: string): MeshError {
    this.#unsettled.delete(messageId);
    this.#failed.add(messageId);
    return new MeshError('HANDLER_FAILED', `The turn of the OpenClaw agent ended with ${status}`, {
      hint: 'Look into the log of the gateway: openclaw logs',
    });
  }

  #tell(trouble: MeshError): void {
    // Said once, however often it is tried.
    const level = this.#trouble?.message === trouble.message ? 'debug' : 'warn';
    this.#trouble = trouble;
    const { code, hint } = trouble;
    this.#options.logger[level]('runtime.openclaw.not-connected', { url: this.#address.url.origin, code, hint });
  }
}

const maxTaken = 10_000;

/** A turn of the session; not what the gateway says when it goes on after its restart. */
const begins = (row: Fields): boolean => row['role'] === 'user' && !rowText(row).startsWith('[System] ');

/** Node gives up on a response that does not begin for minutes; the turn goes on. */
function isLongWait(error: unknown): boolean {
  const fault: unknown = error instanceof MeshError && error.cause instanceof Error ? error.cause.cause : undefined;
  return fault instanceof Error && 'code' in fault && fault.code === 'UND_ERR_HEADERS_TIMEOUT';
}

function checkUrl(text: string): URL {
  const url = URL.canParse(text.replace(/^ws/, 'http')) ? new URL(text.replace(/^ws/, 'http')) : undefined;
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '')
    return url;
  throw new MeshError('INVALID_CONFIG', 'The url of an OpenClaw gateway with hooks begins with http:// or https://', {
    hint: 'Usually it is http://127.0.0.1:18789',
  });
}
