import { createHash } from 'node:crypto';
import type { StreamConfig } from '@nats-io/jetstream';
import { MeshError } from '#kernel';
import type { NatsClient } from './nats-client.ts';
import { isAbsent } from './nats-errors.ts';

/**
 * Streams and subjects of a hub. Mailboxes share a few streams, so that a hundred thousand of them are a hundred thousand subjects and
 * neither streams nor consumers. The directory has the layout of a key-value bucket, so that JetStream's own tools show it.
 */
export interface Layout {
  readonly directory: string;
  readonly keys: string;
  readonly rooms: string;
  readonly blobs: string;
  readonly shards: number;
  /** All keys of the directory. */
  readonly everyRow: string;
  rowSubject(key: string): string;
  mailStream(shard: number): string;
  /** Frames, and what is known of frames that are gone. */
  frameSubject(box: string): string;
  goneSubject(box: string): string;
  keySubject(box: string): string;
  roomSubject(roomHex: string): string;
  blobSubject(name: string): string;
  /** Whose mailbox got a frame: told to all processes of the hub. */
  readonly arrivalSubject: string;
}

/** Fixed when the data of a hub is made: a mailbox stays where it is. */
export const shards = 4;
const oldest = [2, 9, 10] as const;
const firstWithEqualReplicas = [2, 10, 23] as const;
/** An entry of a room, or the key packages of one question, and what goes with them. */
const leastPayload = 512 * 1024;
const prefixForm = /^[A-Za-z0-9_-]{1,40}$/;

export function layoutOf(prefix: string): Layout {
  if (!prefixForm.test(prefix))
    throw new MeshError('INVALID_ARGUMENT', `The prefix ${prefix} must be 1 to 40 letters, digits, - and _`);
  const bucket = `${prefix}_directory`;
  return {
    directory: `KV_${bucket}`,
    keys: `${prefix}_keys`,
    rooms: `${prefix}_rooms`,
    blobs: `${prefix}_blobs`,
    shards,
    everyRow: `$KV.${bucket}.>`,
    rowSubject: (key) => `$KV.${bucket}.${key}`,
    mailStream: (shard) => `${prefix}_mail_${shard}`,
    frameSubject: (box) => `${prefix}.mail.${shardOf(box)}.${box}.frames`,
    goneSubject: (box) => `${prefix}.mail.${shardOf(box)}.${box}.gone`,
    keySubject: (box) => `${prefix}.key.${box}`,
    roomSubject: (roomHex) => `${prefix}.room.${roomHex}`,
    blobSubject: (name) => `${prefix}.blob.${name}`,
    arrivalSubject: `${prefix}.arrived`,
  };
}

/** Boxes are random hex: any digits spread them evenly. */
export const shardOf = (box: string): number => Number.parseInt(box.slice(0, 2), 16) % shards;

/** The key of a directory row for something whose own name may have any characters. */
export const digestKey = (value: string): string => createHash('sha256').update(value).digest('hex').slice(0, 32);

/** What a server says of itself when it is dialled. */
export interface ServerFacts {
  readonly version: string;
  readonly jetstream?: boolean;
  /** How large a message may be. */
  readonly max_payload: number;
}

/** Throws HUB_STORE_UNSUITABLE for a server that is too old, keeps nothing, or takes small messages only. */
export function checkServer({ version, jetstream = false, max_payload }: ServerFacts): void {
  if (!isFrom(version, oldest))
    throw new MeshError(
      'HUB_STORE_UNSUITABLE',
      `The NATS server has version ${version || 'unknown'}; ${oldest.join('.')} is the oldest that will do`,
    );
  if (!jetstream) throw new MeshError('HUB_STORE_UNSUITABLE', 'The NATS server runs without JetStream');
  if (max_payload < leastPayload)
    throw new MeshError(
      'HUB_STORE_UNSUITABLE',
      `The NATS server takes messages of max_payload ${max_payload} bytes; a hub needs ${leastPayload}`,
      { hint: 'Raise max_payload in the configuration of the NATS servers; 1MB is their default' },
    );
}

/** False where a server that led and was killed, or stood still, may come back with other records than the others have. */
export const hasEqualReplicas = (version: string): boolean => isFrom(version, firstWithEqualReplicas);

function isFrom(version: string, first: readonly number[]): boolean {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  const numbers = found?.slice(1, 4).map(Number) ?? [];
  const order = first.map((least, index) => (numbers[index] ?? 0) - least).find((difference) => difference !== 0) ?? 0;
  return found !== null && order >= 0;
}

/** Makes the streams that are not there, and tells how many copies they have. Two processes that do so at once make the same ones. */
export async function makeStreams(client: NatsClient, prefix: string, wanted?: number): Promise<number> {
  const layout = layoutOf(prefix);
  const mail = Array.from({ length: layout.shards }, (_, shard) => ({
    name: layout.mailStream(shard),
    subjects: [`${prefix}.mail.${shard}.>`],
  }));
  const streams = [
    { name: layout.directory, subjects: [layout.everyRow], max_msgs_per_subject: 1, allow_rollup_hdrs: true },
    { name: layout.keys, subjects: [`${prefix}.key.>`] },
    { name: layout.rooms, subjects: [`${prefix}.room.>`] },
    { name: layout.blobs, subjects: [`${prefix}.blob.>`] },
    ...mail,
  ];
  // Three copies where there is a cluster.
  const replicas = wanted ?? (client.connection.info?.cluster === undefined ? 1 : 3);
  const made = streams.map((stream) => makeStream(client, { ...stream, num_replicas: replicas }));
  return Math.max(...(await Promise.all(made)));
}

type NewStream = Pick<StreamConfig, 'name' | 'subjects' | 'num_replicas'> & Partial<StreamConfig>;

async function makeStream(client: NatsClient, stream: NewStream): Promise<number> {
  // Nothing is ever dropped to make room: a full disk refuses what comes.
  const common = { storage: 'file', discard: 'new', retention: 'limits', allow_direct: true } as const;
  const { streams } = client.manager;
  const info = await client.retried(async () => {
    try {
      return await streams.info(stream.name);
    } catch (error) {
      if (!isAbsent(error)) throw error;
      return await streams.add({ ...common, ...stream });
    }
  });
  return info.config.num_replicas;
}
