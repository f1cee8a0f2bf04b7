import { MeshError } from '#kernel';
import type { HubAdmin, HubMemberView } from '#hub';
import { oneOf } from '../arguments.ts';
import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { memberTable, hubInviteTable, hubLimitLines, mailboxTable } from '../views/hub-lines.ts';

const subjects = ['agents', 'mailboxes', 'invites', 'limits', 'evict'] as const;

/** What the owner of a hub sees and changes: of the one that runs, or of what one left in its folder. */
export async function hubAdmin(call: Call): Promise<Outcome> {
  const { args, settings, ports } = call;
  const subject = oneOf(args.at(0, 'WHAT'), subjects, 'WHAT');
  const { openHubAdmin } = await ports.hubDoor();
  const open = await openHubAdmin(settings.hubStateDir);
  try {
    return await answers[subject](open.admin, call);
  } finally {
    await open.close();
  }
}

const answers: Readonly<Record<(typeof subjects)[number], (admin: HubAdmin, call: Call) => Promise<Outcome>>> = {
  agents: async (admin) => {
    const members = await everybody(admin);
    return {
      data: members,
      lines: (paint) => (members.length === 0 ? ['Nobody has joined yet.'] : memberTable(members, paint)),
      next: members.length === 0 ? ['Invite an agent: mesh hub admin invites --new'] : [],
    };
  },
  mailboxes: async (admin) => {
    const members = await everybody(admin);
    const full = members.filter(({ frames }) => frames > 0).toSorted((one, other) => other.bytes - one.bytes);
    return {
      data: full.map(({ agentId, name, frames, bytes, oldestAt, online }) => ({
        agentId,
        name,
        frames,
        bytes,
        ...(oldestAt === undefined ? {} : { oldestAt }),
        online,
      })),
      lines: (paint) => (full.length === 0 ? ['All mailboxes are empty.'] : mailboxTable(full, paint)),
    };
  },
  invites,
  limits: async (admin) => {
    const limits = await admin.limits({});
    return {
      data: limits,
      lines: (paint) => hubLimitLines(limits, paint),
      next: ['Change them under [limits] in hub.toml, and start the hub again.'],
    };
  },
  evict: async (admin, call) => {
    const agent = call.args.at(1, 'AGENT');
    if (!call.args.flag('yes')) {
      if (!canAsk(call)) throw unsure(agent);
      const question = `Evict ${visible(agent)}? Its mailbox, key packages and files at this hub are deleted.`;
      if (!(await confirm(call.ports, question)))
        return { data: { evicted: false }, lines: () => ['Nothing was changed.'], exitCode: 1 };
    }
    const gone = await admin.evict({ agent });
    return {
      data: gone,
      lines: () => [`${visible(gone.name)} is no member any more. ${visible(gone.agentId)}`],
      next: ['It comes back with an invite only: mesh hub admin invites --new'],
    };
  },
};

const unsure = (agent: string): MeshError =>
  new MeshError('INVALID_ARGUMENT', 'What the hub keeps for the agent is deleted: this needs a yes', {
    hint: `Run: mesh hub admin evict ${shellWord(agent)} --yes`,
  });

async function invites(admin: HubAdmin, { args }: Call): Promise<Outcome> {
  const revoked = args.text('revoke');
  if (revoked !== undefined) {
    await admin.revokeInvite({ id: revoked });
    return { data: { revoked }, lines: () => [`The invite ${visible(revoked)} is not valid any more.`] };
  }
  if (args.flag('new')) {
    const made = await admin.newInvite({ note: args.text('note'), lifetimeMs: args.durationMs('expires') });
    return {
      data: made,
      lines: () => [made.invite],
      next: [
        { elsewhere: "Give the line to the agent's owner, who runs: mesh hub-join 'mesh-hub:…'" },
        'It admits one agent, once, and is not shown again.',
      ],
    };
  }
  if (args.text('note') !== undefined || args.text('expires') !== undefined) {
    throw new MeshError('INVALID_ARGUMENT', '--note and --expires are for a new invite', {
      hint: 'Add --new: mesh hub admin invites --new',
    });
  }
  const all = await admin.invites({});
  return {
    data: all,
    lines: (paint) => (all.length === 0 ? ['There are no invites.'] : hubInviteTable(all, paint)),
    next: all.length === 0 ? ['Make one: mesh hub admin invites --new'] : [],
  };
}

async function everybody(admin: HubAdmin): Promise<readonly HubMemberView[]> {
  const members: HubMemberView[] = [];
  for (;;) {
    const page = await admin.agents({ after: members.at(-1)?.name });
    if (page.length === 0) return members;
    members.push(...page);
  }
}
