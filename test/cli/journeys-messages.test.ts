import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { introduce, MeshPerson, rowsOf, until } from '../support/mesh-person.ts';

let alice: MeshPerson;
let bob: MeshPerson;

beforeAll(async () => {
  [alice, bob] = await Promise.all([MeshPerson.atWork('alice'), MeshPerson.atWork('bob')]);
  await introduce(alice, bob);
});
afterAll(() => Promise.all([alice, bob].map((person) => person[Symbol.asyncDispose]())));

const idIn = (output: string): string => /msg_\S+/.exec(output)?.[0] ?? '';

/** Bob's node ends, and Alice has noticed. */
async function leaves(): Promise<void> {
  await bob.say('down');
  await until('the link is down', async () => (await alice.contact('bob'))['link'] === 'down');
}

describe('somebody who wants to know what becomes of a message', () => {
  it('follows it up to its answer, in a terminal and as JSON, while the other side reads and replies', async () => {
    const id = idIn(await alice.say('send', 'bob', 'how are you?', '--type', 'request'));
    const followed = alice.run(['track', id, '--follow']);
    const asJson = alice.run(['track', id, '--follow', '--json']);
    await bob.say('read', id);
    await alice.reaches(id, 'seen');
    await bob.say('reply', id, 'fine');
    const { code, stdout } = await followed;
    expect(code).toBe(0);
    expect(stdout.match(/(queued|sealed|sent|delivered|seen|answered) {2,}(this node|peer)/g)).toHaveLength(6);
    expect(stdout).toMatch(/answered {2,}peer, receipt/);
    const { stdout: lines, code: jsonCode } = await asJson;
    expect(jsonCode).toBe(0);
    const steps = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { state: string; proof: string });
    expect(steps.map(({ state, proof }) => [state, proof])).toEqual([
      ['queued', 'local'],
      ['sealed', 'local'],
      ['sent', 'local'],
      ['delivered', 'receipt'],
      ['seen', 'receipt'],
      ['answered', 'receipt'],
    ]);
  });

  it('follows it no longer than asked for', async () => {
    const id = idIn(await alice.say('send', 'bob', 'by the way'));
    expect(await alice.run(['track', id, '--follow', '--until', 'delivered'])).toMatchObject({ code: 0 });
  });
});

describe('somebody whose peer is away', () => {
  it('takes back what waits, once; what left stays', async () => {
    const left = idIn(await alice.say('send', 'bob', 'too late'));
    await alice.reaches(left, 'delivered');
    await leaves();
    const id = idIn(await alice.say('send', 'bob', 'never mind'));
    expect(await alice.say('cancel', id)).toContain('It never left.');
    expect(await alice.run(['track', id, '--follow'])).toMatchObject({ code: 1 });
    expect(await alice.run(['cancel', id])).toMatchObject({ stderr: expect.stringContaining('is cancelled already') });
    const refused = await alice.run(['cancel', left]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('may have left already');
    expect(await alice.ask('outbox', '--state', 'cancelled')).toMatchObject({ messages: [{ id }] });
  });

  it('finds what it refused itself among the dead letters, says it again when that is allowed, and it arrives once', async () => {
    const id = idIn(await alice.say('send', 'bob', 'the report'));
    const blocked = await alice.say('block', 'bob');
    expect(await alice.state(id)).toBe('refused');
    expect(await alice.say('status')).toContain('mesh dead');
    const dead = await alice.say('dead');
    expect(dead).toMatch(/to bob {2}CONTACT_BLOCKED .*by hand {2}the report/);
    const shown = await alice.paste(dead, 'Look at one:');
    expect(shown.stdout).toContain('the report');
    const refused = await alice.paste(dead, 'Give it another try:');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stdout).toContain('CONTACT_BLOCKED');
    await alice.paste(blocked, 'Allow it again:');
    const replayed = await alice.paste(dead, 'Give it another try:');
    expect(replayed.stdout).toContain('is said again by');
    await bob.say('up', '--detach');
    const following = alice.paste(replayed.stdout, 'See what becomes of it:');
    const arrived = async () => (await bob.inbox('--unread')).filter(({ body }) => body === 'the report');
    await until('it arrived', async () => (await arrived()).length > 0);
    const [report, ...more] = await arrived();
    expect(more).toEqual([]);
    await bob.say('read', String(report?.['id']));
    expect(await following).toMatchObject({ code: 0 });
    expect(await alice.say('dead')).toContain('No dead letters.');
    expect(await alice.say('track', id)).toMatch(/replayed {2,}this node/);
  });

  it('forgets dead letters for good, and never without a yes', async () => {
    await leaves();
    const id = idIn(await alice.say('send', 'bob', 'of no use'));
    await alice.say('block', 'bob');
    const unsure = await alice.run(['dead', 'purge', '--peer', 'bob']);
    expect(unsure).toMatchObject({ stderr: expect.stringContaining('--yes') });
    expect(rowsOf((await alice.ask('dead'))['letters'])).toMatchObject([{ id }]);
    expect(await alice.say('dead', 'purge', '--peer', 'bob', '--yes')).toContain('1 dead letter forgotten.');
    expect(rowsOf((await alice.ask('dead'))['letters'])).toEqual([]);
    expect((await alice.run(['track', id])).stderr).toContain('NOT_FOUND');
  });
});
