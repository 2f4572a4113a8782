/** Draws one scene, named in the address: ?scene=talking&language=pl */
import { translator } from "../../../static/pane/i18n/index.js";
import { mount } from "../../../static/pane/screens/app.js";
import { initialState, reduce } from "../../../static/pane/state/reducer.js";
import { createStore } from "../../../static/pane/state/store.js";
import { scenes, time } from "./scenes.js";

const wanted = new URLSearchParams(location.search);
const store = createStore(reduce, initialState);
const act = new Proxy({}, { get: () => () => undefined });
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
document.documentElement.dataset.drawn = "yes";
