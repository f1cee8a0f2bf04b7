import { dirname, isAbsolute, resolve } from 'node:path';
import type { Clock, Limits, Logger } from '#kernel';
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
  const secretPath = isAbsolute(config.secretFile) ? config.secretFile : resolve(base, config.secretFile);
  return webhookRuntime({ ...shared, url: config.url, secret: (await readKeyFile(secretPath)).trim() });
}
