import { networkInterfaces } from 'node:os';
import type { NodeConfig } from './config.ts';
import type { Address } from './parts.ts';

const maxEndpoints = 8;

/**
 * Where others reach this node: what the configuration says, else the address it listens on, else those of the machine's network
 * interfaces, else loopback, which at least serves other nodes of this machine.
 */
export function endpointsOf(config: Pick<NodeConfig, 'endpoints'>, listen: Address): readonly string[] {
  if (config.endpoints.length > 0) return config.endpoints;
  const { host, port } = listen;
  if (host !== '0.0.0.0' && host !== '::') return [urlOf(host, port)];
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => urlOf(address, port));
  return addresses.length === 0 ? [urlOf('127.0.0.1', port)] : addresses.slice(0, maxEndpoints);
}

export const urlOf = (host: string, port: number): string =>
  host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
