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
    switch (event.type) {
      case "snapshot":
        dispatch({
          type: "snapshot",
          snapshot: {
            presence: event.presence,
            statuses: event.statuses,
            calls: event.calls,
            capabilities: event.capabilities,
            leader: event.leader,
          },
          clockOffset: Date.parse(event.at) - now(),
        });
        keeper.lead(event.leader, event.fence);
        break;
      case "presence":
        dispatch({ type: "presence", presence: event.presence });
        break;
      case "statuses":
        dispatch({ type: "statuses", statuses: event.statuses });
        break;
      case "call":
        dispatch({ type: "call", call: event.call });
        break;
      case "capabilities":
        dispatch({ type: "capabilities", capabilities: { canDial: event.canDial, missing: event.missing } });
        break;
      case "leader":
        keeper.lead(event.leader, event.fence);
        break;
      case "pop":
        void records.pop(event);
        break;
      case "dial.request":
        if (store.get().leader) {
          follower.showPhone();
          void dialling.place({ dialId: event.dialId, number: event.number, record: event.record });
        }
        break;
      case "session.expiring":
        void session.renew();
        break;
      case "notice":
        notices.tell(event.code, event.message, "warning");
        break;
      default: // a server newer than this page
    }
  };
}
