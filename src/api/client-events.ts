import { type Clock, codeOf, MeshError, systemClock } from '#kernel';
import { EventStreamParser } from './event-stream-parser.ts';
import { readFailure, readText } from './read-body.ts';
import { eventsPath } from './routes.ts';
import type { Transport, TransportResponse } from './transport.ts';
import type { MeshEvent, MissedEvent } from './views.ts';

export interface ReceivedEvent {
  /** To go on from later, as `lastEventId`. */
  readonly id: string;
  readonly event: MeshEvent | MissedEvent;
}

export interface EventsOptions {
  /** Only events of this local agent, by name, and those of the whole node. */
  readonly agent?: string | undefined;
  /** Begin after this event; without it with what happens from now on. */
  readonly lastEventId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The stream is open: whatever happens from now on will come. Called again after every reconnect. */
  readonly onOpen?: (() => void) | undefined;
  /** False: end with the connection. Default true: connect again until the signal aborts or the node refuses. */
  readonly reconnect?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

const firstPauseMs = 250;
const longestPauseMs = 5000;
const passing: readonly string[] = ['UNREACHABLE', 'LINK_CLOSED', 'NODE_NOT_RUNNING', 'SHUTTING_DOWN', 'TIMEOUT'];

/**
 * Events in order, each once, across reconnects (Last-Event-ID). Throws when the first connection fails, when the node
 * refuses, and the reason of the signal.
 */
export async function* readEvents(
  transport: Transport,
  options: EventsOptions,
): AsyncGenerator<ReceivedEvent, void, undefined> {
  const { signal, clock = systemClock, reconnect = true } = options;
  const stream = new EventConnection(transport, options);
  let pauseMs = firstPauseMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      for await (const event of stream.open()) {
        pauseMs = firstPauseMs;
        yield event;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!stream.opened || !reconnect || !passing.includes(codeOf(error))) throw error;
    }
    if (!reconnect) return;
    await clock.sleep(pauseMs, { signal });
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** One stream after another, each going on where the one before it ended. */
class EventConnection {
  readonly #transport: Transport;
  readonly #options: EventsOptions;
  #lastEventId: string | undefined;
  opened = false;

  constructor(transport: Transport, options: EventsOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#lastEventId = options.lastEventId;
  }

  async *open(): AsyncGenerator<ReceivedEvent, void, undefined> {
    const response = await this.#request();
    // Where the stream begins: a connection that is lost before its first event goes on from there.
    this.#lastEventId ??= response.headers['last-event-id'];
    this.opened = true;
    this.#options.onOpen?.();
    const parser = new EventStreamParser();
    for await (const text of piecesOf(response)) {
      for (const { id, data } of parser.feed(text)) {
        this.#lastEventId = id;
        yield { id, event: parseEvent(data) };
      }
    }
  }

  async #request(): Promise<TransportResponse> {
    const { agent, signal } = this.#options;
    const resume = this.#lastEventId === undefined ? {} : { 'last-event-id': this.#lastEventId };
    const response = await this.#transport.request({
      method: 'GET',
      path: eventsPath,
      query: agent === undefined ? {} : { agent },
      headers: { accept: 'text/event-stream', ...resume },
      signal,
    });
    if (response.status !== 200) throw await readFailure(response);
    return response;
  }
}

/** A connection that breaks is LINK_CLOSED, whatever the transport calls it. */
async function* piecesOf({ body }: TransportResponse): AsyncGenerator<string, void, undefined> {
  try {
    yield* readText(body);
  } catch (cause) {
    throw new MeshError('LINK_CLOSED', 'The event stream of the node broke', { cause });
  }
}

/** The node is authenticated and sends its own events; a type that this version does not know is passed on. */
function parseEvent(data: string): ReceivedEvent['event'] {
  const event: unknown = JSON.parse(data);
  if (typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string') {
    return event as ReceivedEvent['event'];
  }
  throw new MeshError('MALFORMED', 'An event of the stream has no type');
}
