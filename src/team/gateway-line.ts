import { type Clock, codeOf, type IdSource, MeshError } from '#kernel';
import { type DeviceKey, type Fields, GatewayClient } from '#runtime';
import { framed, teamPrompt } from './framing.ts';
import type { GatewayPlace } from './gateway-address.ts';
import { gatewayRefused, gatewayUnreachable } from './gateway-errors.ts';
import { checkedReply, replyOf, turnFailed, type TurnOf } from './gateway-turn.ts';
import type { Identity } from './identity.ts';
import type { Line, Question, Reply } from './line.ts';
import { replyOfRun } from './reply-of-run.ts';
import type { TeamGuard } from './team-guard.ts';
import { labelOf, type Teammate } from './teammate.ts';
import { within } from './within.ts';

export interface GatewayLineOptions {
  readonly teammate: Teammate;
  readonly place: GatewayPlace;
  readonly token: string;
  /** Shown where the token alone is not enough. */
  readonly device?: (() => Promise<DeviceKey>) | undefined;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Who writes; only looking needs nobody. */
  readonly from?: Pick<Identity, 'email'> | undefined;
  /** How long it may take to answer when it is called. */
  readonly openMs: number;
  readonly guard: TeamGuard;
  /** Takes what is secret out of what the gateway says. */
  redact(text: string): string;
}

/** How often the session is looked at for a reply whose turn goes on out of our sight. */
const lookMs = 1000;

interface Turn {
  readonly run: string;
  readonly session: string;
  readonly signal: AbortSignal;
}

/** The agent of a teammate over the WebSocket of its gateway. */
export class GatewayLine implements Line {
  readonly way = 'gateway';
  readonly #options: GatewayLineOptions;
  #client: GatewayClient;
  #latencyMs = 0;

  private constructor(options: GatewayLineOptions, client: GatewayClient) {
    this.#options = options;
    this.#client = client;
  }

  /** Connects and asks something small. Rejects with GATEWAY_UNREACHABLE, GATEWAY_REFUSED. */
  static async open(options: GatewayLineOptions, signal: AbortSignal): Promise<GatewayLine> {
    const { clock, openMs: timeoutMs } = options;
    const late = () => gatewayUnreachable(options, `does not answer within ${timeoutMs / 1000} s`);
    return await within({ clock, timeoutMs, signal, late }, async (either) => {
      const line = new GatewayLine(options, await connect(options, either));
      try {
        const from = clock.monotonic();
        await line.#said(line.#client.request('agents.list', {}, { signal: either }));
        line.#latencyMs = clock.monotonic() - from;
        return line;
      } catch (error) {
        line[Symbol.dispose]();
        throw error;
      }
    });
  }

  get teammate(): Teammate {
    return this.#options.teammate;
  }

  get address(): string {
    return this.#options.place.url;
  }

  get latencyMs(): number {
    return this.#latencyMs;
  }

  async ask(question: Question, signal: AbortSignal): Promise<Reply> {
    const { ids, from } = this.#options;
    if (from === undefined) throw new MeshError('TEAM_IDENTITY_UNKNOWN');
    this.#options.guard.assertMayLeave(question.text);
    const run = ids.next('msg');
    const params = { message: framed({ from, text: question.text, run }), extraSystemPrompt: teamPrompt };
    return await this.#inTime({ run, ...question }, signal, (turn) => this.#begin(turn, params));
  }

  /** The same for the own agent, which is told the text as it is. */
  async think({ text: message, ...question }: Question, signal: AbortSignal): Promise<Reply> {
    const run = this.#options.ids.next('msg');
    return await this.#inTime({ run, ...question }, signal, (turn) => this.#begin(turn, { message }));
  }

  /** The reply of a run that was begun before. Rejects with NOT_FOUND when the session has no such run. */
  async find(sought: Omit<Question, 'text'> & { readonly run: string }, signal: AbortSignal): Promise<Reply> {
    return await this.#inTime(sought, signal, async (turn) => {
      const found = await this.#awaited(turn);
      if (found !== undefined) return found;
      const text = `The session ${turn.session} of ${this.#label} has no run ${turn.run}`;
      throw new MeshError('NOT_FOUND', text, {
        hint: 'Give the session that it was sent to with --session. If it is the right one, nothing arrived: send it again.',
      });
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #inTime(
    sought: Pick<Question, 'session' | 'timeoutMs'> & { readonly run: string },
    signal: AbortSignal,
    work: (turn: Turn) => Promise<string>,
  ): Promise<Reply> {
    const { clock } = this.#options;
    const { run, session, timeoutMs } = sought;
    const from = clock.monotonic();
    const late = () => this.#tooLate(sought);
    const text = await within({ clock, timeoutMs, signal, late }, (either) => work({ run, session, signal: either }));
    const guard = this.#options.guard.arrived(text);
    return { text, run, elapsedMs: clock.monotonic() - from, ...(guard.length === 0 ? {} : { guard }) };
  }

