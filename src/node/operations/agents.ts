import type { Operations } from '#api';
import { appendAudit, verifyAudit } from '#audit';
import {
  type AgentId,
  fingerprintOf,
  parseName,
  publicKeyOf,
  safetyNumber,
  type VerifiedCard,
  verifyCard,
} from '#identity';
import { fetchDiscovery, expandTargets, scan } from '#discovery';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { defined } from './defined.ts';
import { agentView } from './views.ts';

type AgentOperations = Pick<Operations, 'agents' | 'addAgent' | 'card' | 'verifyCard' | 'rotateKey'>;

/** The agents of this node, their keys and cards. */
export function agentOperations(parts: NodeParts): AgentOperations {
  return {
    async agents() {
      return { agents: [...parts.hosts.values()].map(agentView) };
    },

    async addAgent(input) {
      return agentView(await parts.addAgent({ name: parseName(input.name), displayName: input.displayName }));
    },

    async card(input) {
      const { agent } = hostNamed(parts, input.agent);
      const fingerprint = fingerprintOf(publicKeyOf(agent.agentId));
      return { card: agent.card(), fingerprint: fingerprint.short, fingerprintFull: fingerprint.full };
    },

    async verifyCard(input) {
      const host = hostNamed(parts, input.agent);
      const { agentId } = verifyCard(input.card, { now: parts.clock.now() });
      const contact = host.contact(agentId);
      const card = verifyCard(input.card, { now: parts.clock.now(), pinned: contact?.card });
      return {
        valid: true as const,
        card,
        fingerprint: fingerprintOf(publicKeyOf(agentId)).short,
        safetyNumber: safetyNumber(host.agent.agentId, agentId),
        ...defined({ contact: contact?.petname, own: isOwn(parts, agentId) ? (true as const) : undefined }),
      };
    },

    async rotateKey(input) {
      const host = hostNamed(parts, input.agent);
      const { from, to } = await host.agent.rotate();
      await noteRotation(parts, host.agent.name, { from, to });
      await host.onOwnKeyChanged();
      return { from, to, fingerprint: fingerprintOf(publicKeyOf(to)).short };
    },
  };
}

/** Who else is around, and the audit log. */
export function lookAroundOperations(parts: NodeParts): Pick<Operations, 'scan' | 'audit' | 'auditVerify'> {
  return {
    async *scan(input, { signal }) {
      const host = hostNamed(parts, input.agent);
      const { limits, clock } = parts;
      const timeoutMs = input.timeoutMs ?? limits.scanTimeoutMs;
      const events = scan({
        targets: expandTargets(input.targets, limits),
        concurrency: limits.scanConcurrency,
        timeoutMs,
        signal,
        fetchDocument: (url, options) => fetchDiscovery(url, { clock, ...options }),
      });
      for await (const event of events) {
        if (event.type !== 'found') yield event;
        else
          yield {
            type: 'found' as const,
            url: event.url,
            agents: event.document.agents.map((card) => foundAgent(parts, host, card)),
          };
      }
    },

    async audit(input) {
      const { kind, since, until, afterSeq, latest, limit = 100 } = input;
      const query = { limit, ...defined({ agent: input.agent, kind, since, until, afterSeq, latest }) };
      return { entries: [...parts.store.read.audit.entries(query)] };
    },

    async auditVerify() {
      const { ok, entries, checkpoints, problem } = verifyAudit(allEntries(parts), { signers: signersOf(parts) });
      return {
        ok,
        entries,
        checkpoints,
        ...defined({ problem: problem && `entry ${problem.seq}: ${problem.reason}` }),
      };
    },
  };
}

/** In the audit log; and what people compared was a number of the old key. */
function noteRotation(parts: NodeParts, agent: string, data: { readonly from: AgentId; readonly to: AgentId }) {
  return parts.store.transact((tx) => {
    appendAudit(tx.audit, { at: parts.clock.now(), agent, kind: 'key.rotated', data });
    for (const { verifiedAt, ...contact } of tx.contacts.list({ agent }))
      if (verifiedAt !== undefined) tx.contacts.put(contact);
  });
}

export const isOwn = ({ hosts }: NodeParts, agentId: AgentId): boolean =>
  [...hosts.values()].some(({ agent }) => agent.agentId === agentId);

export function foundAgent(parts: NodeParts, host: AgentHost, card: VerifiedCard) {
  const contact = host.contact(card.agentId);
  return {
    agentId: card.agentId,
    name: card.name,
    fingerprint: fingerprintOf(publicKeyOf(card.agentId)).short,
    ...defined({
      displayName: card.displayName,
      contact: contact && { petname: contact.petname, state: contact.state },
      own: isOwn(parts, card.agentId) ? (true as const) : undefined,
    }),
  };
}

/** Whose checkpoints count: a log that was written anew under another key must not pass. */
const signersOf = ({ hosts }: NodeParts): readonly AgentId[] =>
  [...hosts.values()].flatMap(({ agent }) => [agent.agentId, ...agent.formerIds]);

function* allEntries(parts: NodeParts) {
  const page = 1000;
  let afterSeq = 0;
  for (;;) {
    const entries = parts.store.read.audit.entries({ afterSeq, limit: page });
    yield* entries;
    const last = entries.at(-1);
    if (last === undefined || entries.length < page) return;
    afterSeq = last.seq;
  }
}
