import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { operationNames, type Route, routeOf, type Transport, type TransportRequest } from '#api';
import { codeOf, MeshError } from '#kernel';
import { present } from './arguments.ts';
import { httpTransport } from './http-transport.ts';
import type { NodeDoor, OfflineNode } from './node-door.ts';
import { findRunningNode, logName, readApiToken, runningFile } from './running-node.ts';
import type { Settings } from './settings.ts';

export interface ConnectOptions {
  readonly settings: Settings;
  /** Tells the person that no node runs and its files are read instead. */
  note(text: string): void;
}

export interface NodeConnection {
  readonly transport: Transport;
  close(): Promise<void>;
}

/**
 * The local API of the node that runs on the state folder; without one its files, read-only, for what works offline.
 * Opens nothing before the first request. Requests reject with NODE_NOT_RUNNING for what needs a node, NOT_INITIALIZED
 * for an empty folder.
 */
export function connect({ settings, note }: ConnectOptions, nodeDoor: () => Promise<NodeDoor>): NodeConnection {
  let offline: Promise<OfflineNode> | undefined;
  const openFiles = async (): Promise<OfflineNode> => {
    note('No node runs here: this comes from its files.');
    const { openOffline } = await nodeDoor();
    return openOffline({ stateDir: settings.stateDir, ...present({ passphraseFile: settings.passphraseFile }) });
  };
  const withoutNode: Transport['request'] = async (request) => {
    assertInitialized(settings);
    if (!worksOffline(request)) throw notRunning(settings);
    offline ??= openFiles();
    return (await offline).transport.request(request);
  };
  return {
    transport: { request: (request) => requestOf(settings, request, withoutNode) },
    close: async () => {
      // What did not open has already been reported by the request that wanted it.
      const opened = await offline?.catch(() => undefined);
      await opened?.close();
    },
  };
}

async function requestOf(settings: Settings, request: TransportRequest, withoutNode: Transport['request']) {
  const running = findRunningNode(settings.stateDir);
  if (running === undefined) return withoutNode(request);
  const { apiHost, apiPort } = running;
  try {
    return await httpTransport({ host: apiHost, port: apiPort, token: readApiToken(settings.stateDir) }).request(
      request,
    );
  } catch (error) {
    // A node that was killed leaves its file, and its process id may belong to another program by now.
    if (codeOf(error) === 'NODE_NOT_RUNNING') return withoutNode(request);
    throw error;
  }
}

function assertInitialized({ stateDir }: Settings): void {
  if (existsSync(join(stateDir, 'private_key.pem')) || existsSync(join(stateDir, 'identity.json'))) return;
  throw new MeshError('NOT_INITIALIZED', `${stateDir} holds no agent yet`);
}

function notRunning({ stateDir }: Settings): MeshError {
  // A node that stops removes the file.
  if (!existsSync(join(stateDir, runningFile))) return new MeshError('NODE_NOT_RUNNING', `No node runs on ${stateDir}`);
  return new MeshError('NODE_NOT_RUNNING', `The node on ${stateDir} ended without being stopped`, {
    hint: `Start it again: mesh up --detach. Why it ended may stand in ${join(stateDir, logName)}`,
  });
}

const offlineRoutes: readonly Route[] = operationNames.map(routeOf).filter(({ offline }) => offline === true);

function worksOffline({ method, path }: TransportRequest): boolean {
  return offlineRoutes.some((route) => route.method === method && patternOf(route).test(path));
}

const patternOf = ({ path }: Route): RegExp => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`);
