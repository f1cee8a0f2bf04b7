import { MeshError } from '#kernel';
import { encodeHubInvite, type HubFacts, inviteSecretBytes } from '#protocol';
import type { Hub } from './hub.ts';
import { hashOf } from './hub-service.ts';
import { type HubLimits, hubLimitsIn } from './hub-limits.ts';
import type { HubAgentView, HubInviteView, HubTotals } from './store.ts';

export interface HubStatus {
  readonly hub: HubFacts;
  /** Where agents reach it. */
  readonly url: string;
  readonly running: boolean;
  readonly links: number;
  readonly totals: HubTotals;
}

export type HubMemberView = HubAgentView & { readonly online: boolean };

export interface NewHubInvite {
  /** What the agent's owner is given; it is not shown again. */
  readonly invite: string;
  readonly id: string;
  readonly expiresAt: number;
}

/** What the owner of a hub may see and do. */
export interface HubAdmin {
  status(input: object): Promise<HubStatus>;
  /** Members by name; at most 1000 of them from `after` on. */
  agents(input: { readonly after?: string | undefined }): Promise<readonly HubMemberView[]>;
  invites(input: object): Promise<readonly HubInviteView[]>;
  newInvite(input: {
    readonly note?: string | undefined;
    readonly lifetimeMs?: number | undefined;
  }): Promise<NewHubInvite>;
  /** Throws NOT_FOUND. */
  revokeInvite(input: { readonly id: string }): Promise<object>;
  limits(input: object): Promise<HubLimits>;
  /** By name or id. Throws NOT_FOUND. */
  evict(input: { readonly agent: string }): Promise<{ readonly agentId: string; readonly name: string }>;
}

export const hubAdminNames = ['status', 'agents', 'invites', 'newInvite', 'revokeInvite', 'limits', 'evict'] as const;
export type HubAdminName = (typeof hubAdminNames)[number];

const pageAgents = 1000;
const longestNote = 200;

export interface HubAdminOptions {
  readonly hub: Hub;
  /** Where agents reach it. */
  url(): string;
  /** False when only its folder was opened. */
  readonly running: boolean;
}

export function createHubAdmin({ hub, url, running }: HubAdminOptions): HubAdmin {
  const { store, clock, random, limits } = hub.parts;
  const onlineOf = (member: HubAgentView): HubMemberView => ({
    ...member,
    online: hub.links.session(member.agentId) !== undefined,
  });
  return {
    status: async () => ({ hub: hub.facts, url: url(), running, links: hub.links.size, totals: await store.totals() }),
    agents: async ({ after }) => (await store.agents.list({ after, limit: pageAgents })).map(onlineOf),
    invites: () => store.invites.list(),
    newInvite: async ({ note = '', lifetimeMs = limits.hubInviteLifetimeMs }) => {
      if (note.length > longestNote)
        throw new MeshError('INVALID_ARGUMENT', `The note has ${note.length} characters, ${longestNote} are allowed`);
      const secret = random.bytes(inviteSecretBytes);
      const now = clock.now();
      const expiresAt = now + lifetimeMs;
      const { agentId, name } = hub.facts;
      const invite = encodeHubInvite({ hub: agentId, name, url: url(), secret, expiresAt });
      const hash = hashOf(secret);
      await store.invites.create({ hash, note, createdAt: now, expiresAt });
      const id = Buffer.from(hash).toString('hex').slice(0, 12);
      return { invite, id, expiresAt };
    },
    revokeInvite: async ({ id }) => {
      if (await store.invites.revoke(id)) return {};
      throw new MeshError('NOT_FOUND', `No unused invite has the id ${JSON.stringify(id.slice(0, 40))}`, {
        hint: 'See them all: mesh hub admin invites',
      });
    },
    limits: async () => hubLimitsIn(limits),
    evict: async ({ agent }) => {
      const member = await findMember(hub, agent);
      await hub.evict(member.agentId);
      return { agentId: member.agentId, name: member.name };
    },
  };
}

async function findMember({ parts }: Hub, wanted: string): Promise<HubAgentView> {
  let after: string | undefined;
  for (;;) {
    const page = await parts.store.agents.list({ after, limit: pageAgents });
    const found = page.find(({ name, agentId }) => name === wanted || agentId === wanted);
    if (found !== undefined) return found;
    after = page.at(-1)?.name;
    if (after !== undefined) continue;
    throw new MeshError('NOT_FOUND', `The hub has no member ${JSON.stringify(wanted.slice(0, 80))}`, {
      hint: 'See them all: mesh hub admin agents',
    });
  }
}
