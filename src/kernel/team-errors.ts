import { type ErrorRow, row } from './error-row.ts';

/** The part of the error table about teammates and their gateways. */
export const teamErrors = {
  TEAM_IDENTITY_UNKNOWN: row(
    [409, 3, 'final'],
    'It is not known who of the team works on this machine.',
    'Say it: export MESH_MY_EMAIL=you@example.com',
  ),
  TEAM_FILE_MISSING: row([404, 2, 'final'], 'A file of the team is not there.', 'Make it as docs/team.md shows.'),
  TEAM_FILE_INVALID: row(
    [400, 2, 'final'],
    'A file of the team has something in it that is not understood.',
    'Correct what is named; docs/team.md shows the form.',
  ),
  TEAM_TOKEN_MISSING: row(
    [401, 3, 'final'],
    'There is no token for the gateway of a teammate.',
    'Ask the teammate for it and write it into tokens.json. See: mesh team whoami',
  ),
  TEAM_ADDRESS_MISSING: row(
    [409, 4, 'final'],
    'The registry has no address of a teammate yet.',
    'Write it into registry.json, or run: mesh team sync',
  ),
  TEAM_SOURCE_INVALID: row(
    [502, 1, 'retry'],
    'The source of the registry cannot be used. Nothing was changed.',
    'Correct the source, or name another one: mesh team sync --help',
  ),
  PLAINTEXT_REFUSED: row(
    [403, 3, 'final'],
    'The token and the message would travel unencrypted where others may listen.',
    'Use wss://. For private addresses of a network that you trust: export OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1',
  ),
} as const satisfies Record<string, ErrorRow>;
