import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { introduce, MeshPerson, rowsOf, until } from '../support/mesh-person.ts';

let alice: MeshPerson;
let bob: MeshPerson;

beforeAll(async () => {
  [alice, bob] = await Promise.all([MeshPerson.create('alice'), MeshPerson.atWork('bob')]);
});
afterAll(() => Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]())));

describe('two people', () => {
  it('pair by an invite and write to each other, each doing what the line before says', async () => {
    const created = await alice.say('whoami');
    expect(created).toMatch(/^name {9}alice$/m);
    const stopped = await alice.say('status');
    expect(await alice.paste(stopped, 'Start the node:')).toMatchObject({ code: 0, stderr: '' });
    const running = await alice.say('status');
    const invited = await alice.paste(running, 'Connect with another agent:');
    const invite = /^mesh:\S+$/m.exec(invited.stdout)?.[0] ?? '';
    expect(invited.stdout).toContain('It works on this machine only.');

    const joined = await bob.say('join', invite);
    expect(joined).toContain('You and alice are peers now.');
    const sent = await bob.paste(joined, 'Say hello:');
    expect(sent.stdout).toMatch(/^msg_\S+ {2}on its way to alice$/m);
    const id = /msg_\S+/.exec(sent.stdout)?.[0] ?? '';
    await bob.reaches(id, 'delivered');

    const inbox = await alice.say('inbox');
    expect(inbox).toMatch(/^• {2}msg_\S+ {2}bob {3}notification {2}(just now|\d+ s ago) +hello$/m);
    const read = await alice.paste(inbox, 'Read one:');
    expect(read.stdout).toContain('\n  hello\n');
    await bob.reaches(id, 'seen');
    const tracked = await bob.paste(sent.stdout, 'See what becomes of it:');
    expect(tracked.stdout).toMatch(/delivered {2}peer, receipt {2}in the inbox of the peer\n.*seen {7}peer, receipt/);
  });

  it('compare the safety number, which is the same on both sides', async () => {
    const [a, b] = [await alice.contact('bob'), await bob.contact('alice')];
    expect(a['safetyNumber']).toBe(b['safetyNumber']);
    expect(a).toMatchObject({ state: 'trusted', tier: 'bounded', link: 'up', breaker: 'closed' });
    const shown = await bob.say('verify', 'alice');
    expect(shown.replaceAll(/\s+/g, ' ')).toContain(String(a['safetyNumber']));
    expect((await alice.run(['verify', 'bob', '00000 11111'])).code).toBe(3);
    expect(await alice.ask('verify', 'bob', ...String(a['safetyNumber']).split(' '))).toHaveProperty('verifiedAt');
    expect((await bob.paste(shown, 'When it is the same:')).stdout).toContain('alice is verified');
  });

  it('answer each other in one conversation, and a script reads all of it as JSON', async () => {
    const sent = await alice.ask(
      'send',
      'bob',
      'lunch?',
      '--type',
      'request',
      '--metadata',
      '{"at":12}',
      '--subject',
      'today',
    );
    expect(sent).toMatchObject({ state: 'queued', duplicate: false, peer: 'bob' });
    const id = String(sent['id']);
    await alice.reaches(id, 'delivered');
    const [request] = await bob.inbox('--unread');
    expect(request).toMatchObject({
      id,
      direction: 'in',
      peer: 'alice',
      type: 'request',
      body: 'lunch?',
      subject: 'today',
    });
    expect(request).toMatchObject({
      metadata: { at: 12 },
      state: 'new',
      attempts: 0,
      conversationId: sent['conversationId'],
    });

    const shown = await bob.say('read', id);
    expect(shown).toContain('Answer it: mesh reply');
    const reply = await bob.ask('reply', id.slice(0, 22), 'at noon');
    expect(reply['conversationId']).toBe(sent['conversationId']);
    await alice.reaches(id, 'answered');
    const tracked = await alice.ask('track', id);
    expect(tracked).toMatchObject({ state: 'answered', answerId: reply['id'], direction: 'out' });
    const states = rowsOf(tracked['steps']).map(({ state }) => state);
    expect(states).toEqual(['queued', 'sealed', 'sent', 'delivered', 'seen', 'answered']);
    const answer = await alice.ask('read', String(tracked['answerId']));
    expect(answer).toMatchObject({ body: 'at noon', correlationId: id, type: 'response', readAt: expect.any(Number) });
  });

  it('attach a file, which is saved under a safe name and never over another', async () => {
    const path = join(alice.dir, 'notes.txt');
    writeFileSync(path, 'line 1\n');
    const { id } = await alice.ask('send', 'bob', 'see file', '--file', path);
    await alice.reaches(String(id), 'delivered');
    const target = join(bob.dir, 'saved');
    const twice = [
      await bob.ask('read', String(id), '--save', target),
      await bob.ask('read', String(id), '--save', target),
    ];
    expect(twice.map(({ saved }) => saved)).toEqual([[join(target, 'notes.txt')], [join(target, 'notes-2.txt')]]);
  });

  it('cannot invite themselves: the node says so and goes on', async () => {
    const { invite } = await alice.ask('invite');
    const { code, stderr } = await alice.run(['join', String(invite)]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'error[INVALID_ARGUMENT]: That is this agent itself\nhint: Take the address or the invite of another',
    );
    expect(await alice.ask('status')).toMatchObject({ running: true });
    const own = await alice.run(['request', alice.url]);
    expect(own.stderr).toContain('That is this agent itself');
    expect(await alice.ask('status')).toMatchObject({ running: true });
  });

  it('forget each other on one side, meet again by an invite, and are peers as before', async () => {
    expect(await bob.ask('remove', 'alice')).toEqual({ removed: 'alice', cancelled: 0 });
    expect((await bob.run(['send', 'alice', 'anyone?'])).stderr).toContain('error[NOT_FOUND]');
    await introduce(alice, bob);
    const { id } = await bob.ask('send', 'alice', 'it is me again');
    await bob.reaches(String(id), 'delivered');
  });
});

