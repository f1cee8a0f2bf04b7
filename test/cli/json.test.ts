import { describe, expect, it } from 'vitest';
import { MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';
import { now } from './world.ts';

const commands: readonly (readonly string[])[] = [
  ['whoami'],
  ['agent', 'list'],
  ['agent'],
  ['status'],
  ['doctor'],
  ['openclaw'],
  ['openclaw', 'setup', '--yes'],
  ['openclaw', 'setup', '--dry-run', '--transport', 'hooks'],
  ['openclaw', 'remove', '--yes'],
  ['peers'],
  ['peers', '--all'],
  ['contact', 'bob'],
  ['requests'],
  ['approve', 'erin'],
  ['approve', 'dora'],
  ['reject', 'erin'],
  ['invite'],
  ['invites'],
  ['join', 'mesh:abc'],
  ['request', 'http://frank.example'],
  ['scan', '10.0.0.7'],
  ['scan', '--lan'],
  ['verify', 'carol'],
  ['verify', 'carol', '--yes'],
  ['rename', 'bob', 'b'],
  ['tier', 'bob', 'notify'],
  ['block', 'bob'],
  ['remove', 'bob'],
  ['rotate-key', '--yes'],
  ['send', 'bob', 'hello'],
  ['ask', 'bob', 'hello?'],
  ['inbox'],
  ['read', 'msg_019bf002-bbbb'],
  ['reply', 'msg_019bf002-bbbb', 'yes'],
  ['outbox'],
  ['track', 'msg_019bf001-0001'],
  ['files'],
  ['files', 'list', '--open'],
  ['cancel', 'msg_019bf001-0001'],
  ['dead'],
  ['dead', 'list', '--peer', 'bob', '--reason', 'EXPIRED', '--older', '1h', '--box', 'inbox'],
  ['dead', 'show', 'msg_019bef00'],
  ['dead', 'replay', '--all'],
  ['dead', 'purge', '--older', '7d', '--yes'],
  ['review'],
  ['review', 'show', 'msg_019bef01'],
  ['review', 'approve', 'msg_019bef01', '--digest', '3f1c9a7be204'],
  ['review', 'deny', 'msg_019bef01'],
  ['audit'],
  ['audit', 'list'],
  ['audit', 'verify'],
  ['audit', 'export', '--format', 'csv'],
];

describe('mesh --json', () => {
  it.each(commands.map((words) => [words.join(' '), words] as const))(
    '%s prints one JSON document and nothing else',
    async (_title, words) => {
      for (const terminal of [undefined, 80]) {
        const { code, stdout, stderr } = await mesh([...words, '--json'], terminal === undefined ? {} : { terminal });
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(() => JSON.parse(stdout) as unknown).not.toThrow();
        expect(stdout.endsWith('\n')).toBe(true);
      }
    },
  );

  it('may stand before the verb, and an argument that looks like it is no flag after --', async () => {
    const before = await mesh(['--json', 'peers']);
    expect(JSON.parse(before.stdout)).toHaveProperty('contacts');
    const after = await mesh(['send', 'bob', '--', '--json']);
    expect(after.calls[0]).toMatchObject({ name: 'send', input: { text: '--json' } });
    expect(after.stdout).not.toMatch(/^\{/);
  });

  it('writes errors to stderr as JSON, with the data that a program needs, and nothing to stdout', async () => {
    const matches = ['did:key:z6Mk1', 'did:key:z6Mk2'];
    const ambiguous = (): never => {
      throw new MeshError('AMBIGUOUS', 'did matches 2 contacts', { data: { matches } });
    };
    const { code, stdout, stderr } = await mesh(['contact', 'did', '--json'], { world: { contact: ambiguous } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'AMBIGUOUS',
        message: 'did matches 2 contacts',
        hint: 'Use the full name or more characters of the id.',
        data: { matches },
      },
    });
  });

  it('escapes what could drive a terminal and still parses to the same value', async () => {
    const petname = 'bob\u009b31m\u202e\u{e0041}';
    const world = { contacts: { contacts: [] }, rename: () => ({ ...contactNamed(petname) }) };
    const { stdout } = await mesh(['rename', 'bob', 'x', '--json'], { world });
    expect(stdout).toMatch(/^[\x20-\x7e\n]*$/);
    expect(JSON.parse(stdout)).toMatchObject({ petname });
  });
});

const contactNamed = (petname: string) => ({
  petname,
  agentId: 'did:key:z6Mk',
  state: 'trusted' as const,
  tier: 'bounded' as const,
  fingerprint: '',
  safetyNumber: '',
  endpoints: [],
  permissions: {},
  createdAt: now,
  updatedAt: now,
  link: 'down' as const,
  breaker: 'closed' as const,
  waiting: 0,
  inFlight: 0,
});
