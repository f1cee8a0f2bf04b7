import { Hono } from 'hono';
import type { Context } from 'hono';
import { type Clock, discardBytes, type Limits, type Logger, MeshError } from '#kernel';
import {
  eventsPath,
  type Input,
  loadOpenApi,
  loadSchemas,
  openApiPath,
  type OperationName,
  operationNames,
  type Operations,
  routeOf,
} from '#api';
import { bytesAnswer, errorAnswer, jsonAnswer, presentable } from './api-answers.ts';
import type { GuardOptions } from '#host';
import { checkInput } from './check-input.ts';
import type { EventLog } from './event-log.ts';
import { ndjsonAnswer } from './ndjson-answer.ts';
import { controllerOf, type OpenRequests } from './open-requests.ts';
import { readInput } from './read-input.ts';
import { sseAnswer } from './sse-answer.ts';

/** What happens at the node; `agentNamed` gives the name of a local agent from its name or id and throws NOT_FOUND. */
export interface EventSource {
  readonly log: EventLog;
  agentNamed(nameOrId: string): string;
}

export interface ApiOptions extends GuardOptions {
  readonly operations: Operations;
  /** Absent when no node runs: NODE_NOT_RUNNING. */
  readonly events?: EventSource | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** What `buildApiApp` shares with the `Api` around it. */
export interface ApiParts {
  readonly options: ApiOptions;
  readonly open: OpenRequests;
  /** Throws when the request may not go on. */
  guard(headers: Headers): void;
}

/**
 * The routes of the local API. Everything passes the guard first, so that nobody without the token learns what exists.
 */
export function buildApiApp({ options, open, guard }: ApiParts): Hono {
  const { logger, version } = options;
  const app = new Hono();
  app.use(async (context, next) => {
    guard(context.req.raw.headers);
    await next();
  });
  for (const name of operationNames) {
    const { method, path } = routeOf(name);
    app.on(method, path, (context) => answer(context, name, { options, open }));
  }
  app.get(eventsPath, (context) => events(context, options));
  app.get(openApiPath, async () => jsonAnswer(await loadOpenApi({ version })));
  for (const [path, allow] of methodsByPath()) {
    app.all(path, ({ req }) => {
      throw new MeshError('METHOD_NOT_ALLOWED', `${path} takes ${allow.join(', ')}, not ${req.method}`, {
        data: { allow },
      });
    });
  }
  app.notFound(() => {
    const message = 'The API has nothing at this address';
    return errorAnswer(new MeshError('NOT_FOUND', message, { hint: `See what there is: GET ${openApiPath}` }));
  });
  app.onError((error, { req }) => {
    const shown = presentable(error, { logger, where: `${req.method} ${req.routePath}` });
    logger.debug('api.refused', { code: shown.code });
    return errorAnswer(shown);
  });
  return app;
}

async function answer(
  context: Context,
  name: OperationName,
  { options, open }: Omit<ApiParts, 'guard'>,
): Promise<Response> {
  const { operations, limits, logger } = options;
  const { req } = context;
  const raw = {
    request: req.raw,
    query: new URL(req.url).searchParams,
    pathField: (field: string) => req.param(field),
  };
  const route = routeOf(name);
  const input = await readInput(
    route,
    raw,
    route.takes === 'bytes' ? limits.maxUploadPartBytes : limits.maxApiBodyBytes,
  );
  const checked = checkInput(await loadSchemas(), name, input);
  const gone = open.begin(req.raw.signal);
  try {
    const result = call(operations, name, { input: checked, signal: gone.signal });
    if (isStream(result)) return await ndjsonAnswer(result, { gone, logger, where: name });
    const answer = await result;
    return answer instanceof Uint8Array ? bytesAnswer(answer) : jsonAnswer(answer);
  } finally {
    if (route.stream !== true) open.end(gone);
    // A part of a file was taken, or not: nobody has it any more.
    if (input['bytes'] instanceof Uint8Array) discardBytes(input['bytes']);
  }
}

function call<N extends OperationName>(
  operations: Operations,
  name: N,
  { input, signal }: { readonly input: Input<N>; readonly signal: AbortSignal },
): ReturnType<Operations[N]> | AsyncIterable<unknown> | Promise<unknown> {
  return operations[name](input, { signal });
}

const isStream = (result: AsyncIterable<unknown> | Promise<unknown>): result is AsyncIterable<unknown> =>
  Symbol.asyncIterator in result;

function events({ req }: Context, { events: source, clock, limits }: ApiOptions): Response {
  if (source === undefined) throw new MeshError('NODE_NOT_RUNNING', 'Events come from a running node only');
  const agents = req.queries('agent') ?? [];
  const unknown = Object.keys(req.queries()).find((name) => name !== 'agent');
  if (unknown !== undefined || agents.length > 1)
    throw new MeshError('INVALID_ARGUMENT', 'The query takes agent, once');
  const [agent] = agents;
  return sseAnswer({
    log: source.log,
    agent: agent === undefined ? undefined : source.agentNamed(agent),
    lastEventId: req.header('last-event-id') ?? null,
    gone: controllerOf(req.raw.signal),
    clock,
    limits,
    headOnly: req.method === 'HEAD',
  });
}

function methodsByPath(): ReadonlyMap<string, readonly string[]> {
  const all = [
    ...operationNames.map(routeOf),
    { method: 'GET', path: eventsPath },
    { method: 'GET', path: openApiPath },
  ];
  const byPath = Map.groupBy(all, ({ path }) => path);
  return new Map([...byPath].map(([path, found]) => [path, found.map(({ method }) => method)]));
}