describe('somebody who was not invited', () => {
  let carol: MeshPerson;
  beforeAll(async () => {
    carol = await MeshPerson.atWork('carol');
  });
  afterAll(() => carol[Symbol.asyncDispose]());

  it('finds nodes by scanning, and knows its own', async () => {
    const found = await carol.ask('scan', alice.url, bob.url, carol.url);
    const agents = rowsOf(found['found']).flatMap(({ agents: list }) => rowsOf(list));
    expect(agents.map(({ name, own }) => [name, own ?? false]).toSorted()).toEqual([
      ['alice', false],
      ['bob', false],
      ['carol', true],
    ]);
    const shown = await carol.say('scan', carol.url, alice.url);
    expect(shown).toContain('lives on this node');
    expect(shown).toContain(`mesh request --state-dir ${carol.stateDir} ${alice.url}`);
  });

  it('asks, is told that it arrived, and may write only after the approval', async () => {
    const asked = await carol.say('request', alice.url, '--purpose', 'to compare notes');
    expect(asked).toMatch(/^The request has arrived\.$/m);
    expect(rowsOf((await carol.ask('requests'))['requests'])).toMatchObject([{ direction: 'out', delivered: true }]);
    expect((await carol.contact('alice'))['exchange']).toMatchObject({ step: 'request', state: 'delivered' });
    expect((await carol.run(['send', 'alice', 'too early'])).code).toBe(3);

    const waiting = await alice.say('requests');
    expect(waiting).toContain('to compare notes');
    const approved = await alice.paste(waiting, 'Compare the fingerprint with its owner, then:');
    expect(approved.stdout).toContain('You and carol are peers now.');
    expect(approved.stdout).toMatch(/^link +up/m);
    await until('carol is told', async () => (await carol.contact('alice'))['state'] === 'trusted');
    const { id } = await carol.ask('send', 'alice', 'thank you');
    await carol.reaches(String(id), 'delivered');
    expect(await carol.say('request', alice.url)).toContain('You and alice are peers now.');
  });

  it('is removed, learns it from what it sends, and asks again as the lines say', async () => {
    await alice.say('remove', 'carol');
    const { id } = await carol.ask('send', 'alice', 'anyone?');
    await carol.reaches(String(id), 'refused');
    expect(await carol.say('track', String(id))).toContain('There is no trust between the two agents.');
    expect(await carol.say('peers')).toMatch(/^alice +one-sided/m);
    expect(await carol.say('status')).toContain('alice does not trust this agent: it refused a message');
    const shown = await carol.say('contact', 'alice');
    const asked = await carol.paste(shown, 'Ask it for trust:');
    expect(asked.stdout).toMatch(/^The request has arrived\.$/m);
    expect(await carol.say('contact', 'alice')).toContain('has arrived, and waits for an answer');
    const approved = await alice.paste(await alice.say('requests'), 'Compare the fingerprint with its owner, then:');
    expect(approved.stdout).toContain('You and carol are peers now.');
    await until('carol is told', async () => (await carol.contact('alice'))['exchange'] === undefined);
    expect(await carol.say('peers')).toMatch(/^alice +trusted/m);
    const again = await carol.ask('send', 'alice', 'there you are');
    await carol.reaches(String(again['id']), 'delivered');
  });

  it('asks somebody whose node is down, once more when it is up, and withdraws before the approval', async () => {
    await bob.say('down');
    const card = join(carol.dir, 'bob.json');
    writeFileSync(card, await bob.say('card'));
    const asked = await carol.say('request', card);
    expect(asked).toMatch(/^The request is kept and sent as soon as the other node can be reached\.$/m);
    expect(asked).toMatch(/^state +on its way$/m);
    await bob.say('up', '--detach');
    expect(await carol.say('request', card)).toMatch(/^The request has arrived\.$/m);
    expect(rowsOf((await bob.ask('requests'))['requests'])).toHaveLength(1);
    expect(await carol.say('requests')).toMatch(/^state +has arrived, and waits for an answer$/m);
    await carol.say('remove', 'bob');
    const approved = await bob.say('approve', 'carol');
    expect(approved).toContain('it withdrew its');
    expect(await bob.say('peers')).toMatch(/^carol +one-sided/m);
    await bob.say('remove', 'carol');
  });

  it('learns nothing of a rejection, which leaves nothing behind', async () => {
    await carol.ask('request', bob.url);
    const [request] = rowsOf((await bob.ask('requests'))['requests']);
    expect(await bob.ask('reject', 'carol')).toEqual({ rejected: request?.['id'] });
    expect(rowsOf((await bob.ask('peers', '--all'))['contacts']).map(({ petname }) => petname)).toEqual(['alice']);
    expect(await carol.contact('bob')).toMatchObject({ state: 'requested-out' });
  });

  it('cannot use an invite twice, nor one that is over or broken', async () => {
    const codes: unknown[] = [];
    const { invite } = await bob.ask('invite');
    await introduce(bob, alice);
    await carol.ask('join', String(invite));
    const dora = await MeshPerson.atWork('dora');
    try {
      codes.push((await dora.run(['join', String(invite)])).stderr);
      const { invite: brief } = await bob.ask('invite', '--expires', '1ms');
      codes.push((await dora.run(['join', String(brief)])).stderr);
      codes.push((await dora.run(['join', String(invite).slice(0, -4)])).stderr);
    } finally {
      await dora[Symbol.asyncDispose]();
    }
    expect(codes).toEqual([
      expect.stringContaining('error[INVITE_USED]'),
      expect.stringContaining('error[INVITE_EXPIRED]'),
      expect.stringContaining('error[INVITE_INVALID]'),
    ]);
  });
});
