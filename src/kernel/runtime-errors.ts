import { type ErrorRow, row } from './error-row.ts';

/** The part of the error table about what handles messages. */
export const runtimeErrors = {
  HANDLER_FAILED: row(
    [502, 1, 'final'],
    'The program that handles messages failed.',
    'Look at the error with: mesh read ID',
  ),
  HANDLER_TIMEOUT: row(
    [504, 4, 'final'],
    'The program that handles messages took too long.',
    'Raise timeoutSeconds in mesh.toml.',
  ),
  GATEWAY_UNREACHABLE: row(
    [502, 4, 'retry'],
    'The OpenClaw gateway cannot be reached.',
    'Start it: openclaw gateway run. If it listens elsewhere, correct its url in mesh.toml. Messages wait meanwhile.',
  ),
  PROGRAM_AWAY: row(
    [503, 4, 'retry'],
    'The program that handles messages is not there.',
    'Start it: messages wait meanwhile, and are offered to it again.',
  ),
  GATEWAY_REFUSED: row(
    [502, 3, 'final'],
    'The OpenClaw gateway refused what was asked of it.',
    'Look into its log: openclaw logs',
  ),
  GATEWAY_DENIED: row(
    [502, 3, 'retry'],
    'The OpenClaw gateway does not let this node in.',
    'See what it wants: mesh status. Messages wait meanwhile.',
  ),
  OPENCLAW_NOT_FOUND: row(
    [404, 1, 'final'],
    'No OpenClaw gateway is set up on this machine.',
    'Name its configuration with --config PATH.',
  ),
  OPENCLAW_CONFIG_UNREADABLE: row(
    [400, 1, 'final'],
    'openclaw.json cannot be read.',
    'Correct it; what OpenClaw thinks of it says: openclaw config validate',
  ),
  GUARD_BLOCKED: row(
    [403, 3, 'final'],
    'The guard of a node refused the message, or its owner did after reading it.',
    'Say it in other words, and without keys or passwords. What a guard does stands under [guard] in mesh.toml of its node.',
  ),
  REVIEW_PENDING: row(
    [409, 3, 'final'],
    'The message waits for the owner, because the guard saw something in it.',
    'Look at it: mesh review list. It goes on with: mesh review approve ID --digest D',
  ),
  REVIEW_CHANGED: row(
    [409, 3, 'final'],
    'What was looked at is not what waits now.',
    'Look again: mesh review show ID',
  ),
  PAUSED: row(
    [423, 3, 'final'],
    'The owner has stopped all that programs do by themselves.',
    'Wait for the owner, who goes on with: mesh resume',
  ),
  BUDGET_EXHAUSTED: row(
    [403, 3, 'final'],
    'No more turns of programs may follow from the message that is the cause.',
    'Wait for a person: the owner goes on with mesh send NAME TEXT --turns N. How many a first message has is rootTurns in mesh.toml.',
  ),
} as const satisfies Record<string, ErrorRow>;
