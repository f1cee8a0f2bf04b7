import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Clock, type Limits, type Logger, MeshError, type Random } from '#kernel';
import {
  AttachableRuntime,
  commandRuntime,
  type DeviceKey,
  deviceKeyFrom,
  hooksRuntime,
  newDeviceKey,
  openclawRuntime,
  type Runtime,
  webhookRuntime,
} from '#runtime';
import { readKeyFile, writeKeyFile } from '#storage';
import type { RuntimeConfig } from './config.ts';
import { invalidConfig } from './invalid-config.ts';

export interface RuntimePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Where the keys of the agent lie. */
  readonly agentDir: string;
  /** Of mesh.toml: relative paths in it start there. */
  readonly configPath: string;
}

/** The runtime that mesh.toml names for one agent. Throws INVALID_CONFIG, KEY_FILE_PERMISSIONS. */
export async function makeRuntime(config: RuntimeConfig | undefined, ports: RuntimePorts): Promise<Runtime> {
  switch (config?.runtime) {
    case undefined:
    case 'inbox':
      return new AttachableRuntime(ports.clock);
    case 'command':
      return makeCommand(config, ports);
    case 'webhook':
      return makeWebhook(config, ports);
    case 'openclaw':
      return makeOpenclaw(config, ports);
  }
}

function shared({ timeoutSeconds, concurrency, types }: RuntimeConfig, { clock, limits, logger }: RuntimePorts) {
  return {
    clock,
    limits,
    logger,
    timeoutMs: timeoutSeconds === undefined ? limits.handlerTimeoutMs : timeoutSeconds * 1000,
    concurrency: concurrency ?? 1,
    ...(types === undefined ? {} : { types }),
  };
}

function makeCommand(config: RuntimeConfig, ports: RuntimePorts): Runtime {
  const { configPath } = ports;
  if (config.command === undefined) throw invalidConfig(configPath, 'runtime = "command" needs command = [...]');
  const base = dirname(configPath);
  const cwd = config.cwd === undefined ? base : resolve(base, config.cwd);
  return commandRuntime({ ...shared(config, ports), command: config.command, cwd });
}

async function makeWebhook(config: RuntimeConfig, ports: RuntimePorts): Promise<Runtime> {
  const { configPath } = ports;
  if (config.url === undefined || config.secretFile === undefined) {
    throw invalidConfig(configPath, 'runtime = "webhook" needs url and secretFile');
  }
  const secret = await readSecret(resolve(dirname(configPath), config.secretFile), configPath);
  return webhookRuntime({ ...shared(config, ports), url: config.url, secret });
}

const localGateway = 'ws://127.0.0.1:18789';
/** Turns at once: sessions of a gateway run side by side. */
const usualTurns = 4;

async function makeOpenclaw(config: RuntimeConfig, ports: RuntimePorts): Promise<Runtime> {
  const { configPath, limits } = ports;
  const { url, gatewayAgent = 'main', concurrency = usualTurns, tokenFile, timeoutSeconds } = config;
  const timeoutMs = timeoutSeconds === undefined ? limits.turnTimeoutMs : timeoutSeconds * 1000;
  const token = tokenFile && (await readToken(resolve(dirname(configPath), tokenFile), configPath));
  const device = (): Promise<DeviceKey> => deviceKeyOf(ports);
  const base = { ...shared(config, ports), timeoutMs, concurrency, gatewayAgent, device };
  if (config.transport !== 'hooks') {
    if (token === undefined) throw invalidConfig(configPath, 'runtime = "openclaw" needs tokenFile');
    return openclawRuntime({ ...base, url: (url ?? localGateway).replace(/^http/, 'ws'), token });
  }
  const { hook = '/hooks/agent', hookTokenFile, hookSession, sessionMode = 'persistent' } = config;
  if (hookTokenFile === undefined) throw invalidConfig(configPath, 'transport = "hooks" needs hookTokenFile');
  const hookToken = await readHookToken(resolve(dirname(configPath), hookTokenFile), configPath);
  return hooksRuntime({ ...base, url: url ?? localGateway, hook, hookToken, token, hookSession, sessionMode });
}

/** Made when a gateway first asks for one. */
async function deviceKeyOf({ agentDir, random }: RuntimePorts): Promise<DeviceKey> {
  const path = join(agentDir, 'openclaw_device.pem');
  if (!existsSync(path)) await writeKeyFile(path, newDeviceKey(random));
  return deviceKeyFrom(await readKeyFile(path));
}

const readSecret = (path: string, configPath: string): Promise<string> =>
  readOwn(path, {
    configPath,
    setting: 'secretFile',
    make: `Make it with: (umask 077; openssl rand -hex 32 > ${path})`,
  });

const readToken = (path: string, configPath: string): Promise<string> =>
  readOwn(path, {
    configPath,
    setting: 'tokenFile',
    make: `Write the token of the gateway (gateway.auth.token of openclaw.json) into ${path}, and: chmod 600 ${path}`,
  });

const readHookToken = (path: string, configPath: string): Promise<string> =>
  readOwn(path, {
    configPath,
    setting: 'hookTokenFile',
    make: `Write the token of the hooks (hooks.token of openclaw.json) into ${path}, and: chmod 600 ${path}`,
  });

interface OwnFile {
  readonly configPath: string;
  readonly setting: string;
  /** What its owner does to have it. */
  readonly make: string;
}

async function readOwn(path: string, { configPath, setting, make: hint }: OwnFile): Promise<string> {
  if (!existsSync(path)) {
    throw new MeshError('INVALID_CONFIG', `${configPath}: ${setting} ${path} does not exist`, { hint });
  }
  const secret = (await readKeyFile(path)).trim();
  if (secret === '') throw new MeshError('INVALID_CONFIG', `${configPath}: ${setting} ${path} is empty`, { hint });
  return secret;
}
