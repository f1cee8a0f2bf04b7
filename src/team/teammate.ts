import * as z from 'zod';

const line = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line');

/** Files of the original have empty texts where nothing is known yet. */
const orEmpty = <T extends z.ZodType>(schema: T) =>
  z.union([z.literal('').transform(() => undefined), schema]).optional();

const nicknames = z.union([z.array(line(100)).max(16), line(100)]);

/** One teammate as registry.json has it. Fields that are not known here are kept. */
export const teammateSchema = z.looseObject({
  name: line(100),
  emailPrefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._%+-]{0,63}$/i, 'must be what stands before the @ of an email address'),
  nickname: orEmpty(nicknames),
  /** The same under another name. */
  redName: orEmpty(nicknames),
  ip: orEmpty(z.union([z.ipv4(), z.ipv6()], 'must be an IP address')),
  hostname: orEmpty(line(253)),
  port: z.int().min(1).max(65_535).optional(),
  /** Instead of ip and port. */
  url: orEmpty(
    z
      .url({ protocol: /^wss?$/, error: 'must begin with wss:// or ws://' })
      .refine((text) => !/[@?#]/.test(text), 'must have no user, no question mark and no #'),
  ),
  /** The agent's id in the mesh, or the address of its node, which shows its card. */
  mesh: orEmpty(
    z.union(
      [z.string().regex(/^did:key:z[1-9A-HJ-NP-Za-km-z]{40,120}$/), z.url({ protocol: /^https?$/ })],
      'must be an agent id (did:key:…) or the http(s) address of a node',
    ),
  ),
});

export type Teammate = Readonly<z.output<typeof teammateSchema>>;

/** Every name that means the teammate, as it is written in the registry. */
export function namesOf({ name, emailPrefix, nickname, redName }: Teammate): readonly string[] {
  return [name, emailPrefix, ...listOf(nickname), ...listOf(redName)];
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** `Alice (alice)` */
export const labelOf = ({ name, emailPrefix }: Teammate): string =>
  name.toLowerCase() === emailPrefix.toLowerCase() ? name : `${name} (${emailPrefix})`;
