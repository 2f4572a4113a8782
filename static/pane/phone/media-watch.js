/**
 * Notices that nothing is heard any more. A far end that died says no goodbye, and ICE keeps believing in it for a while:
 * only the packets that stop coming tell. Pure but for what it calls.
 */

/**
 * @typedef {object} MediaWatchDependencies
 * @property {() => number} now milliseconds
 * @property {() => Promise<number|null>} packets received so far; null: not known
 * @property {() => boolean} expected sound should be coming: the call is up and nobody holds it
 * @property {(silent: boolean) => void} onSilent
 * @property {() => void} onDead
 */

const HEARD_WITHIN = 4_000;
const SILENT_AFTER = 8_000;
const DEAD_AFTER = 30_000;

/**
 * @param {MediaWatchDependencies} deps
 * @returns {{tick: () => Promise<void>, heard: () => boolean}} `heard`: packets came within the last seconds
 */
export function createMediaWatch(deps) {
  let last = -1; // how many packets there were at the last look
  let heardAt = -Infinity; // when there were more than before, expected or not
  let since = deps.now(); // when sound came that was expected, or none was
  let silent = false; // said so
  let dead = false; // said so; nothing is watched any more

  return {
    heard: () => deps.now() - heardAt < HEARD_WITHIN,
    async tick() {
      if (dead) return;
      const packets = await deps.packets();
      const now = deps.now();
      if (packets !== null && packets > 0 && packets !== last) heardAt = now;
      if (packets === null || !deps.expected() || packets !== last) {
        last = packets ?? last;
        since = now;
        if (silent) {
          silent = false;
          deps.onSilent(false);
        }
        return;
      }
      if (!silent && now - since >= SILENT_AFTER) {
        silent = true;
        deps.onSilent(true);
      }
      if (now - since >= DEAD_AFTER) {
        dead = true;
        deps.onDead();
      }
    },
  };
}
