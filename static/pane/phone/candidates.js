/**
 * When a phone knows enough of its own addresses to make an offer or an answer.
 *
 * A browser calls gathering complete only after it has looked for TCP addresses too, a tenth of a second after the UDP
 * ones that a call will use; each call would begin that much later. Those come together. What STUN and TURN servers say
 * takes a way through the network, and so more patience.
 */

export const HOSTS_WITHIN = 30;
export const SERVERS_WITHIN = 400;

/**
 * @param {object} options
 * @param {readonly unknown[]} options.iceServers
 * @param {(callback: () => void, milliseconds: number) => unknown} options.after
 * @returns {(event: {ready: () => void}) => void} a listener for JsSIP's `icecandidate`, whose `ready` ends the gathering
 */
export function enoughCandidates({ iceServers, after }) {
  let gathering = /** @type {(() => void)|null} */ (null); // how the present gathering is ended; each has its own
  return ({ ready }) => {
    if (ready === gathering) return;
    gathering = ready;
    after(ready, iceServers.length > 0 ? SERVERS_WITHIN : HOSTS_WITHIN);
  };
}
