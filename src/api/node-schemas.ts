import * as z from 'zod';
import { agentView } from './agent-schemas.ts';
import { afterSeqField, agentField, count, label, type OperationSchema, pageField, time } from './base-schemas.ts';
import { contactView } from './contact-schemas.ts';
import { pauseView } from './pause-schemas.ts';

const address = z.object({ host: z.string(), port: count });

export const warning = z.object({ code: z.string(), message: z.string(), hint: z.string() });

const lanView = z.object({
  name: z.string().optional().describe('By which it is announced; absent when it cannot be found'),
  interface: z.string().optional().describe('Address of this machine in the network that was chosen'),
  problem: warning.optional(),
});

export const finding = z.object({
  check: z.string().describe('What was looked at, such as clock or endpoint'),
  severity: z.enum(['error', 'warning', 'note']),
  message: z.string(),
  meaning: z.string(),
  fix: z.string().describe('What to do, with the command'),
});

export const auditEntry = z.object({
  seq: count,
  at: time,
  agent: z.string(),
  kind: z.string(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])),
  previous: z.string(),
  hash: z.string(),
});

export const nodeSchemas = {
  status: {
    summary: 'The node, its agents, peers and queues, and what needs attention',
    input: z.strictObject({ ...agentField }),
    output: z.object({
      version: z.string(),
      startedAt: time.optional(),
      pid: count.optional(),
      running: z.boolean(),
      listen: address.optional(),
      api: address.optional(),
      stateDir: z.string(),
      lan: lanView.optional().describe('While the node is to be found on the local network'),
      relay: z
        .object({ agents: count, frames: count, bytes: count })
        .optional()
        .describe('For how many agents it keeps a mailbox, and what lies in them'),
      agents: z.array(agentView),
      peers: z.array(contactView),
      queue: z.object({
        waiting: count,
        inFlight: count,
        unread: count,
        deadOut: count.describe('Sent messages that were given up on'),
        deadIn: count.describe('Messages that the program gave up on'),
      }),
      requests: count,
      sessions: count,
      pauses: z.array(pauseView).optional().describe('Programs that the owner stopped; absent when there are none'),
      warnings: z.array(warning),
    }),
  },
  doctor: {
    summary: 'Looks for what is wrong with the running node: queues, clocks of peers, own addresses',
    input: z.strictObject({ ...agentField }),
    output: z.object({ findings: z.array(finding) }),
  },
  shutdown: {
    summary: 'Stops the node; answers before it has stopped',
    input: z.strictObject({ ...agentField }),
    output: z.object({ stopping: z.literal(true) }),
  },
  audit: {
    summary: 'Entries of the audit log',
    input: z.strictObject({
      ...agentField,
      kind: label.optional().describe('Such as contact.trusted'),
      since: time.optional(),
      until: time.optional(),
      ...pageField,
      ...afterSeqField,
      latest: z.boolean().optional().describe('The last entries instead of the first'),
    }),
    output: z.object({ entries: z.array(auditEntry) }),
  },
  auditVerify: {
    summary: 'Checks the hash chain and the signed checkpoints of the audit log',
    input: z.strictObject({ ...agentField }),
    output: z.object({
      ok: z.boolean(),
      entries: count,
      checkpoints: count,
      problem: z.string().optional(),
    }),
  },
} as const satisfies Record<string, OperationSchema>;
