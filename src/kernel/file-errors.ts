import { type ErrorRow, row } from './error-row.ts';

/** The part of the error table about files beside messages. */
export const fileErrors = {
  FILES_FULL: row(
    [507, 3, 'final'],
    'No more bytes of files may be kept.',
    'A smaller file may fit. If the peer said so, its owner makes room with: mesh files remove ID',
  ),
  FILE_INCOMPLETE: row([409, 4, 'retry'], 'Not all of the file is there.', 'See how far it is with: mesh files'),
  FILE_GONE: row([410, 1, 'final'], 'The file is not there any more.', 'Ask the sender to send it again.'),
  FILE_DAMAGED: row(
    [409, 1, 'final'],
    'The file is not what its sender announced.',
    'Ask the sender to send it again; check the disks of both machines.',
  ),
  PEER_TOO_OLD: row(
    [409, 3, 'final'],
    'The software of the peer is too old for this.',
    'Ask its owner to update it. Up to 64 KB can be sent to it as they are.',
  ),
} as const satisfies Record<string, ErrorRow>;
