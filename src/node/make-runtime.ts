import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Clock, type Limits, type Logger, MeshError } from '#kernel';
import { commandRuntime, inboxRuntime, type Runtime, webhookRuntime } from '#runtime';
import { readKeyFile } from '#storage';
import type { RuntimeConfig } from './config.ts';
import { invalidConfig } from './invalid-config.ts';

export interface RuntimePorts {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Of mesh.toml: relative paths in it start there. */
  readonly configPath: string;
}

/** The runtime that mesh.toml names for one agent. Throws INVALID_CONFIG, KEY_FILE_PERMISSIONS. */
export async function makeRuntime(config: RuntimeConfig | undefined, ports: RuntimePorts): Promise<Runtime> {
  const { clock, limits, logger, configPath } = ports;
  if (config === undefined || config.runtime === 'inbox') return inboxRuntime();
  const base = dirname(configPath);
  const shared = {
    clock,
    limits,
    logger,
    timeoutMs: config.timeoutSeconds === undefined ? limits.handlerTimeoutMs : config.timeoutSeconds * 1000,
    concurrency: config.concurrency ?? 1,
    ...(config.types === undefined ? {} : { types: config.types }),
  };
  if (config.runtime === 'command') {
    if (config.command === undefined) throw invalidConfig(configPath, 'runtime = "command" needs command = [...]');
    const cwd = config.cwd === undefined ? base : resolve(base, config.cwd);
    return commandRuntime({ ...shared, command: config.command, cwd });
  }
  if (config.url === undefined || config.secretFile === undefined) {
    throw invalidConfig(configPath, 'runtime = "webhook" needs url and secretFile');
  }
  return webhookRuntime({
    ...shared,
    url: config.url,
    secret: await readSecret(resolve(base, config.secretFile), configPath),
  });
}

async function readSecret(path: string, configPath: string): Promise<string> {
  const make = { hint: `Make it with: (umask 077; openssl rand -hex 32 > ${path})` };
  if (!existsSync(path))
    throw new MeshError('INVALID_CONFIG', `${configPath}: secretFile ${path} does not exist`, make);
  const secret = (await readKeyFile(path)).trim();
  if (secret === '') throw new MeshError('INVALID_CONFIG', `${configPath}: secretFile ${path} is empty`, make);
  return secret;
}
