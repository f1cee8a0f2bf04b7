import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock, systemRandom } from '#kernel';
import type { HubStore } from '#hub';
import { durableHubStoreContract as hubRestarts, hubStoreContract } from '../../../test/contracts/hub-store.ts';
import { hasNatsServer, NatsServer } from '../../../test/support/nats-server.ts';
import { openNatsHubStore } from './hub-store.ts';

const ports = { clock: systemClock, random: systemRandom };

describe.runIf(hasNatsServer)('one server', () => {
  let server: NatsServer | undefined;
  let count = 0;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  // Every test has streams of its own.
  const open = async (): Promise<HubStore> => {
    const urls = server?.url ?? '';
    return (await openNatsHubStore({ ...ports, urls, prefix: `hub${(count += 1)}` })).store;
  };
  hubStoreContract({ name: 'NATS', open });
});

describe.runIf(hasNatsServer)('a server of its own', () => {
  const servers: NatsServer[] = [];
  const serverOf = new Map<HubStore, NatsServer>();
  afterAll(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });
  const start = async (dir?: string): Promise<NatsServer> => {
    const server = await NatsServer.start(dir);
    servers.push(server);
    return server;
  };
  const openAt = async (server: NatsServer): Promise<HubStore> => {
    const { store } = await openNatsHubStore({ ...ports, urls: server.url });
    serverOf.set(store, server);
    return store;
  };
  const at = (store: HubStore): NatsServer => {
    const server = serverOf.get(store);
    if (server === undefined) throw new Error('The store was not opened here');
    return server;
  };
  hubRestarts({
    name: 'NATS',
    open: async () => openAt(await start()),
    reopen: async (store) => {
      await store.close();
      return openAt(at(store));
    },
    snapshot: async (store) => {
      const copy = await at(store).copy();
      return async () => openAt(await start(copy));
    },
  });
});
