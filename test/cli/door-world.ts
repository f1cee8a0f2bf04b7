import type { OpenclawSetup } from '#node';
import type { BackupMade, Finding, NodeDoor, RestoreDone } from '#cli';
import { agentId, now } from './world.ts';

const day = 86_400_000;
const agents = [{ name: 'alice', agentId: agentId('alice') }];

export const made: BackupMade = {
  file: '/media/stick/alice.backup',
  bytes: 3_400_000,
  createdAt: now - 4000,
  agents,
  files: ['private_key.pem', 'identity.json', 'mesh.toml', 'mesh.db'],
  online: true,
  leftOut: [{ what: 'passphrase file', path: '/run/secrets/mesh' }],
};

export const restored: RestoreDone = {
  stateDir: '/home/alice/.openclaw/agent-mesh',
  createdAt: now - 3 * day,
  software: 'agent-mesh/0.1.0',
  agents: [
    {
      name: 'alice',
      agentId: agentId('alice'),
      fingerprint: Array.from({ length: 8 }, () => 'aaaa').join(' '),
      contacts: 3,
      waiting: 4,
      unhandled: 1,
      invites: 1,
    },
  ],
  endpoints: ['http://old.example:8787'],
  missing: [{ what: 'passphrase file', path: '/run/secrets/mesh' }],
  setAside: '/home/alice/.openclaw/agent-mesh.2026-01-31T12-00-00-000Z.old',
};

export const finding: Finding = {
  check: 'keys',
  severity: 'error',
  message: '/home/alice/mesh/private_key.pem has mode 0644: other users of this machine can get at it',
  meaning: 'Whoever reads the keys is your agent. The node does not start like this.',
  fix: 'chmod 600 /home/alice/mesh/private_key.pem',
};

/** What the node's own functions answer in the usual world of the tests. */
const hooksSetup: OpenclawSetup['view'] = {
  agent: 'alice',
  transport: 'hooks',
  gateway: { config: '/home/alice/.openclaw/openclaw.json', url: 'http://127.0.0.1:18789', agent: 'main' },
  writes: [
    {
      path: '/home/alice/.openclaw/agent-mesh/openclaw-hook-token',
      lines: ['the token of its hooks, readable by you alone'],
    },
    {
      path: '/home/alice/.openclaw/openclaw.json',
      lines: ['hooks.enabled: true', 'hooks.token: a new secret', 'hooks.allowRequestSessionKey: true'],
    },
    {
      path: '/home/alice/.openclaw/agent-mesh/mesh.toml',
      lines: ['[agents.alice]', 'runtime = "openclaw"', 'transport = "hooks"'],
    },
  ],
  isDone: false,
  isOneWay: true,
};

const wsSetup: OpenclawSetup['view'] = {
  ...hooksSetup,
  transport: 'ws',
  gateway: { ...hooksSetup.gateway, url: 'ws://127.0.0.1:18789', version: '2026.9.6' },
  writes: [],
  isDone: true,
  isOneWay: false,
};

type DoorWorld =
  | 'makeBackup'
  | 'checkBackup'
  | 'restoreBackup'
  | 'examineFolder'
  | 'openclawSetups'
  | 'askAsStranger'
  | 'planOpenclawSetup'
  | 'planOpenclawRemoval';

export const doorWorld: Pick<NodeDoor, DoorWorld> = {
  askAsStranger: async () => ({ ms: 700, answer: 'Hello.' }),
  openclawSetups: async () => [
    { agent: 'alice', transport: 'ws', gatewayAgent: 'main', config: '/home/alice/.openclaw/openclaw.json' },
  ],
  planOpenclawSetup: async ({ transport }) =>
    transport === 'hooks'
      ? { view: hooksSetup, apply: async () => ({ ms: 1900 }) }
      : { view: wsSetup, apply: async () => ({ ms: 640, answer: 'All is well here.\u001b[2J' }) },
  planOpenclawRemoval: async () => ({
    view: {
      agent: 'alice',
      transport: 'hooks',
      files: [
        { path: '/home/alice/.openclaw/agent-mesh/mesh.toml', outcome: 'restored', kept: [] },
        { path: '/home/alice/.openclaw/openclaw.json', outcome: 'cleared', kept: ['hooks.token'] },
        { path: '/home/alice/.openclaw/agent-mesh/openclaw-token', outcome: 'deleted', kept: [] },
        {
          path: '/home/alice/.openclaw/agent-mesh/openclaw-hook-token',
          outcome: 'left',
          kept: ['another secret than the one that was written'],
        },
      ],
    },
    apply: async () => undefined,
  }),
  makeBackup: async ({ onProgress }) => {
    onProgress?.({ bytes: 1_700_000, total: 3_400_000 });
    return made;
  },
  checkBackup: async () => ({
    createdAt: now - 3 * day,
    software: 'agent-mesh/0.1.0',
    agents,
    files: [
      { name: 'private_key.pem', size: 762 },
      { name: 'mesh.db', size: 3_399_000 },
    ],
  }),
  restoreBackup: async () => restored,
  examineFolder: async () => [
    {
      ...finding,
      check: 'node',
      severity: 'note',
      message: 'The node is not running',
      meaning: 'Nothing is sent or received.',
      fix: 'mesh up --detach',
    },
  ],
};
