import { codeOf, type EventStream, MeshError } from '#kernel';
import { type Operations } from '#api';
import { listen, type Listening as Listener } from '#host';
import { acceptWebSockets } from '#link';
import { logEvents } from './api-events.ts';
import type { NodeEvent } from './node-event.ts';
import { type Api, createApi, createPublicApp, EventLog, nodeHandler } from './http/index.ts';
import type { LinkDesk } from './link-desk.ts';
import { type Address, hostNamed, type NodeParts } from './parts.ts';

export interface ListenersOptions {
  readonly parts: NodeParts;
  readonly links: LinkDesk;
  readonly events: EventStream<NodeEvent>;
  readonly operations: Operations;
  readonly host: string;
  readonly port: number;
  /** Others wait until it resolves: before, cards do not say where the node is now. */
  readonly ready: Promise<void>;
  /** Without it there is no local API. A port that is taken is an error only when `exact`. */
  readonly api?: { readonly port: number; readonly exact: boolean; readonly token: string };
}

export interface Listening {
  readonly publicAddress: Address;
  readonly apiAddress: Address | undefined;
  /** Takes no new connections; what is under way goes on. */
  stopAccepting(): Promise<void>;
  close(): Promise<void>;
}

const loopback = '127.0.0.1';
const graceMs = 2000;

/** The public listener for other nodes, and the local API for the owner. */
export async function startListeners(options: ListenersOptions): Promise<Listening> {
  const publicListener = await listenPublic(options);
  try {
    const api = options.api === undefined ? undefined : await listenApi(options, options.api);
    return {
      publicAddress: publicListener.address,
      apiAddress: api?.listener.address,
      async stopAccepting() {
        publicListener.stopAccepting();
      },
      async close() {
        await options.links.listener.close('SHUTTING_DOWN');
        api?.api.close();
        await Promise.all([publicListener.close({ graceMs }), api?.listener.close({ graceMs })]);
      },
    };
  } catch (error) {
    await publicListener.close({ graceMs: 0 });
    throw error;
  }
}

function listenPublic({ parts, links, host, port, ready }: ListenersOptions): Promise<Listener> {
  const { clock, limits, hosts, version } = parts;
  const cards = () => [...hosts.values()].map(({ agent }) => agent.card());
  const app = createPublicApp({
    cards,
    cardOf: (name) => {
      try {
        return hostNamed(parts, name).agent.card();
      } catch (error) {
        if (error instanceof MeshError && error.code === 'NOT_FOUND') return undefined;
        throw error;
      }
    },
    version,
    health: () => true,
    clock,
    limits,
  });
  const upgrade = acceptWebSockets(links.listener, limits);
  return listen({
    handler: (...call) => void ready.then(() => app(...call)),
    onUpgrade: (request, socket, head) => {
      // One that breaks while it waits.
      const ignore = (): void => {};
      socket.on('error', ignore);
      void ready.then(() => upgrade(request, socket, head)).finally(() => socket.off('error', ignore));
    },
    host,
    port,
    clock,
    limits,
  });
}

async function listenApi(
  options: ListenersOptions,
  wanted: NonNullable<ListenersOptions['api']>,
): Promise<{ readonly api: Api; readonly listener: Listener }> {
  const { parts, events, operations } = options;
  const { clock, limits, logger, version } = parts;
  const log = new EventLog({ clock, limits });
  void logEvents(parts, events, log);
  let bound: Listener | undefined;
  const api = createApi({
    operations,
    token: wanted.token,
    allowedHosts: () => allowedHosts(bound?.address.port ?? 0),
    events: { log, agentNamed: (name) => hostNamed(parts, name).agent.name },
    version,
    clock,
    limits,
    logger,
  });
  const handler = nodeHandler((request) => api.fetch(request));
  const at = (port: number) => listen({ handler, host: loopback, port, clock, limits });
  try {
    bound = await at(wanted.port);
  } catch (error) {
    // The command line reads the real port from the state folder, so a second node on a machine just takes another.
    if (wanted.exact || codeOf(error) !== 'PORT_IN_USE') throw error;
    bound = await at(0);
  }
  return { api, listener: bound };
}

const allowedHosts = (port: number): readonly string[] => [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
