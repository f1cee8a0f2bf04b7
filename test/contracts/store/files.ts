import { describe, expect, it } from 'vitest';
import type { FileRow, NewFile } from '#delivery';
import type { MeshStore } from '#pipeline';
import { type StoreHarness, useStore } from './harness.ts';
import {
  alice,
  bob,
  bobNew,
  bytesOf,
  carol,
  contactOf,
  day,
  ids,
  inMessage,
  outMessage,
  start,
  write,
} from './samples.ts';

const incoming = { agent: alice, peer: bob, direction: 'in' } as const;
const outgoing = { agent: alice, peer: bob, direction: 'out' } as const;

let named = 0;

function fileOf(fields: Partial<NewFile> = {}): NewFile {
  named += 1;
  return {
    ...incoming,
    message: ids.next('msg'),
    place: 0,
    blob: bytesOf(32, named),
    size: 1000,
    data: named.toString(16).padStart(32, '0'),
    createdAt: start,
    expiresAt: start + day,
    ...fields,
  };
}

async function put(store: MeshStore, ...files: readonly NewFile[]): Promise<readonly FileRow[]> {
  await write(store, (tx) => files.forEach((file) => tx.files.insert(file)));
  return files.map((file) => {
    const found = store.read.files.ofMessage(file, file.message).find(({ place }) => place === file.place);
    if (found === undefined) throw new Error('The file is not there');
    return found;
  });
}

const only = async (store: MeshStore, file: NewFile): Promise<FileRow> => {
  const [row] = await put(store, file);
  if (row === undefined) throw new Error('The file is not there');
  return row;
};

