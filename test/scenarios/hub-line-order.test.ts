import { expect, test } from 'vitest';
import { MailboxLink } from '#link';
import { encodeFrame } from '#protocol';
import { fetchAll, HubWorld, mailFrom } from '../support/hub-world.ts';
import { agent } from '../support/link-agents.ts';

const [alice, bob] = [agent(1), agent(2)];

/** A hub with room for four frames, a half of them from one sender. */
async function narrow() {
  const world = await HubWorld.open({ limits: { maxMailboxFrames: 4 } });
  const sender = await world.member(alice, 'alice');
  const receiver = await world.member(bob, 'bob');
  const empty = async (): Promise<readonly Uint8Array[]> => {
    const { items, epoch } = await receiver.ask(fetchAll);
    receiver.ack({ epoch, upTo: items.at(-1)?.cursor ?? 0 });
    await receiver.ask(fetchAll);
    return items.map(({ frame }) => frame);
  };
  return { world, sender, empty };
}

const line = (count: number) => Array.from({ length: count }, () => mailFrom(alice, bob));

test('a frame outside of the line, refused and taken later, lets nothing in line before the first that was refused', async () => {
  const { sender, empty } = await narrow();
  const answer = mailFrom(alice, bob, { kind: 'answer' });
  const [one, two, three, four] = line(4);
  if (one === undefined || two === undefined || three === undefined || four === undefined) throw new Error('no frames');
  const outcomes = await Promise.all([one, two, answer, three].map((frame) => sender.sendFrame(frame)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'refused', 'refused']);
  await empty();
  expect(await sender.sendFrame(answer)).toMatchObject({ kind: 'stored' });
  expect(await sender.sendFrame(four)).toMatchObject({ kind: 'refused', code: 'MAILBOX_FULL' });
  await empty();
  expect(await sender.sendFrame(three)).toMatchObject({ kind: 'stored' });
  expect(await sender.sendFrame(four)).toMatchObject({ kind: 'stored' });
  expect(await empty()).toEqual([three, four].map((frame) => encodeFrame(frame)));
});

test('a frame outside of the line does not wait for the one that has to come first', async () => {
  const { sender, empty } = await narrow();
  await Promise.all(line(3).map((frame) => sender.sendFrame(frame)));
  await empty();
  expect(await sender.sendFrame(mailFrom(alice, bob, { kind: 'answer' }))).toMatchObject({ kind: 'stored' });
});

test('of what comes again together, the first that finds no room is waited for', async () => {
  const { sender, empty } = await narrow();
  const frames = line(6);
  await Promise.all(frames.map((frame) => sender.sendFrame(frame)));
  await empty();
  const again = await Promise.all(frames.slice(2).map((frame) => sender.sendFrame(frame)));
  expect(again.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'refused', 'refused']);
  await empty();
  expect(await sender.sendFrame(mailFrom(alice, bob))).toMatchObject({ kind: 'refused' });
  const last = await Promise.all(frames.slice(4).map((frame) => sender.sendFrame(frame)));
  expect(last.map(({ kind }) => kind)).toEqual(['stored', 'stored']);
});

test('a sender whose awaited frame will not come any more begins anew on another link', async () => {
  const { world, sender, empty } = await narrow();
  const frames = line(3);
  const mailbox = new MailboxLink({ hub: sender, agent: bob.agentId, route: 'hub http://hub.test' });
  const outcomes = await Promise.all(frames.map((frame) => mailbox.sendFrame(frame)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'refused']);
  await empty();
  // The session of the third is gone; what is sealed anew cannot come behind it.
  await expect(mailbox.sendFrame(mailFrom(alice, bob))).rejects.toMatchObject({ code: 'LINK_CLOSED' });
  await sender.closed;
  const next = new MailboxLink({ hub: await world.link(alice), agent: bob.agentId, route: 'hub http://hub.test' });
  expect(await next.sendFrame(mailFrom(alice, bob))).toMatchObject({ kind: 'stored' });
});

test('a mailbox link that ends while nothing is awaited leaves the link to the hub to others', async () => {
  const { sender } = await narrow();
  const mailbox = new MailboxLink({ hub: sender, agent: bob.agentId, route: 'hub http://hub.test' });
  await mailbox.sendFrame(mailFrom(alice, bob));
  mailbox.close();
  expect(await sender.ping()).toBeGreaterThanOrEqual(0);
});
