/** Keeps the page around the pane in step with what the pane knows: it is told of changes, once each. */

/**
 * @typedef {object} FollowerDependencies
 * @property {import("./port.js").Host} host
 * @property {() => import("../state/view.js").View} look what is shown now
 * @property {(code: string) => void} warn
 *
 * @typedef {object} Follower
 * @property {(hello: import("./port.js").HostHello) => void} greeted
 * @property {(state: State, before: State) => void} follow for the store to call at each change
 * @property {() => void} showPhone
 *
 * @typedef {import("../state/types.js").State} State
 */

/**
 * @param {FollowerDependencies} deps
 * @returns {Follower}
 */
export function createFollower({ host, look, warn }) {
  let works = false; // the page has greeted us and can be asked
  let clickable = /** @type {boolean|null} */ (null); // what it was last told of its numbers; null: nothing, or in vain
  let ringing = false; // what it was last told of a ring

  function showPhone() {
    if (works) host.showPhone().catch(() => undefined);
  }

  function tell() {
    if (!works) return;
    const seen = look();
    if (seen.clickToDial !== clickable) {
      clickable = seen.clickToDial;
      host.makeNumbersClickable(clickable).catch(() => {
        clickable = null;
      });
    }
    const rings = seen.screen === "ringing";
    if (rings !== ringing) {
      ringing = rings;
      host.showRinging(rings).catch(() => undefined);
    }
  }

  return {
    showPhone,
    greeted({ problem }) {
      works = problem === null;
      clickable = null;
      if (problem !== null) warn(problem);
      tell();
    },
    follow(state, before) {
      const call = state.phoneCall;
      if (call?.direction === "inbound" && call.id !== before.phoneCall?.id) showPhone();
      tell();
    },
  };
}