export function fileStoreContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('files beside messages', () => {
    it('keeps a file as it was put, open and with nothing of it there', async () => {
      const store = await open();
      const file = fileOf({ place: 3 });
      const row = await only(store, file);
      expect(row).toEqual({ ...file, no: row.no, state: 'open', have: 0 });
      expect(store.read.files.file(row.no)).toEqual(row);
      expect(store.read.files.file(row.no + 1)).toBeUndefined();
    });

    it('finds the files of a message in the order of its attachments, and those of that peer and direction only', async () => {
      const store = await open();
      const message = ids.next('msg');
      const [second, first, sent, others] = await put(
        store,
        fileOf({ message, place: 2 }),
        fileOf({ message, place: 1 }),
        fileOf({ ...outgoing, message, place: 1 }),
        fileOf({ message, place: 1, peer: carol }),
      );
      const { files } = store.read;
      expect(files.ofMessage(incoming, message)).toEqual([first, second]);
      expect(files.ofMessage(outgoing, message)).toEqual([sent]);
      expect(files.ofMessage({ ...incoming, peer: carol }, message)).toEqual([others]);
      expect(files.ofMessage(incoming, ids.next('msg'))).toEqual([]);
      expect(files.ofMessage({ ...incoming, agent: 'nobody' }, message)).toEqual([]);
    });

    it('counts chunks, and forgets those from where others are put', async () => {
      const store = await open();
      const { no } = await only(store, fileOf());
      const id = (n: number): Uint8Array => bytesOf(32, n);
      await write(store, (tx) => tx.files.putChunks(no, 0, [id(1), id(2), id(3)]));
      await write(store, (tx) => tx.files.putChunks(no, 3, [id(4)]));
      expect([...store.read.files.chunkIds(no)]).toEqual([id(1), id(2), id(3), id(4)]);
      await write(store, (tx) => tx.files.putChunks(no, 1, [id(9)]));
      expect([...store.read.files.chunkIds(no)]).toEqual([id(1), id(9)]);
      expect(store.read.files.file(no)?.have).toBe(2);
      await write(store, (tx) => tx.files.putChunks(no, 0, []));
      expect([store.read.files.file(no)?.have, [...store.read.files.chunkIds(no)]]).toEqual([0, []]);
    });

    it('ends a file once: what is done is not ended later, nor the other way round', async () => {
      const store = await open();
      const [done, lost] = await put(store, fileOf(), fileOf());
      if (done === undefined || lost === undefined) throw new Error('Two files are needed');
      const ended = { reason: 'FILE_GONE', at: start + 2 } as const;
      await write(store, (tx) => {
        tx.files.putChunks(done.no, 0, [bytesOf(32)]);
        tx.files.finish(done.no, start + 1);
        tx.files.end(done.no, ended);
        tx.files.end(lost.no, ended);
        tx.files.finish(lost.no, start + 3);
        tx.files.noteHave(lost.no, 7);
      });
      const { files } = store.read;
      expect(files.file(done.no)).toMatchObject({ state: 'done', endedAt: start + 1, data: done.data });
      expect(files.file(done.no)?.reason).toBeUndefined();
      expect(files.file(lost.no)).toMatchObject({ state: 'ended', reason: 'FILE_GONE', endedAt: start + 2, have: 0 });
      expect([...files.chunkIds(done.no)]).toEqual([]);
      expect(files.open(incoming)).toEqual([]);
    });

    it('offers to a peer what was sent to it, as long as its bytes are kept', async () => {
      const store = await open();
      const file = fileOf(outgoing);
      const row = await only(store, file);
      const { files } = store.read;
      expect(files.offered(alice, bob, file.blob)).toEqual(row);
      expect(files.offered(alice, carol, file.blob)).toBeUndefined();
      expect(files.offered('nobody', bob, file.blob)).toBeUndefined();
      expect(files.offered(alice, bob, bytesOf(32, 250))).toBeUndefined();
      const received = fileOf();
      await put(store, received);
      expect(files.offered(alice, bob, received.blob)).toBeUndefined();
      expect(await write(store, (tx) => tx.files.dropData(row.no))).toBe(file.data);
      expect(await write(store, (tx) => tx.files.dropData(row.no))).toBeUndefined();
      expect(files.offered(alice, bob, file.blob)).toBeUndefined();
    });

    it('counts the bytes that are kept or promised room, by direction and by peer', async () => {
      const store = await open();
      const [, second] = await put(
        store,
        fileOf({ size: 1 }),
        fileOf({ size: 10 }),
        fileOf({ size: 100, peer: carol }),
        fileOf({ ...outgoing, size: 1000 }),
        fileOf({ size: 10_000, agent: 'other' }),
      );
      const { files } = store.read;
      const used = (): readonly number[] => [
        files.usage('in', { agent: alice, peer: bob }),
        files.usage('in', { agent: alice, peer: carol }),
        files.usage('in'),
        files.usage('out'),
        files.usage('out', { agent: alice, peer: carol }),
      ];
      expect(used()).toEqual([11, 100, 10_111, 1000, 0]);
      await write(store, (tx) => tx.files.dropData(second?.no ?? 0));
      expect(used()).toEqual([1, 100, 10_101, 1000, 0]);
      expect(files.usage('in', { agent: 'nobody', peer: bob })).toBe(0);
    });

    it('lists newest first, by peer and state', async () => {
      const store = await open();
      const rows = await put(store, fileOf(), fileOf({ peer: carol }), fileOf(outgoing), fileOf({ agent: 'other' }));
      const [first, second, third] = rows;
      await write(store, (tx) => tx.files.finish(third?.no ?? 0, start));
      const nos = (query: object): readonly number[] =>
        store.read.files.list({ agent: alice, limit: 10, ...query }).map(({ no }) => no);
      expect(nos({})).toEqual([third?.no, second?.no, first?.no]);
      expect(nos({ limit: 1 })).toEqual([third?.no]);
      expect(nos({ peer: bob })).toEqual([third?.no, first?.no]);
      expect(nos({ states: ['open'] })).toEqual([second?.no, first?.no]);
      expect(nos({ states: ['done', 'ended'] })).toEqual([third?.no]);
      expect(nos({ peer: 'did:key:z6MkNobody' })).toEqual([]);
    });

    it('names the bytes that the files of an agent need', async () => {
      const store = await open();
      const [mine, sent, dropped] = await put(store, fileOf(), fileOf(outgoing), fileOf(), fileOf({ agent: 'other' }));
      await write(store, (tx) => tx.files.dropData(dropped?.no ?? 0));
      expect(store.read.files.dataNames(alice)).toEqual(new Set([mine?.data, sent?.data]));
    });

    it('goes with its message, and says which bytes are not needed any more', async () => {
      const store = await open();
      const [received, sent] = [inMessage({ sender: bob }), outMessage({ peer: bob })];
      const [kept, keptSent, gone, goneSent, young, others] = await put(
        store,
        fileOf({ message: received.id }),
        fileOf({ ...outgoing, message: sent.id }),
        fileOf(),
        fileOf(outgoing),
        fileOf({ createdAt: start + day }),
        fileOf({ message: received.id, peer: carol }),
      );
      await write(store, (tx) => {
        tx.inbox.insert(received);
        tx.outbox.insert(sent);
      });
      await write(store, (tx) => tx.files.putChunks(gone?.no ?? 0, 0, [bytesOf(32)]));
      const names = await write(store, (tx) => tx.files.prune(alice, start + 1));
      expect(new Set(names)).toEqual(new Set([gone?.data, goneSent?.data, others?.data]));
      const left = store.read.files.list({ agent: alice, limit: 10 }).map(({ no }) => no);
      expect(new Set(left)).toEqual(new Set([kept?.no, keptSent?.no, young?.no]));
      expect(await write(store, (tx) => tx.files.deleteOf(outgoing, sent.id))).toEqual([keptSent?.data]);
      expect(store.read.files.ofMessage(outgoing, sent.id)).toEqual([]);
    });

    it('follows a peer to its new key, also when something was there for that already', async () => {
      const store = await open();
      const message = ids.next('msg');
      await write(store, (tx) => tx.contacts.put(contactOf()));
      const [old] = await put(store, fileOf({ message }), fileOf({ message, peer: bobNew }), fileOf({ peer: bobNew }));
      await write(store, (tx) => tx.contacts.rename(alice, bob, bobNew));
      const { files } = store.read;
      expect(files.list({ agent: alice, peer: bobNew, limit: 10 })).toHaveLength(2);
      expect(files.list({ agent: alice, peer: bob, limit: 10 })).toEqual([]);
      expect(files.ofMessage({ ...incoming, peer: bobNew }, message)).toHaveLength(1);
      expect(old).toBeDefined();
    });

    it('is undone with its transaction', async () => {
      const store = await open();
      const file = fileOf();
      const failing = write(store, (tx) => {
        tx.files.insert(file);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(store.read.files.list({ agent: alice, limit: 10 })).toEqual([]);
    });
  });
}
