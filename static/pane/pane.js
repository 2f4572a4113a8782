/** What the pane does: joins the channel, the host, the phone and the screens. Everything it touches is handed in. */
import { ChannelError } from "./channel.js";
import { createFollower } from "./host/follower.js";
import { isKey } from "./i18n/index.js";
import { view } from "./state/view.js";

/** @typedef {import("./state/reducer.js").Action} Action */
/** @typedef {import("./state/types.js").State} State */
/** @typedef {import("./state/types.js").Notice} Notice */
/** @typedef {import("./state/types.js").NoticeAction} NoticeAction */

/**
 * @typedef {object} PaneDependencies the pane's neighbours are made here, each with whom it tells of what happens
 * @property {import("./state/store.js").Store<State, Action>} store
 * @property {(listener: ChannelListener, session: import("./session.js").Session) => import("./channel.js").Channel} channel
 * @property {(listener: import("./host/port.js").HostListener) => import("./host/port.js").Host} host
 * @property {(request: import("./channel.js").Channel["request"], onRenewal: (failed: boolean) => void) => import("./session.js").Session} session
 * @property {(listener: import("./phone/port.js").PhoneListener, ticket: () => Promise<string>) => import("./phone/port.js").Phone} phone
 * @property {import("./phone/microphone.js").Microphone} microphone
 * @property {() => void} signIn have the page signed in anew
 * @property {import("./i18n/index.js").Translate} t
 * @property {() => number} now milliseconds
 *
 * @typedef {Pick<import("./channel.js").ChannelDependencies, "onHello"|"onEvent"|"onLink">} ChannelListener
 *
 * @typedef {object} Actions what the screens may ask for
 * @property {(text: string) => void} dialText
 * @property {(key: string) => void} press a key of the dial pad
 * @property {() => void} erase
 * @property {() => void} dial what stands in the field
 * @property {(number: string) => void} redial
 * @property {() => void} answer
 * @property {() => void} reject
 * @property {() => void} hangUp
 * @property {(held: boolean) => void} hold
 * @property {(muted: boolean) => void} mute
 * @property {(tone: string) => void} tone
 * @property {(open: boolean) => void} keypad
 * @property {(open: boolean) => void} menu
 * @property {(statusId: number) => void} chooseStatus
 * @property {(recordId: string) => void} show
 * @property {(callId: string|null, record: import("./state/types.js").RecordRef) => void} choose whom the call is about
 * @property {() => void} takeOver
 * @property {() => void} signIn
 * @property {(code: string) => void} closeNotice
 * @property {(action: NoticeAction) => void} noticeAction
 *
 * @typedef {object} Pane
 * @property {Actions} act
 * @property {() => void} start
 * @property {() => void} tick about once a second
 * @property {() => void} focused the agent's attention is on this pane
 * @property {() => void} online the browser has a network again
 * @property {() => void} unlockSound after a click
 * @property {() => void} leave the page goes away, and the sound of its call with it
 */

/** Longer than the connector waits for FCC (13 s), so that its word arrives. */
const ANSWER_PATIENCE = 16_000;
const PHONE_RETRY = [1_000, 2_000, 5_000, 10_000, 30_000];
const FOCUS_EVERY = 2_000;
const CREDENTIALS_LEAD = 60_000;
/** What was said about the agent's status, which is over when the agent chooses one. */
const STATUS_NOTICES = ["status-moved", "status-not-ready-away"];

/**
 * @param {PaneDependencies} deps
 * @returns {Pane}
 */
