/** Tells the connector that the agent's attention is on this pane, among several. */

const AGAIN_AFTER = 2_000;

/**
 * @param {object} deps
 * @param {import("./channel.js").Channel} deps.channel
 * @param {() => number} deps.now milliseconds
 * @returns {() => void} to be called at each sign of it
 */
export function createAttention({ channel, now }) {
  let toldAt = 0; // when it was told last
  return () => {
    if (now() - toldAt < AGAIN_AFTER || !channel.isOpen()) return;
    toldAt = now();
    channel.request("focus", {}, { once: true }).catch(() => undefined);
  };
}
