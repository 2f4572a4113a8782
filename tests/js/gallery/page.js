/** Draws one scene, named in the address: ?scene=talking&language=pl */
import { translator } from "../../../static/pane/i18n/index.js";
import { askBeforeLeaving } from "../../../static/pane/leaving.js";
import { mount } from "../../../static/pane/screens/app.js";
import { initialState, reduce } from "../../../static/pane/state/reducer.js";
import { createStore } from "../../../static/pane/state/store.js";
import { carriesCall } from "../../../static/pane/state/view.js";
import { scenes, time } from "./scenes.js";

const wanted = new URLSearchParams(location.search);
const store = createStore(reduce, initialState);
const own = {
  menu: (open) => store.dispatch({ type: "menu", open }),
  keypad: (open) => store.dispatch({ type: "keypad", open }),
  dialText: (text) => store.dispatch({ type: "dial.text", text }),
  press: (key) => store.dispatch({ type: "dial.text", text: store.get().dialText + key }),
};
/** What was pressed, for a test to read; an answer and a dial show what follows them. */
window.pressed = [];
const follow = { answer: "talking", dial: "calling" };
const act = new Proxy(own, {
  get: (known, name) => known[name] ?? (() => {
    window.pressed.push(name);
    window.show(follow[name]);
  }),
});
window.show = (scene) => {
  for (const action of scenes[scene] ?? []) store.dispatch(action);
};
window.end = () => store.dispatch({ type: "phone.call", call: { ...store.get().phoneCall, state: "ended", endedAt: time } });
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
askBeforeLeaving(window, () => carriesCall(store.get()));
window.show(wanted.get("scene"));
const name = wanted.get("name");
for (const call of name ? store.get().calls : []) store.dispatch({ type: "call", call: { ...call, party: { ...call.party, name } } });
document.documentElement.dataset.drawn = "yes";
if (parent !== window) parent.postMessage("drawn", "*");
