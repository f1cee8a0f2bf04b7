import { type ErrorRow, row } from './error-row.ts';
import { fileErrors } from './file-errors.ts';
import { hubErrors } from './hub-errors.ts';
import { recoveryErrors } from './recovery-errors.ts';
import { runtimeErrors } from './runtime-errors.ts';
import { teamErrors } from './team-errors.ts';

export type { ExitCode } from './error-row.ts';

/** Every error code of the system, once: HTTP status, exit code, whether to retry, meaning and default hint. */
export const errorTable = {
  INVALID_ARGUMENT: row(
    [400, 2, 'final'],
    'An argument is missing or wrong.',
    'Run the command with --help to see what it takes.',
  ),
  INVALID_CONFIG: row(
    [400, 2, 'final'],
    'mesh.toml has a setting that is not understood.',
    'Correct the named line in mesh.toml.',
  ),
  NOT_FOUND: row(
    [404, 1, 'final'],
    'Nothing has that name or id.',
    'List what exists (mesh peers, mesh inbox, mesh outbox, mesh requests).',
  ),
  AMBIGUOUS: row(
    [409, 2, 'final'],
    'The name or prefix matches more than one thing.',
    'Use the full name or more characters of the id.',
  ),
  NAME_TAKEN: row([409, 2, 'final'], 'Another contact or agent already has this name.', 'Choose another name.'),
  NOT_INITIALIZED: row([409, 1, 'final'], 'This state folder holds no agent yet.', 'Run: mesh init --name NAME'),
  ALREADY_INITIALIZED: row(
    [409, 1, 'final'],
    'An agent exists already.',
    'Look at it with: mesh whoami. To replace it add --force: contacts then have to approve the new key.',
  ),
  KEY_FILE_PERMISSIONS: row(
    [500, 1, 'final'],
    'A key file can be read by other users.',
    'Run: chmod 600 on the named file.',
  ),
  KEY_FILE_UNREADABLE: row(
    [500, 1, 'final'],
    'A key file is missing or damaged.',
    'Restore the file from a backup, or create a new identity with mesh init --force.',
  ),
  PASSPHRASE_REQUIRED: row(
    [401, 1, 'final'],
    'The key file is encrypted.',
    'Name the passphrase file with --passphrase-file F.',
  ),
  PASSPHRASE_WRONG: row(
    [401, 1, 'final'],
    'The passphrase does not open the key file.',
    'Check the contents of the passphrase file.',
  ),
  CARD_INVALID: row(
    [400, 1, 'final'],
    'The card is not a valid agent card.',
    'Ask its owner to print the card again and to send all of it.',
  ),
  CARD_ID_MISMATCH: row(
    [400, 3, 'final'],
    'The id of the card is not the id of its key.',
    'Do not trust this card; ask its owner for the real one.',
  ),
  CARD_EXPIRED: row(
    [400, 1, 'final'],
    'The card has expired.',
    'Ask its owner to start the node once, which renews it.',
  ),
  CARD_ROLLBACK: row(
    [409, 3, 'final'],
    'The card is older than the one already known.',
    'Ask its owner for the current card.',
  ),
  SIGNATURE_INVALID: row(
    [403, 3, 'final'],
    'A signature does not verify.',
    'The data was changed or forged on the way; ask the sender again.',
  ),
  CERTIFICATE_INVALID: row(
    [403, 3, 'final'],
    'A device certificate is not valid.',
    'The peer must renew its device key: restart its node.',
  ),
  ROTATION_INVALID: row(
    [403, 3, 'final'],
    'A key rotation is not signed by both the old and the new key.',
    'Compare fingerprints with the owner before approving again.',
  ),
  MALFORMED: row(
    [400, 1, 'final'],
    'The data does not have the form that the specification demands.',
    'The sender runs other software or is broken; check both versions.',
  ),
  UNSUPPORTED_VERSION: row(
    [400, 1, 'final'],
    'The protocol version is not supported.',
    'Update the older of the two nodes.',
  ),
  FRAME_TOO_LARGE: row([413, 1, 'final'], 'A frame is larger than the limit.', 'Send less at once.'),
  MESSAGE_TOO_LARGE: row(
    [413, 2, 'final'],
    'The message is larger than 64 KB.',
    'Shorten the text or send it as a file.',
  ),
  ATTACHMENT_TOO_LARGE: row(
    [413, 2, 'final'],
    'The attachments are larger than may be sent.',
    'Send a smaller file, or a link to it in the text.',
  ),
  SUBJECT_TOO_LONG: row(
    [413, 2, 'final'],
    'The subject is longer than 200 characters.',
    'Move the rest into the text.',
  ),
  TIMESTAMP_STALE: row(
    [400, 3, 'final'],
    'The signed time is more than 300 s in the past.',
    'Check the clocks of both machines.',
  ),
  TIMESTAMP_FUTURE: row(
    [400, 3, 'final'],
    'The signed time is more than 60 s in the future.',
    'Check the clocks of both machines.',
  ),
  REPLAYED: row([409, 3, 'final'], 'This was already received once.', 'Nothing to do: the first one counted.'),
  EXPIRED: row([410, 1, 'final'], 'The time to live is over.', 'Send it again, with a longer --ttl if needed.'),
  WRONG_RECIPIENT: row([403, 3, 'final'], 'This is addressed to another agent.', 'Check the address of the contact.'),
  NOT_TRUSTED: row(
    [403, 3, 'final'],
    'There is no trust between the two agents.',
    'Run: mesh request URL, or ask for an invite and run: mesh join INVITE',
  ),
  CONTACT_BLOCKED: row([403, 3, 'final'], 'The contact is blocked.', 'Run: mesh tier NAME bounded to allow it again.'),
  CONTACT_CHANGED: row(
    [403, 3, 'final'],
    'The contact shows another key than before and is frozen.',
    'Compare fingerprints with its owner, then run: mesh approve NAME',
  ),
  WRONG_STATE: row(
    [409, 1, 'final'],
    'This cannot be done in the present state.',
    'Look at the state with: mesh contact NAME, or mesh track ID',
  ),
  REQUESTS_FULL: row(
    [429, 3, 'retry'],
    'Too many contact requests are waiting.',
    'Try again later, or ask the owner for an invite.',
  ),
  RATE_LIMITED: row([429, 3, 'retry'], 'Too many in too short a time.', 'Wait and try again.'),
  NOT_PERMITTED: row(
    [403, 3, 'final'],
    'The peer does not permit this kind of message.',
    'Ask the peer to widen the permissions of your tier.',
  ),
  TURN_LIMIT: row(
    [429, 3, 'retry'],
    'The agent turns of this contact are used up for today.',
    'Raise it with: mesh tier NAME trusted',
  ),
  INVITE_INVALID: row(
    [400, 1, 'final'],
    'This is not an invite, or it was not made by that agent.',
    'Copy the whole string that begins with mesh: (of an agent) or mesh-hub: (of a hub) and try again.',
  ),
  INVITE_EXPIRED: row([410, 3, 'final'], 'The invite has expired.', 'Ask the other person for a new one.'),
  INVITE_USED: row([409, 3, 'final'], 'The invite was already used.', 'Ask the other person for a new one.'),
  SESSION_UNKNOWN: row([409, 1, 'retry'], 'The peer does not know this session.', 'A new session is made by itself.'),
  SESSION_BROKEN: row([409, 1, 'retry'], 'The session cannot read this frame.', 'A new session is made by itself.'),
  SESSION_REPLAY: row(
    [409, 3, 'final'],
    'The frame was already opened, or is older than what was opened.',
    'Nothing to do: it is not delivered twice.',
  ),
  NO_KEY_PACKAGE: row(
    [409, 4, 'retry'],
    'There is no key package of the peer to start a session with.',
    'It is fetched when the peer is online.',
  ),
  KEY_PACKAGE_INVALID: row(
    [403, 3, 'final'],
    'The key package is not valid for this peer.',
    'Compare fingerprints with the owner of the peer.',
  ),
  KEY_PACKAGE_STALE: row(
    [409, 1, 'retry'],
    'The key package was used or has expired.',
    'A fresh one is fetched by itself.',
  ),
  OUTBOX_FULL: row(
    [429, 3, 'retry'],
    'The outbox holds as many messages as it may.',
    'See for whom: mesh status. Take back what need not go: mesh outbox --state queued, then mesh cancel ID',
  ),
  INBOX_FULL: row(
    [429, 3, 'retry'],
    'The inbox of the peer holds as many unread messages as it may.',
    'Nothing is lost: it is sent by itself once the peer has read some. Ask its owner to look at: mesh inbox',
  ),
  CANCELLED: row([409, 1, 'final'], 'The message was cancelled before it was sent.', 'Send it again if it should go.'),
  ...runtimeErrors,
  ...teamErrors,
  ANSWER_TIMEOUT: row([504, 4, 'retry'], 'No answer came in time.', 'The request stays under way; see: mesh track ID'),
  UNREACHABLE: row(
    [502, 4, 'retry'],
    'The peer cannot be reached.',
    'Check that its node is running and the address is right.',
  ),
  LAN_UNAVAILABLE: row(
    [503, 1, 'retry'],
    'Nodes of the local network cannot be found, or cannot find this one.',
    'See why: mesh doctor. Or name addresses: mesh scan --range 192.168.1.0/24',
  ),
  LINK_CLOSED: row([502, 4, 'retry'], 'The connection closed.', 'It is made again by itself.'),
  HANDSHAKE_FAILED: row(
    [403, 4, 'final'],
    'The other side did not prove who it is.',
    'Check the address; compare fingerprints with the owner.',
  ),
  HANDSHAKE_TIMEOUT: row(
    [408, 4, 'retry'],
    'The other side did not prove in time who it is.',
    'Check that the address is that of a mesh node.',
  ),
  UNKNOWN_AGENT: row(
    [404, 4, 'final'],
    'That agent does not live at this address.',
    'Ask the owner for the current card.',
  ),
  CREDIT_EXCEEDED: row(
    [429, 3, 'final'],
    'The peer sent more than it was granted.',
    'The peer is broken or hostile; its link was closed.',
  ),
  ...fileErrors,
  ...hubErrors,
  ...recoveryErrors,
  NODE_RUNNING: row(
    [409, 1, 'final'],
    'A node already runs on this state folder.',
    'Use it, or stop it with: mesh down',
  ),
  NODE_NOT_RUNNING: row([503, 4, 'final'], 'No node runs on this state folder.', 'Run: mesh up --detach'),
  PORT_IN_USE: row(
    [409, 1, 'final'],
    'The port is taken by another program.',
    'Choose another: mesh up --detach --port 8797 (or --api-port), or for good under [node] in mesh.toml.',
  ),
  UNAUTHORIZED: row(
    [401, 3, 'final'],
    'The API token is missing or wrong.',
    'Send the token of the file api-token as: Authorization: Bearer TOKEN',
  ),
  FORBIDDEN_ORIGIN: row(
    [403, 3, 'final'],
    'The Host or Origin header is not allowed.',
    'Call the API at 127.0.0.1 and not from a web page.',
  ),
  METHOD_NOT_ALLOWED: row(
    [405, 2, 'final'],
    'The address does not take this HTTP method.',
    'See the OpenAPI document: GET /api/openapi.json',
  ),
  BODY_TOO_LARGE: row([413, 2, 'final'], 'The body of the HTTP request is larger than 1 MB.', 'Send less at once.'),
  STORE_CORRUPT: row(
    [500, 1, 'final'],
    'The database is damaged.',
    'Stop the node, keep the damaged file, restore mesh.db from a backup.',
  ),
  STORE_FULL: row([507, 1, 'retry'], 'The disk is full.', 'Free some space; nothing that was acknowledged is lost.'),
  STORE_TOO_NEW: row(
    [500, 1, 'final'],
    'The database was written by a newer version.',
    'Install that version or a later one.',
  ),
  STORE_UNREADABLE: row(
    [500, 1, 'final'],
    'The database cannot be opened.',
    'Check the owner and the permissions of the state folder.',
  ),
  SHUTTING_DOWN: row([503, 4, 'retry'], 'The node is stopping.', 'Start it again with: mesh up --detach'),
  TIMEOUT: row([504, 4, 'retry'], 'It took too long.', 'Try again, with a longer --timeout if there is one.'),
  INTERNAL: row(
    [500, 1, 'final'],
    'Something inside failed that should not.',
    'Please report it with the log lines around it.',
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;
