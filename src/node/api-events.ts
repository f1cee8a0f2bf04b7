import type { MeshEvent } from '#api';
import { codeOf, type EventStream } from '#kernel';
import { type AgentId, fingerprintOf, publicKeyOf } from '#identity';
import type { NodeEvent } from './node-event.ts';
import type { EventLog } from './http/index.ts';
import { defined } from './operations/defined.ts';
import { peerOf } from './operations/peer-of.ts';
import { fileView } from './operations/file-views.ts';
import { messageView } from './operations/views.ts';
import type { NodeParts } from './parts.ts';

/** Turns what happens at the node into the events of the API, while anybody reads them. Ends when the stream closes. */
export async function logEvents(parts: NodeParts, events: EventStream<NodeEvent>, log: EventLog): Promise<void> {
  const breakers = new Map<string, string>();
  for await (const event of events.subscribe()) {
    try {
      // Unobserved, it only counts, so that a reader who comes back learns that something happened.
      if (!log.observed) log.record(() => ({ type: 'node.stopping', at: 0 }));
      else for (const shown of apiEvents(parts, event, breakers)) log.record(() => shown);
    } catch (error) {
      // A contact or message may be gone by the time its event is told.
      parts.logger.debug('event.not-shown', { type: event.type, code: codeOf(error) });
    }
  }
}

function* apiEvents(parts: NodeParts, event: NodeEvent, breakers: Map<string, string>): Generator<MeshEvent> {
  const at = parts.clock.now();
  switch (event.type) {
    case 'contact': {
      const { agent, petname, agentId, state } = event.contact;
      yield { type: 'contact.changed', agent, at, petname, agentId, state };
      return;
    }
    case 'request': {
      const { agent, petname, agentId, requestId = '' } = event.contact;
      const fingerprint = fingerprintOf(publicKeyOf(agentId)).short;
      yield { type: 'request.received', agent, at, id: requestId, petname, agentId, fingerprint };
      return;
    }
    case 'session-replaced': {
      const { agent, peer, reason } = event;
      yield { type: 'session.replaced', agent, at, ...named(parts, agent, peer), reason };
      return;
    }
    case 'route':
      yield* routeEvents(parts, event, { at, breakers });
      return;
    case 'hub': {
      const { agent, membership, status } = event;
      const hub = { agent, at, hub: membership.name, url: membership.address.base };
      if (status.state === 'up') yield { type: 'hub.up', ...hub };
      else yield { type: 'hub.down', ...hub, ...defined({ code: status.lastError?.code }) };
      return;
    }
    case 'agent-added': {
      const agentId = parts.hosts.get(event.agent)?.agent.agentId ?? '';
      yield { type: 'agent.added', agent: event.agent, at, agentId };
      return;
    }
    default:
      if (isOwners(event)) yield ownerEvent(event, at);
      else yield* messageEvents(parts, event, at);
  }
}

/** Whether the node speaks and acts, which its owner decides. */
type OwnersEvent = Extract<NodeEvent, { type: 'paused' | 'resumed' | 'superseded' | 'stopping' }>;

const ownersTypes: ReadonlySet<string> = new Set(['paused', 'resumed', 'superseded', 'stopping']);
const isOwners = (event: NodeEvent): event is OwnersEvent => ownersTypes.has(event.type);

function ownerEvent(event: OwnersEvent, at: number): MeshEvent {
  if (event.type === 'stopping') return { type: 'node.stopping', at };
  if (event.type === 'superseded') return { type: 'agent.superseded', agent: event.agent, at };
  const { agent, reason } = event.pause;
  return { type: `programs.${event.type}`, at, ...defined({ agent, reason }) };
}

function* messageEvents(
  parts: NodeParts,
  event: Extract<
    NodeEvent,
    { type: 'received' | 'state' | 'buried' | 'held' | 'file' | 'files-refused' | 'mailed' | 'frame-refused' }
  >,
  at: number,
): Generator<MeshEvent> {
  switch (event.type) {
    case 'received':
      yield* receivedEvents(parts, event, at);
      return;
    case 'state': {
      const { agent, ids, step, state, reason, answerId, route } = event;
      const what = { ids: [...ids], step, state, ...defined({ reason, answerId, route }) };
      yield { type: 'message.state', agent, at, ...named(parts, agent, event.peer), ...what };
      return;
    }
    case 'buried': {
      const { agent, ids, reason } = event;
      yield { type: 'message.dead', agent, at, ...named(parts, agent, event.peer), ids: [...ids], reason };
      return;
    }
    case 'held': {
      const { agent, ids, direction } = event;
      yield { type: 'message.held', agent, at, ...named(parts, agent, event.peer), ids: [...ids], direction };
      return;
    }
    case 'mailed':
    case 'frame-refused':
      // The log has it; whoever sent what was refused is told, and sends what it held once more.
      return;
    case 'file':
    case 'files-refused':
      yield* fileEvents(parts, event, at);
  }
}

function* fileEvents(
  parts: NodeParts,
  event: Extract<NodeEvent, { type: 'file' | 'files-refused' }>,
  at: number,
): Generator<MeshEvent> {
  const { agent, peer } = event;
  const host = parts.hosts.get(agent);
  if (host === undefined) return;
  if (event.type === 'file') {
    yield { type: 'file.changed', agent, at, file: fileView(host, event.file) };
    return;
  }
  const { message: id, bytes: size, reason } = event;
  yield { type: 'files.refused', agent, at, ...named(parts, agent, peer), id, size, reason };
}

function* receivedEvents(
  parts: NodeParts,
  event: Extract<NodeEvent, { type: 'received' }>,
  at: number,
): Generator<MeshEvent> {
  const host = parts.hosts.get(event.agent);
  if (host === undefined) return;
  for (const { id } of event.messages) {
    const row = parts.store.read.inbox.message(event.agent, id);
    if (row !== undefined) yield { type: 'message.received', agent: event.agent, at, message: messageView(host, row) };
  }
}

function* routeEvents(
  parts: NodeParts,
  event: Extract<NodeEvent, { type: 'route' }>,
  known: { readonly at: number; readonly breakers: Map<string, string> },
): Generator<MeshEvent> {
  const { agent, peer, change } = event;
  const { at, breakers } = known;
  const who = { agent, at, ...named(parts, agent, peer) };
  if (change.type === 'up') yield { type: 'link.up', ...who, route: change.route };
  if (change.type === 'down') yield { type: 'link.down', ...who, code: change.code };
  if (change.type === 'held') yield { type: 'link.held', ...who, ...change.held };
  const state =
    parts.hosts
      .get(agent)
      ?.lanes.find((lane) => lane.peer === peer)
      ?.courier.status().breaker ?? 'closed';
  const key = `${agent}/${peer}`;
  if ((breakers.get(key) ?? 'closed') !== state) yield { type: 'breaker.changed', ...who, state };
  breakers.set(key, state);
}

function named(parts: NodeParts, agent: string, peer: AgentId): { readonly peer: string; readonly peerId: AgentId } {
  const host = parts.hosts.get(agent);
  return host === undefined ? { peer, peerId: peer } : peerOf(host, peer);
}
