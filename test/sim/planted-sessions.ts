import { encodeBatch } from '#protocol';
import type { FrameId } from '#protocol';
import type { SecureSession, SessionEngine, SessionStep } from '#session';
import type { Composed } from '../../src/node/compose.ts';
import type { Machine } from './machine.ts';

/** After a restart frames that are under way are sealed with the present state of their session. */
export async function sealAgain({ parts }: Composed, machine: Machine): Promise<void> {
  const { agent, desk } = machine.host;
  const { engine, store } = desk.ports;
  const { outbox, sessions, contacts } = store.read;
  const anew = new Map<FrameId, Uint8Array>();
  for (const { agentId: peer } of contacts.list({ agent: agent.name })) {
    const messages = outbox.list({ agent: agent.name, peer, limit: 1000 });
    for (const { frame, groupId } of outbox.frames(agent.name, peer)) {
      const record = sessions.session(agent.name, groupId);
      const held = messages.filter(({ frameId }) => frameId === frame.id).map(({ body }) => body);
      if (record === undefined || held.length === 0) continue;
      const stored = agent.vault.open(`session/${groupId}`, record.state);
      const session = engine.load({ self: agent.self, peer, stored });
      const { bytes } = await session.seal(encodeBatch({ messages: held, receipts: [], keyPackages: [] }));
      anew.set(frame.id, bytes);
    }
  }
  const frames = outbox.frames.bind(outbox);
  parts.store.read.outbox.frames = (name, peer) =>
    frames(name, peer).map((entry) => {
      const bytes = anew.get(entry.frame.id);
      return bytes === undefined ? entry : { ...entry, frame: { ...entry.frame, bytes } };
    });
}

/** The secrets of a step are gone before the transaction that makes it real. */
export function wipeAtOnce(_composed: Composed, machine: Machine): void {
  const { ports } = machine.host.desk;
  const { engine } = ports;
  const hasty: SessionEngine = {
    ...engine,
    create: async (input) => {
      const made = await engine.create(input);
      return { ...made, session: hastySession(made.session) };
    },
    join: async (input) => hastySession(await engine.join(input)),
    load: (input) => hastySession(engine.load(input)),
  };
  Object.assign(ports, { engine: hasty });
}

function hastySession(session: SecureSession): SecureSession {
  const wiped = <S extends SessionStep>(step: S): S => {
    step.wipe();
    return { ...step, next: hastySession(step.next), wipe: () => {} };
  };
  return {
    groupId: session.groupId,
    epoch: session.epoch,
    peer: session.peer,
    seal: async (plaintext) => wiped(await session.seal(plaintext)),
    open: async (bytes, now) => wiped(await session.open(bytes, now)),
    rekeyDue: (now) => session.rekeyDue(now),
    commit: async (now) => wiped(await session.commit(now)),
    encode: () => session.encode(),
  };
}
