import { existsSync, openSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type Logger, MeshError, silentLogger, systemClock, systemRandom } from '#kernel';
import { createLogger, keepYoungMemory, packageVersion } from '#host';
import {
  adminOverHttp,
  createHubAdmin,
  Hub,
  type HubSettings,
  hubLimits,
  readHubConfig,
  readHubKey,
  serveHub,
} from '#hub';
import { blobFilesIn, openNatsHubStore, openSqliteHubStore } from '#storage';
import type { HubReady, OpenHubAdmin, RunHubOptions } from '../hub-door.ts';
import {
  findRunningHub,
  type HubFolder,
  hubFolder,
  keyOf,
  lockFolder,
  makeFolder,
  removeRunning,
  tokenOf,
  writeRunning,
} from './hub-folder.ts';

export { openRelay } from './relay.ts';

const standard = { host: '127.0.0.1', port: 7700, name: 'hub' } as const;

/** `mesh hub`. */
export async function runHub(options: RunHubOptions): Promise<void> {
  const folder = hubFolder(options.stateDir);
  makeFolder(folder);
  const lock = await lockFolder(folder);
  try {
    await runLocked(folder, options);
  } finally {
    lock.release();
  }
}

async function runLocked(folder: HubFolder, options: RunHubOptions): Promise<void> {
  const config = withFlags(await readHubConfig(folder.config), options);
  const { host = standard.host, port = standard.port } = config;
  const fd = options.logsToFile ? openSync(folder.log, 'a', 0o600) : 2;
  const logger = createLogger({ level: config.logLevel ?? 'info', fd });
  const broken = Promise.withResolvers<MeshError>();
  const hub = await openHub(folder, { config, logger, onBroken: broken.resolve });
  const token = await tokenOf(folder);
  // Before anybody is served: what lies in the folder and is not known was left by a crash.
  await hub.start();
  let failure: MeshError | undefined;
  const serving = await serveHub({
    hub,
    host,
    port,
    version: packageVersion(),
    token,
    urlOf: (address) => config.url ?? urlOf(address),
  }).catch(async (error: unknown) => {
    await hub.stop();
    throw error;
  });
  try {
    await writeRunning(folder, serving.adminAddress);
    const info = readyInfo(hub, { listen: serving.address, url: serving.url, stateDir: folder.path });
    logger.info('hub.started', { pid: process.pid, hub: info.agentId, listen: `${host}:${serving.address.port}` });
    keepYoungMemory();
    options.onReady(info);
    failure = await Promise.race([aborted(options.signal), broken.promise]);
  } finally {
    removeRunning(folder);
    await serving.stop();
    logger.info('hub.stopped');
  }
  if (failure !== undefined) throw failure;
}

/** `mesh hub admin`. */
export async function openHubAdmin(stateDir: string): Promise<OpenHubAdmin> {
  const folder = hubFolder(stateDir);
  const running = findRunningHub(folder);
  if (running !== undefined) {
    const admin = adminOverHttp({ ...running, token: await tokenOf(folder) });
    return { admin, close: async () => {} };
  }
  if (!existsSync(folder.database) && !isOnNats(await readHubConfig(folder.config))) {
    throw new MeshError('NOT_FOUND', `There is no hub in ${stateDir}`, { hint: 'Start one with: mesh hub' });
  }
  const lock = await lockFolder(folder);
  try {
    const config = await readHubConfig(folder.config);
    const hub = await openHub(folder, { config, logger: silentLogger });
    const { host = standard.host, port = standard.port } = config;
    const url = (): string => config.url ?? urlOf({ host, port });
    return {
      admin: createHubAdmin({ hub, url, running: false }),
      close: async () => {
        await hub.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface OpenOptions {
  readonly config: HubSettings;
  readonly logger: Logger;
  readonly onBroken?: (error: MeshError) => void;
}

async function openHub(folder: HubFolder, { config, logger, onBroken }: OpenOptions): Promise<Hub> {
  const ports = { clock: systemClock, random: systemRandom, logger };
  const self = await readHubKey(await keyOf(folder));
  const kind = config.admission ?? (isLoopback(config.host ?? standard.host) ? 'open' : 'invite');
  return new Hub({
    ...ports,
    self,
    name: config.name ?? standard.name,
    ...(isOnNats(config)
      ? await openNatsHubStore({ ...ports, urls: config.store, hub: self.agentId })
      : {
          store: await openSqliteHubStore({ ...ports, path: folder.database, ...(onBroken && { onBroken }) }),
          files: blobFilesIn(folder.blobs),
        }),
    admission: { kind, allowlist: new Set(config.allowlist), guests: config.guests ?? kind !== 'allowlist' },
    limits: { ...hubLimits, ...config.limits },
  });
}

const isOnNats = (config: HubSettings): config is HubSettings & { readonly store: string } =>
  config.store !== undefined && config.store !== 'sqlite';

function readyInfo(hub: Hub, where: Pick<HubReady, 'listen' | 'url' | 'stateDir'>): HubReady {
  const { agentId, name, admission } = hub.facts;
  const mailbox = `${where.url.replace(/\/+$/, '')}/${agentId}`;
  const { fingerprint } = hub;
  return { name, agentId, fingerprint, admission, guests: hub.parts.admission.guests, mailbox, ...where };
}

function withFlags(config: HubSettings, { host, port, name, url, admission, store }: RunHubOptions): HubSettings {
  const given = Object.entries({ host, port, name, url, admission, store }).filter(([, value]) => value !== undefined);
  return { ...config, ...Object.fromEntries(given) };
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** Where the machine is reached from others, when it listens everywhere. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  const shown = everywhere ? (found?.address ?? standard.host) : host;
  return shown.includes(':') ? `http://[${shown}]:${port}` : `http://${shown}:${port}`;
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
