import { createServer } from 'node:net';
import { defaultApiPort, type NodeConfig } from '../config.ts';
import type { Finding } from './finding.ts';

/** Whether the node could listen where it is told to. Only while it does not run. */
export async function portFindings({ host, port, apiPort }: NodeConfig): Promise<readonly Finding[]> {
  const publicCode = await codeOfListening(host, port);
  // Without a setting the local API takes any free port.
  const apiCode = apiPort === undefined ? undefined : await codeOfListening('127.0.0.1', apiPort);
  return [
    ...finding({ code: publicCode, address: `${host}:${port}`, flag: '--port', other: port + 10 }),
    ...finding({
      code: apiCode,
      address: `127.0.0.1:${apiPort ?? defaultApiPort}`,
      flag: '--api-port',
      other: (apiPort ?? 0) + 10,
    }),
  ];
}

interface Tried {
  readonly code: string | undefined;
  readonly address: string;
  readonly flag: string;
  readonly other: number;
}

function finding({ code, address, flag, other }: Tried): readonly Finding[] {
  if (code === undefined) return [];
  const why =
    code === 'EADDRINUSE'
      ? 'another program has it'
      : code === 'EADDRNOTAVAIL'
        ? 'this machine has no such address'
        : `the system does not allow it (${code})`;
  return [
    {
      check: 'port',
      severity: 'error',
      message: `The node cannot listen on ${address}: ${why}`,
      meaning: 'The node does not start like this.',
      fix: `Use another: mesh up --detach ${flag} ${Math.min(other, 65_535)}, or for good under [node] in mesh.toml`,
    },
  ];
}

function codeOfListening(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
