import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where a node keeps everything; one node at a time works on it. */
export interface StateDir {
  readonly path: string;
  readonly database: string;
  readonly config: string;
  readonly token: string;
  /** Who runs here: pid and API address, for the command line. Public facts only. */
  readonly running: string;
  readonly log: string;
  /** Sealed bytes of files, in a folder for each agent. */
  readonly files: string;
  /** What the node keeps for others when it is a relay. */
  readonly relay: string;
  /** Of the first agent in the folder itself, of the others in `agents/NAME`. */
  readonly agents: string;
}

/** The folder named, else AGENT_MESH_HOME, else OPENCLAW_AGENT_MESH_DIR, else ~/.openclaw/agent-mesh. */
export function stateDir(named?: string, environment: NodeJS.ProcessEnv = process.env): StateDir {
  const chosen = named ?? environment['AGENT_MESH_HOME'] ?? environment['OPENCLAW_AGENT_MESH_DIR'];
  const path = resolve(chosen ?? join(homedir(), '.openclaw', 'agent-mesh'));
  return {
    path,
    database: join(path, 'mesh.db'),
    config: join(path, 'mesh.toml'),
    token: join(path, 'api-token'),
    running: join(path, 'node.json'),
    log: join(path, 'node.log'),
    files: join(path, 'files'),
    relay: join(path, 'relay'),
    agents: join(path, 'agents'),
  };
}
