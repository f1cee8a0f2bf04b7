import { toHex } from '#kernel';
import type { HubInvites, HubInviteView } from '#hub';
import type { HubCore } from './hub-core.ts';
import type { HubIndex } from './hub-index.ts';
import type { InviteRow } from './rows.ts';

const shownCharacters = 12;

/** Whether an invite was used stands in the row of the agent that came in with it: so both take effect together. */
export class NatsInvites implements HubInvites {
  readonly #core: HubCore;

  constructor(core: HubCore) {
    this.#core = core;
  }

  create({ hash, note, createdAt, expiresAt }: Parameters<HubInvites['create']>[0]): Promise<void> {
    const write = { key: `invite.${toHex(hash)}`, row: { note, createdAt, expiresAt } };
    return this.#core.run(async () => {
      await this.#core.directory().commit(() => write);
    });
  }

  list(): Promise<readonly HubInviteView[]> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      const index = this.#core.index();
      return [...index.invites]
        .toSorted(([firstHash, first], [secondHash, second]) =>
          first.createdAt === second.createdAt
            ? Number(firstHash > secondHash) - Number(firstHash < secondHash)
            : first.createdAt - second.createdAt,
        )
        .map(([hashHex, invite]) => viewOf(index, hashHex, invite));
    });
  }

  revoke(id: string): Promise<boolean> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      let isFound = false;
      await directory().commit(() => {
        const unused = [...index().invites.keys()].filter((hashHex) => index().usedInvite(hashHex) === undefined);
        const found = unused.find((hashHex) => hashHex.slice(0, shownCharacters) === id);
        isFound = found !== undefined;
        return found === undefined ? undefined : { key: `invite.${found}`, row: undefined };
      });
      return isFound;
    });
  }
}

function viewOf(index: HubIndex, hashHex: string, { note, createdAt, expiresAt }: InviteRow): HubInviteView {
  const used = index.usedInvite(hashHex);
  return {
    id: hashHex.slice(0, shownCharacters),
    note,
    createdAt,
    expiresAt,
    ...(used === undefined ? {} : { usedBy: used.by, usedAt: used.at }),
  };
}
