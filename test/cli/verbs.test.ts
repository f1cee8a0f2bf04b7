import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewNodeAgent, NodeReady, RunNodeOptions } from '#cli';
import { MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';
import { agentId, erin, greeting, now, question, type World } from './world.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-verbs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const inputOf = (run: Awaited<ReturnType<typeof mesh>>, name: string) =>
  run.calls.find((call) => call.name === name)?.input;

describe('mesh send', () => {
  it('passes on everything that it was told', async () => {
    const path = file('notes.md', '# hi');
    const words = ['send', 'bob', 'hello', '--type', 'alert', '--subject', 's', '--priority', 'high', '--ttl', '90s'];
    const more = [
      '--metadata',
      '{"a":[1]}',
      '--file',
      path,
      '--file',
      path,
      '--idempotency-key',
      'k',
      '--reply-to',
      'msg_1',
      '--agent',
      'robot',
    ];
    expect(inputOf(await mesh([...words, ...more]), 'send')).toEqual({
      agent: 'robot',
      to: 'bob',
      text: 'hello',
      type: 'alert',
      subject: 's',
      priority: 'high',
      ttlSeconds: 90,
      metadata: { a: [1] },
      idempotencyKey: 'k',
      replyTo: 'msg_1',
      attachments: Array.from({ length: 2 }, () => ({
        name: 'notes.md',
        mediaType: 'text/markdown',
        base64: 'IyBoaQ==',
      })),
    });
  });

  it('reads the text from stdin for -, without the last line end', async () => {
    expect(inputOf(await mesh(['send', 'bob', '-'], { stdin: 'one\ntwo\n' }), 'send')).toEqual({
      to: 'bob',
      text: 'one\ntwo',
    });
  });

  it('takes a text that begins with a dash after --', async () => {
    expect(inputOf(await mesh(['send', 'bob', '--', '-5 degrees']), 'send')).toEqual({ to: 'bob', text: '-5 degrees' });
  });

  it('says whose message it is: that of a person at a terminal, of what the node started, or of nobody known', async () => {
    const causing = async (options: Parameters<typeof mesh>[1], ...more: readonly string[]) => {
      const { input } = { input: {}, ...(await mesh(['send', 'bob', 'x', ...more], options)).calls[0] };
      return { root: input['root'], causedBy: input['causedBy'], turns: input['turns'], hops: input['hops'] };
    };
    const environment = { MESH_MESSAGE_ID: 'msg_7' };
    expect(await causing({})).toEqual({});
    expect(await causing({ terminal: 80 })).toEqual({ root: true });
    expect(await causing({ terminal: 80, environment })).toEqual({ causedBy: 'msg_7' });
    expect(await causing({ environment }, '--caused-by', 'msg_8')).toEqual({ causedBy: 'msg_8' });
    expect(await causing({}, '--turns', '0', '--hops', '3')).toEqual({ turns: 0, hops: 3 });
  });

  it('bounds what a message may use in tokens and money, and refuses what is no amount', async () => {
    const bounded = inputOf(await mesh(['ask', 'bob', 'x', '--tokens', '20000', '--cost', '0.25']), 'ask');
    expect(bounded).toMatchObject({ tokens: 20_000, costUsd: 0.25 });
    for (const cost of ['cheap', '-1', '1e3', '$2']) {
      const { code, stderr } = await mesh(['send', 'bob', 'x', `--cost=${cost}`]);
      expect([cost, code, stderr.includes('Write an amount such as 0.25')]).toEqual([cost, 2, true]);
    }
  });

  it('sends a file without a text', async () => {
    expect(inputOf(await mesh(['send', 'bob', '--file', file('a.bin', 'x')]), 'send')).toMatchObject({ text: '' });
  });

  it.each([[['']], [['-']], [[]]])('refuses a message without text and files: %j', async (text) => {
    const { code, stderr, calls } = await mesh(['send', 'bob', ...text]);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain('error[INVALID_ARGUMENT]: There is nothing to say');
  });

  it('refuses a time to live that no node keeps, in the units of who typed it', async () => {
    const { code, stderr, calls } = await mesh(['send', 'bob', 'x', '--ttl', '31d']);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain('--ttl: a message is kept for at most 30d\nhint: Write 30d or less.');
    expect((await mesh(['send', 'bob', 'x', '--ttl', '30d'])).code).toBe(0);
  });

  it('says of a peer that cannot be reached that the message is queued', async () => {
    const { stdout } = await mesh(['send', 'carol', 'hello'], { world: { send: queuedFor('carol') } });
    expect(stdout).toContain('queued\ncarol cannot be reached now.');
    expect(stdout).toContain('mesh track --state-dir /state msg_');
  });
});

const queuedFor = (peer: string) => ({
  id: greeting.id,
  conversationId: greeting.conversationId,
  state: 'queued' as const,
  duplicate: false,
  peer,
  peerId: agentId(peer),
  createdAt: 0,
  expiresAt: 0,
  bytes: 1,
});

describe('mesh ask', () => {
  it('waits a minute unless told otherwise, and prints nothing but the answer on stdout', async () => {
    const run = await mesh(['ask', 'bob', 'how much?']);
    expect(run.stdout).toBe('42\n');
    expect(inputOf(run, 'ask')).toMatchObject({ timeoutMs: 60_000 });
    expect(inputOf(await mesh(['ask', 'bob', 'how much?', '--timeout', '5m']), 'ask')).toMatchObject({
      timeoutMs: 300_000,
    });
  });
});

describe('mesh approve', () => {
  it('finds a request by id, by the beginning of its id and by the name of who asks', async () => {
    for (const text of [erin.id, 'req_019bf000-1111', '019bf000-1111', 'erin', erin.agentId]) {
      expect(inputOf(await mesh(['approve', text, '--as', 'e', '--tier', 'notify']), 'approve')).toEqual({
        id: erin.id,
        petname: 'e',
        tier: 'notify',
        waitMs: 5000,
      });
    }
  });

  it('never guesses between two requests, and never approves an own one', async () => {
    const second = {
      ...erin,
      id: 'req_019bf000-1111-7222-8333-555555555555',
      petname: 'ernie',
      agentId: agentId('ernie'),
    };
    const twins = { requests: { requests: [erin, second] } };
    const ambiguous = await mesh(['approve', '019bf000-1111'], { world: twins });
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.stderr).toContain(`  ${erin.id} erin\n  ${second.id} ernie\n`);
    const own = await mesh(['approve', 'frank'], {
      world: {
        contact: () => {
          throw new MeshError('NOT_FOUND');
        },
      },
    });
    expect(own.code).toBe(1);
    expect(own.calls.map(({ name }) => name)).not.toContain('approve');
  });

  it('decides about a changed key, and keeps the old one with --keep-key', async () => {
    expect(inputOf(await mesh(['approve', 'dora']), 'approveChange')).toMatchObject({
      contact: agentId('dora'),
      keepKey: false,
    });
    expect(inputOf(await mesh(['approve', 'dora', '--keep-key']), 'approveChange')).toMatchObject({ keepKey: true });
  });
});

