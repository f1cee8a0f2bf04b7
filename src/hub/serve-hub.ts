import { listen, loopbackHosts } from '#host';
import { codeOf, MeshError, toMeshError } from '#kernel';
import { acceptWebSockets } from '#link';
import { createAdminApp } from './admin-http.ts';
import type { Hub } from './hub.ts';
import { createHubAdmin } from './hub-admin.ts';
import { createHubApp } from './hub-app.ts';

export interface ServeHubOptions {
  readonly hub: Hub;
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Bearer token of the admin API. */
  readonly token: string;
  /** Where agents reach the hub, once it is known where it listens. */
  urlOf(address: Address): string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServingHub {
  readonly address: Address;
  readonly adminAddress: Address;
  readonly url: string;
  /** Takes no new connections, lets what came become durable, tells who is linked, and closes everything. */
  stop(): Promise<void>;
}

const loopback = '127.0.0.1';
const graceMs = 2000;

/** Opens a hub to the network, and its admin API to this machine. Throws PORT_IN_USE, INVALID_ARGUMENT. */
export async function serveHub(options: ServeHubOptions): Promise<ServingHub> {
  const { hub, host, port, version, token, urlOf } = options;
  const { clock, limits } = hub.parts;
  let url = '';
  let adminPort = 0;
  const guard = { token, allowedHosts: () => loopbackHosts(adminPort) };
  const adminApp = createAdminApp(createHubAdmin({ hub, url: () => url, running: true }), guard);
  const admin = await listen({ handler: adminApp, host: loopback, port: 0, clock, limits });
  adminPort = admin.address.port;
  try {
    const handler = createHubApp({ hub, version, clock, limits });
    const onUpgrade = acceptWebSockets(hub.listener, limits);
    const open = await listen({ handler, host, port, onUpgrade, clock, limits }).catch(withOwnHint);
    url = urlOf(open.address);
    return {
      address: open.address,
      adminAddress: admin.address,
      url,
      stop: async () => {
        open.stopAccepting();
        await hub.stop();
        await Promise.all([open.close({ graceMs }), admin.close({ graceMs: 0 })]);
      },
    };
  } catch (error) {
    await admin.close({ graceMs: 0 });
    throw error;
  }
}

function withOwnHint(error: unknown): never {
  const { message, data } = toMeshError(error);
  if (codeOf(error) !== 'PORT_IN_USE') throw error;
  const hint = 'Choose another: mesh hub --port 7701, or for good under [hub] in hub.toml.';
  throw new MeshError('PORT_IN_USE', message, { cause: error, hint, data });
}