  async #begin(turn: Turn, params: Fields): Promise<string> {
    const { run, session, signal } = turn;
    try {
      const result = await this.#turn(
        {
          ...params,
          sessionKey: session,
          idempotencyKey: run,
          deliver: false,
          inputProvenance: { kind: 'inter_session', sourceChannel: 'mesh-team' },
        },
        turn,
      );
      const reply = replyOf(result, this.#turnOf(run));
      if (reply !== undefined) return reply;
    } catch (error) {
      if (codeOf(error) !== 'GATEWAY_UNREACHABLE') throw error;
      await this.#reconnect(signal);
    }
    const found = await this.#awaited(turn);
    if (found !== undefined) return found;
    throw gatewayUnreachable(this.#options, 'ended when it was asked, and knows nothing of it now');
  }

  /** Looks into the session until the reply stands there; undefined when no turn of the run reached it. */
  async #awaited({ run, session, signal }: Turn): Promise<string | undefined> {
    for (;;) {
      try {
        const rows = await this.#said(this.#client.history(session, signal));
        const { found, text, failed } = replyOfRun(rows, run);
        if (!found) return undefined;
        if (text !== undefined) return checkedReply(text, this.#turnOf(run));
        if (failed === true) throw turnFailed({ status: 'error' }, this.#turnOf(run));
        await this.#options.clock.sleep(lookMs, { signal });
      } catch (error) {
        if (codeOf(error) !== 'GATEWAY_UNREACHABLE') throw error;
        await this.#reconnect(signal);
      }
    }
  }

  /** A gateway that ended in mid-turn goes on with the turn when it is there again. */
  async #reconnect(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#options.clock.sleep(lookMs, { signal });
      try {
        this.#client = await connect(this.#options, signal);
        return;
      } catch (error) {
        if (codeOf(error) !== 'GATEWAY_UNREACHABLE') throw error;
      }
    }
  }

  /** What the gateway says last of a turn. */
  async #turn(params: Fields, { run, signal }: Turn): Promise<Fields> {
    try {
      return await this.#client.request('agent', params, { signal, final: true });
    } catch (error) {
      if (!isUnavailable(error)) throw told(error, this.#options);
      // Of a turn that began: its model failed.
      throw turnFailed({ status: 'error', error: { message: error.data['detail'] } }, this.#turnOf(run));
    }
  }

  async #said<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw told(error, this.#options);
    }
  }

  #turnOf(run: string): TurnOf {
    return { label: this.#label, run, redact: (text) => this.#options.redact(text) };
  }

  get #label(): string {
    return labelOf(this.#options.teammate);
  }

  #tooLate({ run, session, timeoutMs }: { run: string; session: string; timeoutMs: number }): MeshError {
    const text = `${this.#label} did not reply within ${timeoutMs / 1000} s; the turn may still go on there`;
    const where = session === 'main' ? '' : ` --session ${session}`;
    return new MeshError('ANSWER_TIMEOUT', text, {
      hint: `Do not send it again. Fetch the reply later: mesh team reply --to ${this.teammate.emailPrefix} --run ${run}${where}`,
      data: { run, session },
    });
  }
}

async function connect(options: GatewayLineOptions, signal: AbortSignal): Promise<GatewayClient> {
  const { place, token, device, clock } = options;
  const opening = GatewayClient.open({ url: place.url, token, device }, clock);
  try {
    const client = await opening;
    // Nobody waits for it any more.
    if (signal.aborted) client.close();
    return client;
  } catch (error) {
    throw told(error, options);
  }
}

/** What the client of the gateway says, about a teammate. */
function told(error: unknown, options: GatewayLineOptions): unknown {
  if (isUnavailable(error)) return gatewayUnreachable(options, 'is just starting or stopping');
  const code = codeOf(error);
  if (code === 'GATEWAY_UNREACHABLE') return gatewayUnreachable(options, 'cannot be reached');
  return code === 'GATEWAY_REFUSED' && error instanceof MeshError ? gatewayRefused(options, error) : error;
}

const isUnavailable = (error: unknown): error is MeshError =>
  error instanceof MeshError && error.code === 'GATEWAY_REFUSED' && error.data['reason'] === 'UNAVAILABLE';