describe('mesh verify', () => {
  it('passes on the number that was read, in one word or in twelve', async () => {
    const groups = [
      '01234',
      '56789',
      '11111',
      '22222',
      '33333',
      '44444',
      '55555',
      '66666',
      '77777',
      '88888',
      '99999',
      '00000',
    ];
    for (const words of [groups, [groups.join(' ')]]) {
      expect(inputOf(await mesh(['verify', 'carol', ...words]), 'markVerified')).toMatchObject({
        safetyNumber: groups.join(' '),
      });
    }
  });

  it('marks nothing when nobody can be asked', async () => {
    expect((await mesh(['verify', 'carol'])).calls.map(({ name }) => name)).toEqual(['contact']);
    expect(
      (await mesh(['verify', 'carol', '--json'], { terminal: 80, stdin: 'y' })).calls.map(({ name }) => name),
    ).toEqual(['contact']);
  });

  it('marks what a person at the terminal confirms', async () => {
    const run = await mesh(['verify', 'carol'], { terminal: 80, stdin: 'yes' });
    expect(run.calls.map(({ name }) => name)).toEqual(['contact', 'markVerified']);
  });
});

describe('mesh read --save', () => {
  const attached = (name: string) => ({ ...question, attachments: [{ kind: 'inline' as const, name, size: 3 }] });
  const save = (name: string) =>
    mesh(['read', question.id, '--save', join(dir, 'out'), '--json'], {
      world: { read: attached(name), attachment: { name, mediaType: 'text/plain', base64: 'YWJj' } },
    });

  it('writes under a safe name inside the folder, whatever the name says', async () => {
    await save('../../../evil.txt');
    expect(readdirSync(dir)).toEqual(['out']);
    expect(readFileSync(join(dir, 'out', 'evil.txt'), 'utf8')).toBe('abc');
  });

  it('never overwrites, and does not follow a link that lies there', async () => {
    await save('a.txt');
    writeFileSync(join(dir, 'out', 'a.txt'), 'mine');
    symlinkSync(join(dir, 'target'), join(dir, 'out', 'b.txt'));
    expect(JSON.parse((await save('a.txt')).stdout)).toMatchObject({ saved: [join(dir, 'out', 'a-2.txt')] });
    expect(JSON.parse((await save('b.txt')).stdout)).toMatchObject({ saved: [join(dir, 'out', 'b-2.txt')] });
    expect(readFileSync(join(dir, 'out', 'a.txt'), 'utf8')).toBe('mine');
    expect(existsSync(join(dir, 'target'))).toBe(false);
  });

  it('reads without a node from the files, and leaves the message unread', async () => {
    const read = (): never => {
      throw new MeshError('NODE_NOT_RUNNING');
    };
    const run = await mesh(['read', question.id], { world: { read } });
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('stays unread');
    expect(run.calls.map(({ name }) => name)).toEqual(['read', 'message']);
  });
});

