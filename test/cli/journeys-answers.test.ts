import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { introduce, MeshPerson, until } from '../support/mesh-person.ts';

const handler = `
let text = '';
for await (const chunk of process.stdin) text += chunk;
const { payload, senderName, attempt } = JSON.parse(text);
if (payload.body === 'crash') { console.error('boom on purpose'); process.exit(3); }
if (payload.body === 'once' && attempt === 1) process.exit(1);
console.log(JSON.stringify({ body: payload.body.toUpperCase() + ', ' + senderName, metadata: { attempt } }));
`;

let alice: MeshPerson;
/** A program answers for him. */
let bob: MeshPerson;

beforeAll(async () => {
  const command = JSON.stringify([process.execPath, 'handler.mjs']);
  const settings = `[agents.bob]\nruntime = "command"\ncommand = ${command}\ntypes = ["request"]\n`;
  [alice, bob] = await Promise.all([MeshPerson.atWork('alice'), MeshPerson.create('bob', settings)]);
  writeFileSync(join(bob.stateDir, 'handler.mjs'), handler);
  await bob.say('up', '--detach');
  await introduce(alice, bob);
});
afterAll(() => Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]())));

describe('a program answers', () => {
  it('what is asked, and a script gets the answer alone', async () => {
    const { code, stdout, stderr } = await alice.run(['ask', 'bob', 'how are you']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'HOW ARE YOU, alice\n' });
    expect(stderr).toMatch(/^bob answered in \d+/);
    const asked = await alice.ask('ask', 'bob', 'and now');
    expect(asked).toMatchObject({
      answer: { body: 'AND NOW, alice', peer: 'bob', type: 'response', metadata: { attempt: 1 } },
    });
    expect(asked['elapsedMs']).toEqual(expect.any(Number));
    expect(await alice.state(String(asked['request']))).toBe('answered');
  });

  it('the second time what it failed at the first time', async () => {
    expect(await alice.ask('ask', 'bob', 'once', '--timeout', '30s')).toMatchObject({
      answer: { metadata: { attempt: 2 } },
    });
  });

  it('once to the same idempotency key', async () => {
    const pay = ['ask', 'bob', 'pay', '--idempotency-key', 'invoice-1'];
    const [first, again] = [await alice.ask(...pay), await alice.ask(...pay)];
    expect(again['request']).toBe(first['request']);
    expect(again['answer']).toMatchObject({ body: 'PAY, alice' });
  });

  it('and the audit log shows the latest of what was sealed and opened, whole', async () => {
    const all = await alice.ask('audit', '--limit', '10000');
    const { entries: latest } = await alice.ask('audit', '--limit', '2');
    expect(latest).toHaveLength(2);
    expect(latest).toEqual((all['entries'] as unknown[]).slice(-2));
    expect(await alice.ask('audit', 'verify')).toMatchObject({ ok: true });
  });

  it('nothing in time, and who waited is told how to go on', async () => {
    const { code, stdout, stderr } = await alice.run(['ask', 'bob', 'crash', '--timeout', '200ms']);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('error[ANSWER_TIMEOUT]');
    const tracked = await alice.paste(stderr, 'See what became of it:');
    expect(tracked.stdout).toMatch(/^type {5}request$/m);
  });

  it('nothing to what is no request: that waits for a person', async () => {
    const { id } = await alice.ask('send', 'bob', 'for your eyes');
    await alice.reaches(String(id), 'delivered');
    expect(await bob.inbox('--unread')).toEqual(
      expect.arrayContaining([expect.objectContaining({ id, state: 'new', attempts: 0 })]),
    );
  });
});

describe('the owner decides', () => {
  it('by the tier notify that messages wait and no program starts', async () => {
    expect(await bob.say('tier', 'alice', 'notify')).toContain('its messages are kept, no agent turn starts');
    const { id } = await alice.ask('send', 'bob', 'quietly', '--type', 'request');
    await alice.reaches(String(id), 'delivered');
    expect((await bob.inbox('--peer', 'alice')).at(-1)).toMatchObject({ id, state: 'new', attempts: 0 });
    await bob.ask('tier', 'alice', 'trusted');
    await alice.reaches(String(id), 'answered');
  });

  it('by a narrower tier what kind of message may come', async () => {
    expect(await bob.ask('tier', 'alice', 'trusted', '--types', 'request')).toMatchObject({
      permissions: { messageTypes: ['request'] },
    });
    const { id } = await alice.ask('send', 'bob', 'an alert', '--type', 'alert');
    await alice.reaches(String(id), 'refused');
    expect(await alice.say('track', String(id))).toContain('NOT_PERMITTED');
  });

  it('by blocking that nothing comes at all, and takes it back', async () => {
    await bob.ask('block', 'alice');
    expect(await bob.run(['send', 'alice', 'hi'])).toMatchObject({ code: 3 });
    const { id } = await alice.ask('send', 'bob', 'hello?');
    await alice.reaches(String(id), 'refused');
    const blocked = await bob.say('contact', 'alice');
    expect(blocked).toMatch(/^state +blocked$/m);
    expect(await bob.paste(blocked, 'Allow it again:')).toMatchObject({ code: 0 });
    await until(
      'alice is answered again',
      async () => (await alice.run(['ask', 'bob', 'better?', '--timeout', '5s'])).code === 0,
    );
  });

  it('what a contact is called, by the rules for names', async () => {
    expect(await bob.ask('rename', 'alice', 'ally')).toMatchObject({ petname: 'ally' });
    expect(await alice.run(['ask', 'bob', 'who am i'])).toMatchObject({ stdout: 'WHO AM I, ally\n' });
    for (const name of ['x y', '../x', '']) expect(await bob.run(['rename', 'ally', name])).toMatchObject({ code: 2 });
    expect(await bob.run(['rename', 'alice', 'ally'])).toMatchObject({ code: 1 });
  });
});

describe('settings that cannot work', () => {
  it('keep the node from starting and are named, with what to do', async () => {
    const zoe = await MeshPerson.create('zoe', '[agents.zeo]\nruntime = "inbox"\n');
    try {
      const { code, stderr } = await zoe.run(['up', '--detach']);
      expect(code).toBe(2);
      expect(stderr).toContain('agents.zeo: this node has no agent zeo, it has: zoe');
      const webhook = '[agents.zoe]\nruntime = "webhook"\nurl = "http://127.0.0.1:1/"\nsecretFile = "secret"\n';
      writeFileSync(join(zoe.stateDir, 'mesh.toml'), webhook);
      expect((await zoe.run(['up', '--detach'])).stderr).toContain(
        `Make it with: (umask 077; openssl rand -hex 32 > ${join(zoe.stateDir, 'secret')})`,
      );
    } finally {
      await zoe[Symbol.asyncDispose]();
    }
  });

  it('do not keep the owner from reading what came in', async () => {
    mkdirSync(join(alice.dir, 'empty'));
    writeFileSync(join(bob.stateDir, 'mesh.toml'), 'nonsense');
    // The running node has read them already.
    expect(await bob.ask('status')).toMatchObject({ running: true });
  });
});
