/** Draws one scene, named in the address: ?scene=talking&language=pl */
import { translator } from "../../../static/pane/i18n/index.js";
import { mount } from "../../../static/pane/screens/app.js";
import { initialState, reduce } from "../../../static/pane/state/reducer.js";
import { createStore } from "../../../static/pane/state/store.js";
import { scenes, time } from "./scenes.js";

const wanted = new URLSearchParams(location.search);
const store = createStore(reduce, initialState);
const own = {
  menu: (open) => store.dispatch({ type: "menu", open }),
  keypad: (open) => store.dispatch({ type: "keypad", open }),
  dialText: (text) => store.dispatch({ type: "dial.text", text }),
  press: (key) => store.dispatch({ type: "dial.text", text: store.get().dialText + key }),
};
const act = new Proxy(own, { get: (known, name) => known[name] ?? (() => undefined) });
document.documentElement.lang = wanted.get("language") ?? "pl";
mount({
  root: document.getElementById("pane"),
  document,
  store,
  act,
  t: translator(wanted.get("language") ?? "pl"),
  agent: { name: "Anna Nowak", extension: "40312" },
  icons: `${location.origin}/icons.svg`,
  now: () => time,
});
for (const action of scenes[wanted.get("scene")] ?? []) store.dispatch(action);
const name = wanted.get("name");
for (const call of name ? store.get().calls : []) store.dispatch({ type: "call", call: { ...call, party: { ...call.party, name } } });
document.documentElement.dataset.drawn = "yes";
