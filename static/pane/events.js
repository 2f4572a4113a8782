/** What becomes of each event that the connector sends. */

/**
 * @typedef {object} EventsDependencies
 * @property {import("./state/store.js").PaneStore} store
 * @property {import("./phone/keeper.js").Keeper} keeper
 * @property {import("./dialling.js").Dialling} dialling
 * @property {import("./records.js").Records} records
 * @property {import("./host/follower.js").Follower} follower
 * @property {import("./session.js").Session} session
 * @property {import("./notices.js").Notices} notices
 * @property {() => number} now milliseconds
 */

/**
 * @param {EventsDependencies} deps
 * @returns {(event: import("./channel.js").ChannelEvent) => void}
 */
export function createEvents({ store, keeper, dialling, records, follower, session, notices, now }) {
  const { dispatch } = store;
  return (event) => {
    /** @type {any} */
    const content = event;
    switch (event.type) {
      case "snapshot":
        dispatch({
          type: "snapshot",
          snapshot: {
            presence: content.presence ?? null,
            statuses: content.statuses ?? [],
            calls: content.calls ?? [],
            capabilities: content.capabilities ?? { canDial: false, missing: [] },
            leader: content.leader,
          },
          clockOffset: typeof event.at === "string" ? Date.parse(event.at) - now() : null,
        });
        if (typeof content.fence === "number") keeper.lead(content.leader, content.fence);
        break;
      case "presence":
        dispatch({ type: "presence", presence: content.presence });
        break;
      case "statuses":
        dispatch({ type: "statuses", statuses: content.statuses ?? [] });
        break;
      case "call":
        dispatch({ type: "call", call: content.call });
        break;
      case "capabilities":
        dispatch({ type: "capabilities", capabilities: { canDial: content.canDial === true, missing: content.missing ?? [] } });
        break;
      case "leader":
        keeper.lead(content.leader, content.fence);
        break;
      case "pop":
        void records.pop(content);
        break;
      case "dial.request":
        if (store.get().leader) {
          follower.showPhone();
          void dialling.place({ dialId: content.dialId, number: content.number, record: content.record });
        }
        break;
      case "session.expiring":
        void session.renew();
        break;
      case "notice":
        notices.tell(String(content.code), String(content.message ?? ""), "warning");
        break;
      default: // a server newer than this page
    }
  };
}
