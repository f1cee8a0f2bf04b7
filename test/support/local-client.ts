import { readFileSync } from 'node:fs';
import { type Client, createClient } from '#api';
import { stateDir } from '#node';
import { httpTransport } from '../../src/cli/http-transport.ts';

/** The API of the node that runs on the folder and serves it at the port, as the command line reaches it. */
export function localClient(folder: string, port: number): Client {
  const token = readFileSync(stateDir(folder).token, 'utf8').trim();
  return createClient(httpTransport({ host: '127.0.0.1', port, token }));
}
