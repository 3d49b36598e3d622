import type { Step } from '../model/index.js';
import { file } from './words.js';

/** First made, last taken back: as long as anything of ours is on the host, it says whose it is. */
export const owner: Step = {
  id: 'owner',
  title: 'Say which cluster the host belongs to',
  on: () => true,
  desire: ({ cluster, trust }) => [
    file('/var/lib/provision/cluster', `${JSON.stringify({ cluster: cluster.name, caHash: trust.caHash })}\n`),
  ],
};
