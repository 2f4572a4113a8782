/** Who we are to the server: a token that lives in memory only and is renewed before it ends. */

/**
 * @typedef {object} SessionDependencies
 * @property {string} token
 * @property {() => number} now milliseconds
 * @property {() => Promise<{session: string, expiresIn: number}>} renew asks the server, with a fresh proof of who we are; seconds
 * @property {(failed: boolean) => void} onRenewal
 *
 * @typedef {object} Session
 * @property {() => string} token
 * @property {() => boolean} expired
 * @property {() => void} tick called about once a second
 * @property {() => Promise<void>} renew
 */

const TRY_AGAIN = 30_000;
const LEAD = 0.8;

/**
 * When a token ends, as it says itself; nothing is verified here, the server does that.
 *
 * @param {string} token
 * @returns {number|null} milliseconds since the epoch
 */
export function expiryOf(token) {
  try {
    const payload = /** @type {string} */ (token.split(".")[1]).replace(/-/g, "+").replace(/_/g, "/");
    const claims = JSON.parse(atob(payload));
    return typeof claims.exp === "number" ? claims.exp * 1000 : null;
  } catch {
    return null;
  }
}

/**
 * @param {SessionDependencies} deps
 * @returns {Session}
 */
export function createSession(deps) {
  let token = deps.token;
  let expiry = expiryOf(token); // by our clock; null: the token does not say
  let renewAt = expiry === null ? null : deps.now() + (expiry - deps.now()) * LEAD;
  let busy = false; // it is being renewed

  async function renew() {
    if (busy) return;
    busy = true;
    try {
      const answer = await deps.renew();
      token = answer.session;
      const life = answer.expiresIn * 1000;
      expiry = deps.now() + life;
      renewAt = deps.now() + life * LEAD;
      deps.onRenewal(false);
    } catch {
      renewAt = deps.now() + TRY_AGAIN;
      deps.onRenewal(true);
    } finally {
      busy = false;
    }
  }

  return {
    token: () => token,
    expired: () => expiry !== null && deps.now() >= expiry,
    tick() {
      if (renewAt !== null && deps.now() >= renewAt) void renew();
    },
    renew,
  };
}
