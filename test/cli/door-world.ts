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
export const doorWorld: Pick<NodeDoor, 'makeBackup' | 'checkBackup' | 'restoreBackup' | 'examineFolder'> = {
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
