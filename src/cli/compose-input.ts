import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { defaultLimits, MeshError } from '#kernel';
import { type Input as OperationInput, planFiles } from '#api';
import type { Call } from './call.ts';
import type { LargeFile } from './hand-over-files.ts';
import { priorityNames } from './table/verb-spec.ts';

type SendInput = OperationInput<'send'>;
type Attachments = NonNullable<SendInput['attachments']>;

export interface Content {
  readonly said: Pick<SendInput, 'text' | 'subject' | 'metadata' | 'attachments'>;
  /** Files that do not fit into the message. */
  readonly large: readonly LargeFile[];
}

/** What a message says: text, subject, metadata and files. */
export async function contentOf({ args, ports }: Call): Promise<Content> {
  const files = args.list('file').map(fileAt);
  checkCount(files.length);
  const given = args.optional(1);
  const text = given === '-' ? (await ports.stdin.text()).replace(/\r?\n$/, '') : (given ?? '');
  if (text === '' && files.length === 0) {
    const problem = given === undefined ? 'the text is missing' : 'the text is empty';
    throw new MeshError('INVALID_ARGUMENT', `There is nothing to say: ${problem}`, {
      hint: 'Give the text in quotes, or - to read it from stdin, or a file with --file F',
    });
  }
  const plan = planFiles(
    files.map(({ size }) => size),
    Buffer.byteLength(text),
  );
  const attachments = files.filter((_, index) => plan[index] === true).map(inlineOf);
  const said = {
    text,
    subject: args.text('subject'),
    metadata: metadataOf(args.text('metadata')),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
  return { said, large: files.filter((_, index) => plan[index] !== true) };
}

type Addressing = Pick<SendInput, 'agent' | 'to' | 'priority' | 'ttlSeconds' | 'idempotencyKey' | 'replyTo'> & Causing;
type Causing = Pick<SendInput, 'causedBy' | 'root' | 'turns' | 'hops' | 'tokens' | 'costUsd'>;

const maxTokens = 1e12;

/** To whom a message goes, and how. */
export function addressingOf(call: Call): Addressing {
  const { args, settings } = call;
  const ttlMs = args.durationMs('ttl');
  return {
    agent: settings.agent,
    to: args.at(0, 'TO'),
    priority: args.choice('priority', priorityNames),
    ttlSeconds: ttlMs === undefined ? undefined : ttlSecondsOf(ttlMs),
    idempotencyKey: args.text('idempotencyKey'),
    replyTo: args.text('replyTo'),
    turns: args.number('turns', [0, defaultLimits.maxTurnsPerMessage]),
    hops: args.number('hops', [0, defaultLimits.maxHops]),
    tokens: args.number('tokens', [0, maxTokens]),
    costUsd: args.amount('cost'),
    ...causeOf(call),
  };
}

/** A program that the node started says because of which message it speaks; what a person says at a terminal nothing caused. */
export function causeOf({ args, ports }: Call): Pick<SendInput, 'causedBy' | 'root'> {
  const { environment, stdin, stdout } = ports;
  const causedBy = args.text('causedBy') ?? environment['MESH_MESSAGE_ID'];
  if (causedBy !== undefined && causedBy !== '') return { causedBy };
  return stdin.isTerminal || stdout.isTerminal ? { root: true } : {};
}

function ttlSecondsOf(ttlMs: number): number {
  const { maxTtlSeconds } = defaultLimits;
  const seconds = Math.max(1, Math.round(ttlMs / 1000));
  if (seconds <= maxTtlSeconds) return seconds;
  const longest = `${maxTtlSeconds / 86_400}d`;
  throw new MeshError('INVALID_ARGUMENT', `--ttl: a message is kept for at most ${longest}`, {
    hint: `Write ${longest} or less.`,
  });
}

function metadataOf(text: string | undefined): SendInput['metadata'] {
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (isJsonObject(value)) return value;
  const kind = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  throw new MeshError('INVALID_ARGUMENT', `--metadata must be a JSON object, it is ${kind}`, { hint: metadataHint });
}

const metadataHint = `Write an object in single quotes: --metadata '{"build": 142}'`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MeshError('INVALID_ARGUMENT', `--metadata is not JSON: ${problem}`, { cause, hint: metadataHint });
  }
}

const isJsonObject = (value: unknown): value is NonNullable<SendInput['metadata']> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkCount(count: number): void {
  const { maxAttachments } = defaultLimits;
  if (count <= maxAttachments) return;
  throw new MeshError('INVALID_ARGUMENT', `--file: ${count} files are more than the ${maxAttachments} of one message`, {
    hint: 'Put them into one archive.',
  });
}

const inlineOf = ({ path, name, mediaType }: LargeFile): Attachments[number] => ({
  name,
  mediaType,
  base64: readFileSync(path).toString('base64'),
});

function fileAt(path: string): LargeFile {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return { path, name: basename(path), mediaType: mediaTypeOf(path), size: stats.size };
  throw new MeshError('NOT_FOUND', `--file: ${path} is ${stats === undefined ? 'not there' : 'not a file'}`, {
    hint: 'Name a file that exists.',
  });
}

const mediaTypes: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  diff: 'text/x-diff',
  patch: 'text/x-diff',
  json: 'application/json',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  pdf: 'application/pdf',
  zip: 'application/zip',
  gz: 'application/gzip',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
};

function mediaTypeOf(path: string): string {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(mediaTypes, ending) ? (mediaTypes[ending] ?? '') : 'application/octet-stream';
}
