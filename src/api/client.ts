import { MeshError } from '#kernel';
import { buildRequest } from './build-request.ts';
import { type EventsOptions, readEvents, type ReceivedEvent } from './client-events.ts';
import { fromErrorBody, isErrorBody } from './error-body.ts';
import type { Input, Output } from './operations.ts';
import { readAnswer, readBytes, readFailure, readLines } from './read-body.ts';
import { type OperationName, operationNames, routeOf, type StreamOperationName } from './routes.ts';
import type { Transport } from './transport.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The API as typed methods: one for each operation, and the event stream. All throw `MeshError`. */
export type Client = {
  readonly [N in OperationName]: (...call: CallArguments<N>) => Answer<N>;
} & {
  /** Follows what happens at the node, across reconnects, without a gap that is not told of by a `missed` event. */
  events(options?: EventsOptions): AsyncIterable<ReceivedEvent>;
};

type CallArguments<N extends OperationName> =
  Record<never, never> extends Input<N>
    ? [input?: Input<N> | undefined, options?: CallOptions]
    : [input: Input<N>, options?: CallOptions];

type Answer<N extends OperationName> = N extends StreamOperationName ? AsyncIterable<Output<N>> : Promise<Output<N>>;

type Fields = Readonly<Record<string, unknown>>;

/** A client over the transport; opens nothing by itself. */
export function createClient(transport: Transport): Client {
  const methods = operationNames.map((name) => {
    const call = (input: Fields = {}, options: CallOptions = {}) =>
      routeOf(name).stream === true
        ? streamOf(transport, name, { input, ...options })
        : answerOf(transport, name, { input, ...options });
    return [name, call] as const;
  });
  const events = (options: EventsOptions = {}) => readEvents(transport, options);
  // The table of routes and the schemas have the same names, which a test proves.
  return { ...Object.fromEntries(methods), events } as unknown as Client;
}

interface Call extends CallOptions {
  readonly input: Fields;
}

async function answerOf(transport: Transport, name: OperationName, { input, signal }: Call): Promise<unknown> {
  signal?.throwIfAborted();
  const response = await transport.request({ ...buildRequest(routeOf(name), input), signal });
  return routeOf(name).gives === 'bytes' ? readBytes(response) : readAnswer(response);
}

/** Ends with the line `done`; a stream that stops before it was cut. */
async function* streamOf(transport: Transport, name: OperationName, { input, signal }: Call) {
  signal?.throwIfAborted();
  const response = await transport.request({ ...buildRequest(routeOf(name), input), signal });
  if (response.status !== 200) throw await readFailure(response);
  let done = false;
  for await (const line of readLines(response.body)) {
    if (isErrorBody(line)) throw fromErrorBody(line, response.status);
    done = isDone(line);
    yield line;
  }
  if (!done) throw new MeshError('LINK_CLOSED', 'The answer of the node ended early');
}

const isDone = (line: unknown): boolean =>
  typeof line === 'object' && line !== null && 'type' in line && line.type === 'done';
