import { createHash } from 'node:crypto';
import { concatBytes, encodeCbor, toBase64url } from '#kernel';
import { encodeInvite, type Invite } from '#protocol';
import { day, type NamedCase, now, type VectorFile } from './seeds.ts';
import { aliceId, counting, inHex, inviteId, refusedWith } from './wire-values.ts';

const plain: Invite = {
  id: inviteId(1),
  agentId: aliceId,
  name: 'alice',
  routes: ['http://192.0.2.1:8787', 'https://alice.example/mesh'],
  secret: counting(16),
  expiresAt: now + day,
};
const text = encodeInvite(plain);

/** With a right checksum, whatever it holds. */
function made(name: string, content: object): NamedCase {
  const bytes = encodeCbor(content);
  const checksum = createHash('sha256').update(bytes).digest().subarray(0, 4);
  return { name, text: `mesh:${toBase64url(concatBytes(bytes, checksum))}` };
}

const { name: _name, ...withoutName } = plain;
const noRoutes: Invite = { ...plain, routes: [] };

export const inviteVectors: VectorFile = {
  spec: 'spec/04-contacts.md 4.4',
  description: 'Invites as text. `canonical` is the text that is made of the content.',
  valid: [
    { name: 'as it is printed', text, canonical: text, invite: inHex(plain) },
    {
      name: 'without routes',
      text: encodeInvite(noRoutes),
      canonical: encodeInvite(noRoutes),
      invite: inHex(noRoutes),
    },
    {
      name: 'broken into lines',
      text: `  ${text.replace(/.{32}/g, '$&\r\n')}\n`,
      canonical: text,
      invite: inHex(plain),
    },
  ],
  invalid: refusedWith('INVITE_INVALID', [
    { name: 'empty', text: '' },
    { name: 'nothing behind mesh:', text: 'mesh:' },
    { name: 'something else', text: 'https://alice.example/' },
    { name: 'the last character cut off', text: text.slice(0, -1) },
    { name: 'the last four characters cut off', text: text.slice(0, -4) },
    { name: 'the first characters cut off', text: text.slice(2) },
    {
      name: 'a character changed',
      text: text.replace(/.{9}$/, (end) => `${end.startsWith('A') ? 'B' : 'A'}${end.slice(1)}`),
    },
    { name: 'with padding', text: `${text}=` },
    { name: 'a character outside base64url', text: `${text.slice(0, -1)}+` },
    made('a key that is not known', { ...plain, tier: 'owner' }),
    made('a key is missing', withoutName),
    made('nine routes', { ...plain, routes: Array.from({ length: 9 }, () => 'http://192.0.2.1:8787') }),
    made('a route of another kind', { ...plain, routes: ['file:///etc/passwd'] }),
    made('a secret of 15 bytes', { ...plain, secret: counting(15) }),
    made('an id with a path', { ...plain, id: 'inv_../x' }),
    made('a name with a blank', { ...plain, name: 'al ice' }),
    made('a list', [plain]),
  ]),
};
