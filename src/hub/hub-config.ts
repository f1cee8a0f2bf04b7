import { parse, TomlError } from 'smol-toml';
import * as z from 'zod';
import { MeshError } from '#kernel';
import { type AgentId, isAgentId, isEndpoint, isName } from '#identity';
import { admissions } from '#protocol';
import { hubLimitNames } from './hub-limits.ts';
import type { HubSettings } from './hub-settings.ts';

const count = z.int().min(1);
const limits = z.strictObject(Object.fromEntries(Object.keys(hubLimitNames).map((name) => [name, count.optional()])));

const file = z.strictObject({
  hub: z
    .strictObject({
      name: z.custom<string>(isName, 'must be a name of 1 to 63 characters of a-z 0-9 . _ -').optional(),
      host: z.string().min(1).optional(),
      port: z.int().min(0).max(65_535).optional(),
      url: z.string().refine(isEndpoint, 'must be an http(s) URL').optional(),
      admission: z.enum(admissions).optional(),
      allowlist: z.array(z.custom<AgentId>(isAgentId, 'must hold ids did:key:z6Mk…')).optional(),
      guests: z.boolean().optional(),
      store: z
        .string()
        .regex(/^(sqlite|(nats|tls):\/\/\S+)$/, 'must be sqlite or nats://HOST:4222')
        .optional(),
      logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
    })
    .default({}),
  limits: limits.default({}),
});

/** Throws INVALID_CONFIG with the line or the name of the setting. */
export function parseHubConfig(text: string, path: string): HubSettings {
  const parsed = file.safeParse(readToml(text, path));
  if (parsed.success) return { ...parsed.data.hub, limits: parsed.data.limits };
  const [issue] = parsed.error.issues;
  throw invalid(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`);
}

function readToml(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) throw invalid(path, `line ${error.line}: ${error.message.split('\n')[0] ?? ''}`);
    throw error;
  }
}

const invalid = (path: string, what: string): MeshError =>
  new MeshError('INVALID_CONFIG', `${path}: ${what}`, {
    hint: 'Correct the named setting in hub.toml. What may stand there: docs/hub.md',
  });