describe('mesh request', () => {
  const card = { v: 1, agentId: agentId('zoe') };

  it.each([
    ['http://zoe.example:8787', 'http://zoe.example:8787'],
    ['zoe.example', 'http://zoe.example:8787'],
    ['10.0.0.7:9000', 'http://10.0.0.7:9000'],
  ])('takes %s as an address', async (target, url) => {
    expect(inputOf(await mesh(['request', target, '--purpose', 'p', '--to', 'zoe']), 'request')).toEqual({
      target: url,
      purpose: 'p',
      targetAgent: 'zoe',
      waitMs: 5000,
    });
  });

  it('takes a file or stdin as a card, with or without what the API wraps around it', async () => {
    const path = file('zoe.json', JSON.stringify(card));
    expect(inputOf(await mesh(['request', path]), 'request')).toEqual({ target: card, waitMs: 5000 });
    const wrapped = JSON.stringify({ card, fingerprint: 'x' });
    expect(inputOf(await mesh(['request', '-'], { stdin: wrapped }), 'request')).toMatchObject({ target: card });
  });

  it.each([['[1]'], ['not json'], ['"text"']])('refuses a file with %s', async (text) => {
    const { code, stderr } = await mesh(['request', file('zoe.json', text)]);
    expect(code).toBe(1);
    expect(stderr).toContain('error[CARD_INVALID]');
  });
});

describe('what lives on this node', () => {
  const alice = { agentId: agentId('alice'), name: 'alice', fingerprint: 'aaaa' };
  const found = (...agents: readonly (typeof alice & { readonly own?: true })[]): World => ({
    scan: [
      { type: 'found', url: 'http://10.0.0.7:8787', agents: [...agents] },
      { type: 'done', total: 1, found: 1 },
    ],
  });

  it('is told apart by a scan and not suggested as somebody to ask', async () => {
    const own = await mesh(['scan', '10.0.0.7'], { world: found({ ...alice, own: true }) });
    expect(own.stdout).toContain('lives on this node');
    expect(own.stdout).not.toContain('mesh request');
    expect((await mesh(['scan', '10.0.0.7'], { world: found(alice) })).stdout).toContain('mesh request');
  });

  it('has no card that one could ask for trust', async () => {
    const card = { ...alice, endpoints: [], expiresAt: now };
    const answer = { valid: true, card, fingerprint: 'aaaa', safetyNumber: '1 1' };
    const path = file('card.json', '{}');
    const own = await mesh(['card', 'verify', path], {
      world: { verifyCard: { ...answer, own: true } } as unknown as World,
    });
    expect(own.stdout).toContain('It is your own card');
    expect(own.stdout).not.toContain('mesh request');
    const other = await mesh(['card', 'verify', path], { world: { verifyCard: answer } as unknown as World });
    expect(other.stdout).toContain(`mesh request --state-dir /state ${path}`);
  });
});