export function createPane(deps) {
  const { store, microphone, t, now } = deps;
  let fence = 0;
  let phoneAttempt = 0;
  let phoneRound = 0;
  let askedWith = /** @type {number|null} */ (null);
  let retryAt = /** @type {number|null} */ (null);
  let credentialsUntil = /** @type {number|null} */ (null);
  let focusedAt = 0;
  let credentialsCode = /** @type {string|null} */ (null);
  let wasRegistered = false;
  let delegation = /** @type {import("./state/types.js").MicrophoneDelegation|null} */ (null);
  /** @type {Set<string>} */
  const dialled = new Set();
  /** @type {Set<string>} */
  const popped = new Set();

  const state = store.get;
  const dispatch = store.dispatch;
  const look = () => view(state(), now());

  // ---------------------------------------------------------------- notices

  /**
   * @param {string} code
   * @param {string} [sentence] the server's words; else our own for that code
   * @param {Notice["tone"]} [tone]
   */
  function tell(code, sentence = "", tone = "error") {
    const message = sentence || (isKey(code) ? t(code) : t("unknown-error", { code }));
    /** @type {Notice["button"]} */
    let button = null;
    if (code.startsWith("mic-")) button = { label: t("check-again"), action: "microphone.check" };
    if (code === "sound-blocked") button = { label: t("sound-on"), action: "sound.unlock" };
    if (code === "phone-refused" || code === "phone-failed") button = { label: t("retry"), action: "phone.retry" };
    dispatch({ type: "notice", notice: { code, message, tone, button } });
  }

  /** @param {unknown} error */
  function tellError(error) {
    if (error instanceof ChannelError) tell(error.code, error.sentence);
    else if (error instanceof Error && "code" in error) tell(String(error.code));
    else tell("unknown");
  }

  // ---------------------------------------------------------------- who holds the phone

  /**
   * @param {boolean} leader
   * @param {number} newFence
   */
  function lead(leader, newFence) {
    fence = newFence;
    dispatch({ type: "leader", leader });
    if (leader && !phone.started() && askedWith !== newFence) void startPhone();
    if (!leader) {
      phoneRound += 1;
      askedWith = null;
      retryAt = null;
      phone.stop();
    }
  }

  async function startPhone() {
    phoneRound += 1;
    const mine = phoneRound;
    retryAt = null;
    askedWith = fence;
    if (!phone.started()) dispatch({ type: "phone", phone: "connecting" });
    try {
      const credentials = await channel.request("phone.credentials", { fence }, { timeout: ANSWER_PATIENCE });
      if (mine !== phoneRound) return;
      const expires = credentials.expiresAt ? Date.parse(credentials.expiresAt) - state().clockOffset : null;
      credentialsUntil = expires !== null && Number.isFinite(expires) ? expires : null;
      if (credentialsUntil !== null && credentialsUntil < now()) credentialsUntil = null;
      phone.start({ iceServers: [], ...credentials });
    } catch (error) {
      if (mine !== phoneRound) return;
      const code = error instanceof ChannelError ? error.code : "unknown";
      dispatch({ type: "phone", phone: code === "no-connection" || code === "no-answer" ? "connecting" : "failed", code });
      if (error instanceof ChannelError && error.sentence) {
        if (credentialsCode !== code) forgetCredentialsProblem();
        credentialsCode = code;
        tell(code, error.sentence);
      }
      retryLater();
    } finally {
      if (mine === phoneRound) askedWith = null;
    }
  }

  /** Takes back what was said about credentials that could not be had. */
  function forgetCredentialsProblem() {
    if (credentialsCode !== null) dispatch({ type: "notice.close", code: credentialsCode });
    credentialsCode = null;
  }

  function retryLater() {
    const delay = /** @type {number} */ (PHONE_RETRY[Math.min(phoneAttempt, PHONE_RETRY.length - 1)]);
    phoneAttempt += 1;
    retryAt = now() + delay;
  }

  // ---------------------------------------------------------------- dialling

  /**
   * @param {string} number as clicked or typed
   * @param {Record<string, unknown>|null} record
   */
  async function dial(number, record) {
    const seen = look();
    if (seen.call || seen.dialling) return tell("agent-busy");
    const block = seen.dialBlocks[0];
    if (block) {
      const missing = state().microphone.code;
      return tell(block === "block-microphone" && missing ? missing : block === "block-no-connection" ? "no-connection" : "phone-not-ready");
    }
    dispatch({ type: "dialling", number, since: now() });
    const here = state().leader === true;
    const opening = here ? microphone.open() : null;
    opening?.catch(() => undefined);
    try {
      const ok = await channel.request("dial", { number, record }, { timeout: ANSWER_PATIENCE });
      if (here && opening) await place(ok.dialId, ok.number, opening, record);
      else dispatch({ type: "dial.text", text: "" });
    } catch (error) {
      opening?.then((stream) => stream.getTracks().forEach((track) => track.stop()), () => undefined);
      tellError(error);
    } finally {
      dispatch({ type: "dialling.over" });
    }
  }

  /**
   * @param {string} dialId
   * @param {string} number
   * @param {Promise<MediaStream>} opening
   * @param {any} record the number was clicked on, if it was
   */
  async function place(dialId, number, opening, record) {
    if (dialled.has(dialId)) {
      opening.then((stream) => stream.getTracks().forEach((track) => track.stop()), () => undefined);
      return;
    }
    dialled.add(dialId);
    if (record?.recordId && record.recordName) {
      dispatch({ type: "dialled", dialId, record: { recordId: record.recordId, objectType: record.objectType, name: record.recordName } });
    }
    await phone.call(number, dialId, opening);
    if (state().microphone.state === "ask") void checkMicrophone();
  }

  // ---------------------------------------------------------------- the host

  /**
   * @param {string} recordId
   * @param {boolean} asked by the agent
   */
  async function show(recordId, asked) {
    try {
      await host.openRecord(recordId);
    } catch {
      tell("pop-failed", "", asked ? "error" : "warning");
    }
  }

  /** @param {{callId: string, recordId: string}} pop */
  async function pop({ callId, recordId }) {
    const key = `${callId} ${recordId}`;
    if (popped.has(key)) return;
    popped.add(key);
    const call = state().calls.find((known) => known.callId === callId);
    const sipCallId = call?.sipCallId ?? state().phoneCall?.sipCallId;
    await show(recordId, false);
    const which = typeof call?.callsId === "number" ? { callsId: call.callsId } : sipCallId ? { sipCallId } : null;
    if (which) channel.request("call.popped", { ...which, recordId }).catch(() => undefined);
  }

  /**
   * Opens the record and ties the call to it.
   *
   * @param {string|null} callId
   * @param {import("./state/types.js").RecordRef} record
   */
  function choose(callId, { recordId, objectType }) {
    void show(recordId, true);
    if (callId === null) return;
    const sipCallId = state().calls.find((known) => known.callId === callId)?.sipCallId ?? null;
    const which = sipCallId === null ? { callId } : { callId, sipCallId };
    channel.request("call.relate", { ...which, record: { recordId, objectType } }, { timeout: ANSWER_PATIENCE }).catch(tellError);
  }

  async function checkMicrophone() {
    const found = await microphone.check(delegation);
    dispatch({ type: "microphone", microphone: found });
    for (const notice of state().notices) {
      if (notice.code.startsWith("mic-") && notice.code !== found.code) dispatch({ type: "notice.close", code: notice.code });
    }
    if (found.state === "blocked" && found.code) tell(found.code);
  }

  // ---------------------------------------------------------------- what the screens ask for

  /** @type {Actions} */
  const act = {
    dialText: (text) => dispatch({ type: "dial.text", text }),
    press: (key) => dispatch({ type: "dial.text", text: state().dialText + key }),
    erase: () => dispatch({ type: "dial.text", text: state().dialText.trimEnd().slice(0, -1) }),
    dial() {
      const number = state().dialText.trim();
      if (number) void dial(number, null);
    },
    redial: (number) => void dial(number, null),
    answer: () => void phone.answer(),
    reject: () => phone.reject(),
    hangUp: () => phone.hangUp(),
    hold: (held) => phone.hold(held),
    mute: (muted) => phone.mute(muted),
    tone(tone) {
      phone.tone(tone);
      dispatch({ type: "tone", tone });
    },
    keypad: (open) => dispatch({ type: "keypad", open }),
    menu: (open) => dispatch({ type: "menu", open }),
    chooseStatus(statusId) {
      dispatch({ type: "presence.pending", statusId });
      for (const code of STATUS_NOTICES) dispatch({ type: "notice.close", code });
      channel.request("presence.set", { statusId }, { timeout: ANSWER_PATIENCE }).then(
        (ok) => {
          if (ok.presence) dispatch({ type: "presence", presence: ok.presence });
          else dispatch({ type: "presence.pending", statusId: null });
        },
        (error) => {
          dispatch({ type: "presence.pending", statusId: null });
          tellError(error);
        },
      );
    },
    show: (recordId) => void show(recordId, true),
    choose,
    takeOver() {
      channel.request("leader.take", {}, { timeout: ANSWER_PATIENCE }).then((ok) => lead(true, ok.fence ?? fence), tellError);
    },
    signIn: () => deps.signIn(),
    closeNotice: (code) => dispatch({ type: "notice.close", code }),
    noticeAction(action) {
      if (action === "microphone.check") void checkMicrophone();
      if (action === "sound.unlock") {
        phone.unlockSound();
        dispatch({ type: "notice.close", code: "sound-blocked" });
      }
      if (action === "phone.retry") {
        for (const code of ["phone-refused", "phone-failed"]) dispatch({ type: "notice.close", code });
        void startPhone();
      }
    },
  };

  // ---------------------------------------------------------------- the neighbours

  /** @type {import("./session.js").Session} */
  const session = deps.session((...asked) => channel.request(...asked), (failed) => {
    if (failed) tell("session-renewal-failed", "", "warning");
    else dispatch({ type: "notice.close", code: "session-renewal-failed" });
  });

  const channel = deps.channel({
    onLink: (link) => dispatch({ type: "link", link, at: now() }),
    onHello(hello) {
      lead(hello.leader, hello.fence);
      if (hello.leader && retryAt !== null) void startPhone();
    },
    onEvent(event) {
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
          if (typeof content.fence === "number") lead(content.leader, content.fence);
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
          lead(content.leader, content.fence);
          break;
        case "pop":
          void pop(content);
          break;
        case "dial.request":
          if (state().leader) {
            follower.showPhone();
            void place(content.dialId, content.number, microphone.open(), content.record);
          }
          break;
        case "session.expiring":
          void session.renew();
          break;
        case "notice":
          tell(String(content.code), String(content.message ?? ""), "warning");
          break;
        default: // a server newer than this page
      }
    },
  }, session);

  const host = deps.host({
    onReady(hello) {
      delegation = hello.microphone;
      void checkMicrophone();
      follower.greeted(hello);
    },
    onNumberClicked(number, record) {
      follower.showPhone();
      void dial(number, record);
    },
  });

  const follower = createFollower({ host, look, warn: (code) => tell(code, "", "warning") });

  const phone = deps.phone({
    onPhase(phase, code) {
      dispatch({ type: "phone", phone: phase, code });
      if (phase === "registered") {
        // FCC may have been away, and may have another status for the agent than before.
        if (wasRegistered) channel.request("phone.registered").catch(() => undefined);
        wasRegistered = true;
        phoneAttempt = 0;
        retryAt = null;
        forgetCredentialsProblem();
        for (const known of ["phone-refused", "phone-failed", "phone-no-connection"]) dispatch({ type: "notice.close", code: known });
      }
      if (phase === "failed") {
        if (code) tell(code);
        retryLater();
      }
    },
    onSignalling: (up) => dispatch({ type: "signalling", up }),
    onCall: (call) => dispatch({ type: "phone.call", call }),
    onReport(report) {
      channel.request("call.report", { ...report }).catch(() => undefined);
    },
    onProblem: (code) => tell(code),
    onSound: () => dispatch({ type: "notice.close", code: "sound-blocked" }),
  }, async () => {
    const ok = await channel.request("sip.ticket", { fence }, { timeout: ANSWER_PATIENCE, once: true });
    return String(ok.ticket);
  });

  return {
    act,
    focused() {
      if (now() - focusedAt < FOCUS_EVERY || !channel.isOpen()) return;
      focusedAt = now();
      channel.request("focus", {}, { once: true }).catch(() => undefined);
    },
    online: channel.hurry,
    unlockSound: phone.unlockSound,
    leave() {
      phone.hangUp();
      phone.stop();
    },
    start() {
      store.subscribe(follower.follow);
      microphone.onChange(() => void checkMicrophone());
      void checkMicrophone();
      host.start();
      channel.open();
    },
    tick() {
      channel.tick();
      session.tick();
      phone.tick();
      if (retryAt !== null && now() >= retryAt && channel.isOpen() && state().leader) void startPhone();
      if (credentialsUntil !== null && now() > credentialsUntil - CREDENTIALS_LEAD && !look().call && channel.isOpen() && state().leader) {
        credentialsUntil = null;
        void startPhone();
      }
    },
  };
}
