import {
  type OperationName,
  operationNames,
  pathFieldsOf,
  routeOf,
  toErrorBody,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '#api';
import { type HubDoor, type NodeDoor, runCli } from '#cli';
import { MeshError, toMeshError } from '#kernel';
import { ManualClock } from '../support/manual-clock.ts';
import { doorWorld } from './door-world.ts';
import { hubDoor } from './hub-world.ts';
import { now, type World, world } from './world.ts';

export interface FakeOptions {
  /** Answers that differ from the usual world. */
  readonly world?: World;
  /** stdin and stdout are terminals of this many columns. */
  readonly terminal?: number;
  /** What stdin holds: lines that are asked for one by one, or all of it. */
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeDoor?: Partial<NodeDoor>;
  readonly hubDoor?: Partial<HubDoor>;
  readonly signal?: AbortSignal;
  /** Bodies of /api/events, one a connection. */
  readonly events?: readonly string[];
  /** Called when /api/events is opened; may throw. */
  onEvents?(): void;
  /** Told all of stdout whenever something was added to it. */
  onOutput?(stdout: string): void;
}

export interface FakeRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the API was asked for, in order. */
  readonly calls: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
}

/** Runs the command line in this process against a fake node; touches no socket and no process. */
export async function mesh(words: readonly string[], options: FakeOptions = {}): Promise<FakeRun> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
      if (name === 'stdout') options.onOutput?.(written.stdout);
    },
    isTerminal: options.terminal !== undefined,
    columns: options.terminal ?? 80,
  });
  const stdout = output('stdout');
  const stderr = output('stderr');
  const environment = { AGENT_MESH_HOME: '/state', ...options.environment };
  const signal = options.signal ?? new AbortController().signal;
  const calls: FakeRun['calls'][number][] = [];
  const transport = fakeTransport(
    { ...world, ...options.world },
    { calls, events: [...(options.events ?? [])], onEvents: options.onEvents },
  );
  const lines = (options.stdin ?? '').split('\n');
  const code = await runCli(words, {
    stdout,
    stderr,
    environment,
    signal,
    ports: async () => ({
      stdin: {
        isTerminal: options.terminal !== undefined,
        text: async () => options.stdin ?? '',
        line: async (question) => {
          stderr.write(question);
          return lines.shift() ?? '';
        },
        secret: async (question) => {
          stderr.write(`${question}\n`);
          return lines.shift() ?? '';
        },
      },
      stdout,
      stderr,
      environment,
      clock: new ManualClock(now),
      signal,
      offsetMinutes: () => 0,
      connect: () => ({ transport, close: async () => {} }),
      nodeDoor: async () => ({ ...closedDoor, ...options.nodeDoor }),
      hubDoor: async () => ({ ...hubDoor, ...options.hubDoor }),
    }),
  });
  return { code, ...written, calls };
}

const closed = (): never => {
  throw new MeshError('INTERNAL', 'This test has no node');
};
const closedDoor: NodeDoor = {
  initAgent: closed,
  addAgent: closed,
  runNode: closed,
  openOffline: closed,
  ...doorWorld,
};

interface Tape {
  readonly calls: FakeRun['calls'][number][];
  readonly events: string[];
  readonly onEvents?: FakeOptions['onEvents'] | undefined;
}

/** The API with answers from a world. */
export function fakeTransport(answers: World, tape: Tape): Transport {
  return {
    async request(request) {
      if (request.path === '/api/events') {
        tape.onEvents?.();
        return eventsOf(tape, request);
      }
      const { name, input } = operationOf(request);
      tape.calls.push({ name, input });
      try {
        const value = valueOf(answers, name, input);
        if (value instanceof Uint8Array) return { status: 200, headers: {}, body: value };
        const text = routeOf(name).stream === true ? linesOf(value) : JSON.stringify(value);
        return response(200, text);
      } catch (thrown) {
        const error = toMeshError(thrown);
        return response(error.status, JSON.stringify(toErrorBody(error)));
      }
    },
  };
}

function valueOf(answers: World, name: OperationName, input: Readonly<Record<string, unknown>>): unknown {
  const answer: unknown = answers[name];
  if (answer === undefined) throw new MeshError('NOT_FOUND', `The fake node does not know ${name}`);
  // The test says what goes in and out; the types of World bind the two.
  return typeof answer === 'function' ? (answer as (input: unknown) => unknown)(input) : answer;
}

const linesOf = (value: unknown): string =>
  Array.isArray(value) ? value.map((line) => `${JSON.stringify(line)}\n`).join('') : '';

function eventsOf({ events }: Tape, { signal }: TransportRequest): TransportResponse {
  const body = events.shift();
  if (body !== undefined) return response(200, body);
  return { ...response(200, ''), body: untilAborted(signal) };
}

// oxlint-disable-next-line require-yield -- nothing more comes: it only ends
async function* untilAborted(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  await new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function response(status: number, text: string): TransportResponse {
  return { status, headers: {}, body: new TextEncoder().encode(text) };
}

/** The operation that a request means, with its input put together again. */
function operationOf({ method, path, query, body }: TransportRequest): {
  name: OperationName;
  input: Record<string, unknown>;
} {
  for (const name of operationNames) {
    const route = routeOf(name);
    const pattern = new RegExp(`^${route.path.replaceAll(/:\w+/g, '([^/]+)')}$`);
    const match = route.method === method ? pattern.exec(path) : null;
    if (match === null) continue;
    const inPath = pathFieldsOf(route).map((field, index) => [field, decodeURIComponent(match[index + 1] ?? '')]);
    const fields = [...inPath, ...Object.entries(query)];
    const inBody: unknown = typeof body === 'string' ? JSON.parse(body) : body === undefined ? {} : { bytes: body };
    const numbers = fields.map(([field = '', value = '']) => [field, /^\d+$/.test(value) ? Number(value) : value]);
    return { name, input: { ...Object.fromEntries(numbers), ...(inBody as object) } };
  }
  throw new Error(`No operation has the path ${method} ${path}`);
}