describe('mesh rotate-key', () => {
  it('asks for a yes where nobody can be asked', async () => {
    const { code, stderr, calls } = await mesh(['rotate-key']);
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
    expect(stderr).toContain('mesh rotate-key --state-dir /state --yes');
  });
});

describe('mesh events', () => {
  it('does not say that it waits when no node runs', async () => {
    const refused = (): never => {
      throw new MeshError('NODE_NOT_RUNNING');
    };
    for (const words of [['events'], ['inbox', '--follow']]) {
      const { code, stderr } = await mesh(words, { onEvents: refused });
      expect(code).toBe(4);
      expect(stderr).not.toContain('Waiting');
    }
  });
});

describe('mesh init and mesh up', () => {
  const facts = { name: 'zoe', agentId: agentId('zoe'), fingerprint: 'ffff', fingerprintFull: 'ff', endpoints: [] };

  it('init creates the agent with the first line of the passphrase file and says what comes next', async () => {
    const given: NewNodeAgent[] = [];
    const initAgent = async (options: NewNodeAgent) => {
      given.push(options);
      return facts;
    };
    const words = [
      'init',
      '--name',
      'zoe',
      '--display-name',
      'Zoe',
      '--passphrase-file',
      file('pass', 'secret\nrest'),
      '--state-dir',
      dir,
    ];
    const { code, stdout } = await mesh(words, { nodeDoor: { initAgent } });
    expect(given).toEqual([{ stateDir: dir, name: 'zoe', displayName: 'Zoe', passphrase: 'secret', force: false }]);
    expect(code).toBe(0);
    expect(stdout).toContain(`mesh up --state-dir ${dir}`);
  });

  it('init needs a name, and an existing file with a passphrase in it', async () => {
    expect((await mesh(['init'])).stderr).toContain('The agent needs a name');
    expect((await mesh(['init', '--name', 'a', '--passphrase-file', join(dir, 'none')])).stderr).toContain(
      'cannot be read',
    );
    expect((await mesh(['init', '--name', 'a', '--passphrase-file', file('empty', '\n')])).stderr).toContain(
      'has no passphrase',
    );
  });

  it('up runs the node here with what it was told, and says where it listens', async () => {
    const runs: RunNodeOptions[] = [];
    const runNode = async (options: RunNodeOptions) => {
      runs.push(options);
      options.onReady({
        listen: { host: '0.0.0.0', port: 9000 },
        api: { host: '127.0.0.1', port: 9001 },
        agents: [{ name: 'zoe', agentId: agentId('zoe') }],
        endpoints: ['http://zoe.example'],
      });
    };
    const words = [
      'up',
      '--port',
      '9000',
      '--api-port',
      '9001',
      '--host',
      '0.0.0.0',
      '--endpoint',
      'http://zoe.example',
      '--state-dir',
      dir,
    ];
    const { code, stdout } = await mesh(words, { nodeDoor: { runNode } });
    expect(runs[0]).toMatchObject({
      stateDir: dir,
      host: '0.0.0.0',
      port: 9000,
      apiPort: 9001,
      endpoint: 'http://zoe.example',
    });
    expect(code).toBe(0);
    expect(stdout).toContain('listens     0.0.0.0:9000');
    const json = await mesh([...words, '--json'], { nodeDoor: { runNode } });
    expect(JSON.parse(json.stdout)).toMatchObject({ api: { port: 9001 }, stateDir: dir });
    const seen = await mesh(words, { nodeDoor: { runNode }, terminal: 80 });
    expect(seen.stdout).toContain('The node has stopped.');
    expect(seen.stdout).toContain(join(dir, 'node.log'));
    // At a terminal log lines would drown the sentences; a service manager wants them.
    expect(runs.map(({ logsToFile }) => logsToFile)).toEqual([false, false, true]);
  });

  it('up lets others on the local network find the node when it is told to, and warns when they cannot', async () => {
    const lans: RunNodeOptions['lan'][] = [];
    const runNodeWith = (lan: NodeReady['lan']) => async (options: RunNodeOptions) => {
      lans.push(options.lan);
      options.onReady({
        listen: { host: '0.0.0.0', port: 9000 },
        api: { host: '127.0.0.1', port: 9001 },
        agents: [{ name: 'zoe', agentId: agentId('zoe') }],
        endpoints: ['http://zoe.example'],
        lan,
      });
    };
    const up = (lan: NodeReady['lan'], ...flags: readonly string[]) =>
      mesh(['up', ...flags, '--state-dir', dir], { nodeDoor: { runNode: runNodeWith(lan) } });
    expect((await up(undefined)).stdout).not.toContain('LAN');
    const found = await up({ name: 'mesh-1' }, '--lan');
    expect(found.stdout).toContain('LAN         announced as mesh-1\n');
    const problem = { code: 'LAN_UNAVAILABLE', message: 'no network', hint: 'Restart it: mesh down, mesh up --lan' };
    const missed = await up({ interface: '10.0.0.5', problem }, '--lan');
    expect(missed.stdout).toContain('LAN         not announced: see below\n');
    expect(missed.stdout).toContain('warning[LAN_UNAVAILABLE]: no network\n  Restart it: mesh down --state-dir');
    expect(lans).toEqual([undefined, true, true]);
  });

  it('scan --lan tells what was heard and not followed, and where to look when there is nobody', async () => {
    const done = { type: 'done', total: 0, found: 0, unasked: 0, ignored: 0, isFull: false } as const;
    const nobody = await mesh(['scan', '--lan', '--timeout', '2s'], { world: { scanLan: [done] } });
    expect(nobody.calls).toEqual([{ name: 'scanLan', input: { timeoutMs: 2000 } }]);
    expect(nobody.stdout).toBe(
      'No other node found on the local network.\n\n' +
        '→ On the other machine, in the same network: mesh up --detach --lan. Or name its address here: mesh scan URL\n',
    );
    const much = await mesh(['scan', '--lan'], {
      world: { scanLan: [{ ...done, unasked: 7, ignored: 1, isFull: true }] },
    });
    expect(much.stdout).toContain(
      [
        '1 answer ignored: not of a node in this network.',
        'More nodes answered than one scan takes; some are not shown.',
        'There was no time to ask 7 more addresses.',
      ].join('\n'),
    );
    for (const word of ['10.0.0.7', '--port=1', '--range=10.0.0.0/24', '--template=http://10.0.0.{1..2}:1'])
      expect(await mesh(['scan', '--lan', word])).toMatchObject({ code: 2, calls: [] });
  });

  it('init keeps the port in mesh.toml, so that the node comes up on it every time', async () => {
    const given: unknown[] = [];
    const initAgent = async (options: NewNodeAgent) => {
      given.push(options);
      return facts;
    };
    await mesh(['init', '--name', 'zoe', '--port', '8797', '--state-dir', dir], { nodeDoor: { initAgent } });
    expect(given).toMatchObject([{ port: 8797 }]);
  });

  it('up refuses a second node on the folder', async () => {
    writeFileSync(
      join(dir, 'node.json'),
      JSON.stringify({ pid: process.pid, apiHost: '127.0.0.1', apiPort: 1, startedAt: 1 }),
    );
    const { code, stderr } = await mesh(['up', '--state-dir', dir]);
    expect(code).toBe(1);
    expect(stderr).toContain(`error[NODE_RUNNING]: A node runs on ${dir} already, as process ${process.pid}`);
  });

  it.each([
    ['--port', '70000'],
    ['--port', 'http'],
    ['--api-port', '-1'],
  ])('up refuses %s %s', async (flag, value) => {
    const { code, stderr } = await mesh(['up', `${flag}=${value}`]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${flag}: "${value}" is not a whole number from 0 to 65535`);
  });

  it('lets no program that handles a message decide about a review', async () => {
    const environment = { AGENT_MESH_HOME: '', MESH_MESSAGE_ID: 'msg_7' };
    for (const words of [
      ['review', 'approve', 'msg_019bef01', '--digest', '3f1c9a7be204'],
      ['review', 'deny', 'msg_019bef01'],
    ]) {
      const { code, stderr } = await mesh(words, { environment });
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('NOT_PERMITTED') });
      expect((await mesh(words, { environment: { AGENT_MESH_HOME: '' } })).code).toBe(0);
    }
  });
});
