import { defaultLimits, systemClock } from '#kernel';
import { storeContract } from '../../test/contracts/store.ts';
import { openMemoryStore } from './index.ts';

storeContract({
  name: 'memory',
  open: () => openMemoryStore({ clock: systemClock, limits: defaultLimits }),
});
