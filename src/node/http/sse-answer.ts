import { type Clock, type Limits, MeshError } from '#kernel';
import { securityHeaders } from './api-answers.ts';
import { ByteStream } from './byte-stream.ts';
import type { EventLog, LoggedEvent } from './event-log.ts';

export interface SseOptions {
  readonly log: EventLog;
  /** Only events of this local agent and those of the whole node. */
  readonly agent?: string | undefined;
  /** The header Last-Event-ID. */
  readonly lastEventId: string | null;
  readonly gone: AbortController;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'apiHeartbeatMs'>;
  /** A HEAD request gets no stream. */
  readonly headOnly: boolean;
}

/**
 * Server-sent events (WHATWG HTML §9.2). The header Last-Event-ID of the answer says after which event the stream
 * begins. Throws INVALID_ARGUMENT for a Last-Event-ID that is no event id.
 */
export function sseAnswer(options: SseOptions): Response {
  const { log, gone } = options;
  const after = parseEventId(options.lastEventId) ?? log.lastId;
  const headers = {
    ...securityHeaders,
    'content-type': 'text/event-stream; charset=utf-8',
    'last-event-id': String(after),
    // A proxy on the way must not hold events back.
    'x-accel-buffering': 'no',
  };
  if (options.headOnly) return new Response(null, { headers });
  const batches = log.read({ after, signal: gone.signal });
  const stream = new ByteStream({ gone });
  stream.write(`id: ${after}\n\n`);
  void writeEvents(stream, batches, options);
  void beat(stream, options);
  return new Response(stream.readable, { headers });
}

async function writeEvents(
  stream: ByteStream,
  batches: AsyncIterable<readonly LoggedEvent[]>,
  options: SseOptions,
): Promise<void> {
  const { agent, gone } = options;
  const wanted = (event: LoggedEvent): boolean =>
    agent === undefined || event.agent === undefined || event.agent === agent;
  for await (const batch of batches) {
    const text = batch.filter(wanted).map(blockOf).join('');
    if (text !== '') stream.write(text);
    await stream.room();
  }
  stream.end();
  gone.abort();
}

/** JSON has no line breaks, so that one data line holds it. */
const blockOf = ({ id, type, data }: LoggedEvent): string => `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;

/** Comments that keep the connection alive and tell both ends when it is not. Never rejects. */
async function beat(stream: ByteStream, { clock, limits, gone }: SseOptions): Promise<void> {
  while (!gone.signal.aborted) {
    await clock.sleep(limits.apiHeartbeatMs, { signal: gone.signal }).catch(() => {});
    if (!gone.signal.aborted && stream.hasRoom) stream.write(': heartbeat\n\n');
  }
}

function parseEventId(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new MeshError('INVALID_ARGUMENT', 'The header Last-Event-ID is not the id of an event');
}
