import { parse, TomlError } from 'smol-toml';
import * as z from 'zod';
import { defaultLimits } from '#kernel';
import type { GuardAction } from '#pipeline';
import { messageTypes } from '#protocol';
import type { NodeConfig } from './config.ts';
import { invalidConfig } from './invalid-config.ts';

const megabytes = z.int().min(0).max(1_000_000_000);
const perHour = z.int().min(1).max(1_000_000_000).optional();
const port = z.int().min(0).max(65_535);

const runtime = z
  .strictObject({
    runtime: z.enum(['inbox', 'command', 'webhook', 'openclaw']).default('inbox'),
    command: z.array(z.string().min(1)).min(1).optional(),
    cwd: z.string().optional(),
    url: z.url({ protocol: /^(https?|wss?)$/ }).optional(),
    secretFile: z.string().min(1).optional(),
    tokenFile: z.string().min(1).optional(),
    transport: z.enum(['ws', 'hooks']).optional(),
    hook: z
      .string()
      .regex(/^\/[\w./-]{1,200}$/, 'must be a path such as /hooks/agent')
      .optional(),
    hookTokenFile: z.string().min(1).optional(),
    hookSession: z
      .string()
      .regex(/^[\w:.-]{1,200}$/, 'must be the sessionKey of the mapping')
      .optional(),
    sessionMode: z.enum(['persistent', 'isolated']).optional(),
    gatewayAgent: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be the id of an agent of the gateway')
      .optional(),
    timeoutSeconds: z.number().positive().max(86_400).optional(),
    concurrency: z.int().min(1).max(64).optional(),
    types: z.array(z.enum(messageTypes)).min(1).optional(),
    waitForFiles: z.boolean().optional(),
    rootTurns: z.int().min(1).max(defaultLimits.maxTurnsPerMessage).optional(),
    rootHops: z.int().min(1).max(defaultLimits.maxHops).optional(),
    capabilities: z
      .array(
        z.strictObject({
          id: z.string().min(1).max(64),
          description: z.string().max(200).default(''),
          tags: z.array(z.string().max(64)).default([]),
        }),
      )
      .optional(),
  })
  .refine((agent) => agent.runtime !== 'command' || agent.command !== undefined, {
    path: ['command'],
    message: 'runtime = "command" needs command = ["program", "argument", …]',
  })
  .refine((agent) => agent.runtime !== 'webhook' || (agent.url !== undefined && agent.secretFile !== undefined), {
    path: ['url'],
    message: 'runtime = "webhook" needs url and secretFile',
  })
  .refine((agent) => agent.runtime !== 'openclaw' || agent.transport === 'hooks' || agent.tokenFile !== undefined, {
    path: ['tokenFile'],
    message: 'runtime = "openclaw" needs tokenFile',
  })
  .refine((agent) => agent.transport !== 'hooks' || agent.hookTokenFile !== undefined, {
    path: ['hookTokenFile'],
    message: 'transport = "hooks" needs hookTokenFile',
  });

const guardActions = ['off', 'label', 'review', 'block'] as const satisfies readonly GuardAction[];
const action = z.enum(guardActions).optional();
const byTier = z.strictObject({ owner: action, trusted: action, bounded: action, notify: action }).optional();

const file = z.strictObject({
  node: z
    .strictObject({
      host: z.string().min(1).optional(),
      port: port.optional(),
      apiPort: port.optional(),
      endpoints: z
        .array(z.url({ protocol: /^https?$/ }))
        .max(8)
        .optional(),
      passphraseFile: z.string().min(1).optional(),
      logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
      relay: z.boolean().optional(),
    })
    .optional(),
  files: z
    .strictObject({ maxMbPerPeer: megabytes.optional(), maxMb: megabytes.optional(), keepFreeMb: megabytes.optional() })
    .optional(),
  lan: z.strictObject({ enabled: z.boolean().optional(), interface: z.ipv4().optional() }).optional(),
  rates: z
    .strictObject({
      trustedTurnsPerHour: perHour,
      conversationTurnsPerHour: perHour,
      programRootsPerHour: perHour,
    })
    .optional(),
  guard: z.strictObject({ inbound: byTier, outbound: byTier }).optional(),
  agents: z.record(z.string(), runtime).optional(),
});

/** The settings in the text, without defaults. Throws INVALID_CONFIG with the line or the name of the setting. */
export function parseConfig(text: string, path: string): Partial<NodeConfig> {
  const parsed = file.safeParse(readToml(text, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidConfig(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
  }
  const { node = {}, files, lan, rates, guard, agents } = parsed.data;
  return dropUndefined({
    ...node,
    files: files && dropUndefined(files),
    lan: lan && dropUndefined(lan),
    rates: rates && dropUndefined(rates),
    guard: guard && dropUndefined(guard),
    agents: agents === undefined ? undefined : mapAgents(agents),
  });
}

function mapAgents(agents: Record<string, object>): NodeConfig['agents'] {
  const entries = Object.entries(agents).map(([name, agent]) => [name, dropUndefined(agent)]);
  return Object.fromEntries(entries) as NodeConfig['agents'];
}

function readToml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError)
      throw invalidConfig(path, `line ${error.line}: ${error.message.split('\n')[0] ?? ''}`);
    throw error;
  }
}

function dropUndefined(fields: object): Partial<NodeConfig> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
