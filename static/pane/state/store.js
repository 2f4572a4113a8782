/** A value that changes only through its reducer, and tells who listens. */

/**
 * @template S
 * @template A
 * @typedef {object} Store
 * @property {() => S} get
 * @property {(action: A) => void} dispatch
 * @property {(listener: (state: S, before: S) => void) => () => void} subscribe returns how to stop listening
 */

/** @typedef {Store<import("./types.js").State, import("./reducer.js").Action>} PaneStore */

/**
 * @template S
 * @template A
 * @param {(state: S, action: A) => S} reduce pure; returns the same object when nothing changed
 * @param {S} initial
 * @returns {Store<S, A>}
 */
export function createStore(reduce, initial) {
  let state = initial;
  /** @type {Set<(state: S, before: S) => void>} */
  const listeners = new Set();
  return {
    get: () => state,
    dispatch(action) {
      const before = state;
      state = reduce(before, action);
      if (state !== before) for (const listener of [...listeners]) listener(state, before);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
