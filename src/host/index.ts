// Asks a host and tells it what to do, over a transport it is given. Knows no kind by name and decides nothing.
export { factsFrom, inquire } from './gather.js';
export { type MemoryHost, memoryHost } from './memory-host.js';
export { shellHost } from './shell-host.js';
export { workScript } from './work.js';
